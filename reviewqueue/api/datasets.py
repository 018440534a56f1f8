"""Datasets and their releases: what ML teams train on."""

import re
from functools import partial
from typing import Any, ClassVar

from django.db import IntegrityError
from django.db.models import Max, QuerySet
from django.http import FileResponse
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue.accounts.access import Viewer
from reviewqueue.common import clock
from reviewqueue.common.errors import Conflict, NotAllowed, NotThere, Place
from reviewqueue.datasets.actions import DATA, MANIFEST, define, folder_of, request_release
from reviewqueue.datasets.models import Dataset, Release
from reviewqueue.datasets.queries import datasets_visible_to, releases_visible_to

from .fields import Fields
from .pages import PAGING, page, query_of
from .resource import Resource
from .schema import described
from .shapes import PAGE_PARAMETERS

FILES = {DATA: "application/x-ndjson", MANIFEST: "application/json"}
_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,50}")


class _DatasetResource(Resource):
    scopes: ClassVar = {"GET": "datasets:read", "POST": "datasets:write"}

    def reader(self, request: Request) -> Viewer:
        """Return who asks. Raises NotAllowed for a key of one source, and for persons without training data."""
        viewer = self.viewer(request)
        if viewer.source_slug:
            raise NotAllowed("A key bound to one source sees no datasets: they hold outcomes of every source.")
        if viewer.user and not (viewer.may("datasets") or viewer.may("see_datasets")):
            raise NotAllowed
        return viewer

    def writer(self, request: Request) -> Viewer:
        """Return who asks. Raises NotAllowed for persons who do not make datasets."""
        viewer = self.reader(request)
        if viewer.user:
            viewer.require("datasets")
        return viewer

    def dataset(self, viewer: Viewer, slug: str) -> Dataset:
        """Return a dataset. Raises NotThere."""
        found = _with_latest(datasets_visible_to(viewer)).filter(slug=slug).first()
        if found is None:
            raise NotThere
        return found

    def release(self, request: Request, slug: str, version: int) -> Release:
        """Return a release. Raises NotThere."""
        releases = releases_visible_to(self.reader(request))
        found = releases.filter(dataset__slug=slug, version=version).first()
        if found is None:
            raise NotThere
        return found


class Datasets(_DatasetResource):
    """All definitions of the workspace."""

    @described(
        "List datasets",
        name="list_datasets",
        answers={200: "DatasetPage"},
        parameters=PAGE_PARAMETERS,
        about="Newest first.",
    )
    def get(self, request: Request) -> Response:
        """List datasets."""
        query = query_of(request, PAGING)
        return Response(page(_with_latest(datasets_visible_to(self.reader(request))), request, query, _dataset))

    @described(
        "Define a dataset",
        name="define_dataset",
        body="Definition",
        answers={201: "Dataset"},
        problems=[409, 422],
        about="A definition says which judged outcomes, in which form: `sft` (messages with the final answer) or "
        "`preference` (the correction chosen, the AI's answer rejected; severity minor and up).",
    )
    def post(self, request: Request) -> Response:
        """Define a dataset."""
        viewer = self.writer(request)
        fields = Fields(request, frozenset({"slug", "name", "format", "query"}))
        slug, name = fields.text("slug", 50, required=True), fields.text("name", 200)
        format, query = fields.text("format", 10, required=True), fields.value.get("query")
        if slug and not _SLUG.fullmatch(slug):
            fields.places.append(Place("#/slug", "Letters, digits, - and _ only."))
        fields.done()
        try:
            made = define(
                workspace_id=viewer.workspace_id,
                slug=slug,
                name=name or slug,
                format=format,
                query=query,
                by=viewer.user,
                actor=viewer.actor,
                now=clock.now(),
            )
        except IntegrityError:
            raise Conflict(f"There is a dataset {slug} already.") from None
        return Response(_dataset(self.dataset(viewer, made.slug)), status=201)


class Releases(_DatasetResource):
    """The releases of one dataset."""

    @described(
        "List a dataset's releases",
        name="list_releases",
        answers={200: "ReleasePage"},
        problems=[404],
        parameters=PAGE_PARAMETERS,
        about="Newest first, those that failed or are being built too.",
    )
    def get(self, request: Request, slug: str) -> Response:
        """List releases."""
        query = query_of(request, PAGING)
        viewer = self.reader(request)
        releases = releases_visible_to(viewer).filter(dataset=self.dataset(viewer, slug))
        return Response(page(releases, request, query, partial(_release, request)))

    @described(
        "Make a release",
        name="make_release",
        answers={201: "Release"},
        problems=[404, 409, 422],
        about="Everything published so far, as an immutable version. It is built in the background: read it until "
        "its state is `ready`.",
    )
    def post(self, request: Request, slug: str) -> Response:
        """Ask for the next release."""
        viewer = self.writer(request)
        Fields(request, frozenset()).done()
        dataset = self.dataset(viewer, slug)
        made = request_release(dataset=dataset, by=viewer.user, actor=viewer.actor, now=clock.now())
        return Response(_release(request, made), status=201)


class OneRelease(_DatasetResource):
    """One version."""

    @described("Read a release", name="get_release", answers={200: "Release"}, problems=[404])
    def get(self, request: Request, slug: str, version: int) -> Response:
        """Return a release and its files."""
        query_of(request, ())
        return Response(_release(request, self.release(request, slug, version)))


class ReleaseFile(_DatasetResource):
    """One file of a release."""

    @described(
        "Download a release's file",
        name="download_release_file",
        answers={200: "file"},
        problems=[404],
        media_type=sorted(FILES.values()),
        about="`data.jsonl` (one row a line) or `manifest.json`, streamed.",
    )
    def get(self, request: Request, slug: str, version: int, name: str) -> FileResponse:
        """Stream a file; only names that a release has lead to a path at all."""
        query_of(request, ())
        release = self.release(request, slug, version)
        if name not in FILES or release.state != "ready":
            raise NotThere
        try:
            file = (folder_of(release) / name).open("rb")
        except FileNotFoundError:
            raise NotThere("The file of this release is no longer on this server.") from None
        saved_as = f"{release.dataset.slug}-v{release.version}-{name}"
        return FileResponse(file, as_attachment=True, filename=saved_as, content_type=FILES[name])


def _with_latest(datasets: QuerySet[Dataset]) -> QuerySet[Dataset]:
    return datasets.annotate(latest=Max("releases__version"))


def _dataset(dataset: Dataset) -> dict[str, Any]:
    return {
        "slug": dataset.slug,
        "name": dataset.name,
        "format": dataset.format,
        "query": dataset.query,
        "created_at": dataset.created_at,
        "latest_version": dataset.latest,  # type: ignore[attr-defined]
    }


def _release(request: Request, release: Release) -> dict[str, Any]:
    return {
        "dataset": release.dataset.slug,
        "version": release.version,
        "state": release.state,
        "through_position": release.through_position,
        "requested_at": release.requested_at,
        "ready_at": release.ready_at,
        "rows": release.row_count,
        "bytes": release.byte_count,
        "sha256": release.sha256 or None,
        "manifest": release.manifest,
        "files": [_file(request, release, name) for name in FILES] if release.state == "ready" else [],
    }


def _file(request: Request, release: Release, name: str) -> dict[str, str]:
    path = reverse("api-release-file", args=[release.dataset.slug, release.version, name])
    return {"name": name, "url": request.build_absolute_uri(path)}
