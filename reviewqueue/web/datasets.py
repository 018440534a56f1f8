"""Datasets and their releases: define, see what a release would hold now, make one, take its files."""

import re
from itertools import islice
from typing import Any, cast

import orjson
from django.contrib import messages
from django.db import IntegrityError
from django.http import FileResponse, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from reviewqueue.accounts.access import Viewer
from reviewqueue.common.clock import now as clock_now
from reviewqueue.common.errors import Conflict, NotThere, ProductError
from reviewqueue.common.exactjson import exact
from reviewqueue.datasets.actions import DATA, MANIFEST, define, folder_of, request_release
from reviewqueue.datasets.models import Dataset, Release
from reviewqueue.datasets.queries import COUNTED, datasets_visible_to, live_counts, releases_visible_to, sample
from reviewqueue.datasets.rules import lines
from reviewqueue.intake.models import Kind, ModelVersion
from reviewqueue.intake.queries import sources_visible_to
from reviewqueue.review.models import Decision, Severity

from .access import member_page
from .context import MemberRequest

FILES = {DATA: "application/x-ndjson", MANIFEST: "application/json"}
FIRST_LINES, LONGEST_LINE = 3, 600
_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,50}")
SEES = ("datasets", "see_datasets")


# --- definitions --------------------------------------------------------------------------------------------------


@require_GET
@member_page(*SEES)
def datasets(request: MemberRequest) -> HttpResponse:
    """List the definitions with the newest release of each: nothing is counted here."""
    rows = [_row(request.viewer, one) for one in datasets_visible_to(request.viewer)]
    context = {"rows": rows, "may_make": request.viewer.may("datasets")}
    return render(request, "datasets/datasets.html", context)


def _row(viewer: Viewer, dataset: Dataset) -> dict[str, Any]:
    latest = releases_visible_to(viewer).filter(dataset=dataset).order_by("-version").first()
    return {"dataset": dataset, "latest": latest}


def _form(viewer: Viewer, typed: QueryDict, error: str = "") -> dict[str, Any]:
    versions = ModelVersion.objects.filter(workspace_id=viewer.workspace_id).order_by("-version")
    return {
        "slug": typed.get("slug", ""),
        "name": typed.get("name", ""),
        "format": typed.get("format", Dataset.Format.SFT),
        "chosen": {name: typed.getlist(name) for name in ("sources", "kinds", "model_versions")},
        "sources": sources_visible_to(viewer).order_by("slug"),
        "kinds": Kind.values,
        "model_versions": list(versions.values_list("version", flat=True).distinct()[:50]),
        "error": error,
    }


@require_http_methods(["GET", "POST"])
@member_page("datasets")
def dataset_define(request: MemberRequest) -> HttpResponse:
    """Show the form of a new definition; define it on POST."""
    if request.method != "POST":
        return _defining(request, "", 200)
    slug, name = request.POST.get("slug", "").strip(), _text(request.POST.get("name", ""))[:200]
    if not _SLUG.fullmatch(slug):
        return _defining(request, _("The short name has 1 to 50 letters, digits, - or _."), 422)
    try:
        made = _define(request, slug, name or slug)
    except (IntegrityError, Conflict):
        return _defining(request, _("There is a dataset of this short name already."), 409)
    except ProductError as error:
        return _defining(request, error.detail, error.status)
    messages.success(request, _("%(name)s is defined.") % {"name": made.name})
    return redirect("dataset", made.slug)


def _text(value: str) -> str:
    return value.replace("\x00", "").strip()


def _define(request: MemberRequest, slug: str, name: str) -> Dataset:
    post = request.POST
    query = {one: [_text(v) for v in post.getlist(one) if v] for one in ("sources", "kinds", "model_versions")}
    return define(
        workspace_id=request.viewer.workspace_id,
        slug=slug,
        name=name,
        format=post.get("format", ""),
        query=query,
        by=request.viewer.user,
        actor=request.viewer.actor,
        now=clock_now(),
    )


def _defining(request: MemberRequest, error: str, status: int) -> HttpResponse:
    typed = request.POST if request.method == "POST" else request.GET
    return render(request, "datasets/define.html", {"new": _form(request.viewer, typed, error)}, status=status)


@require_GET
@never_cache
@member_page(*SEES)
def dataset(request: MemberRequest, slug: str) -> HttpResponse:
    """Show one definition: what a release made now would hold, and the releases so far."""
    found = get_object_or_404(datasets_visible_to(request.viewer), slug=slug)
    counts = live_counts(dataset=found)
    total = sum(counts.values())
    context = {
        "dataset": found,
        "counts": sorted(counts.items()),
        "total": total,
        "many": total == COUNTED,
        "sample": [_pretty(line) for one in sample(dataset=found) for line in lines(one, found.format)],
        "releases": releases_visible_to(request.viewer).filter(dataset=found).order_by("-version"),
        "may_make": request.viewer.may("datasets"),
        "filters": sorted(found.query.items()),
    }
    return render(request, "datasets/dataset.html", context)


def _pretty(text: bytes) -> str:
    return orjson.dumps(exact(text.decode()), option=orjson.OPT_INDENT_2).decode()


# --- releases -----------------------------------------------------------------------------------------------------


@require_POST
@member_page("datasets")
def release_make(request: MemberRequest, slug: str) -> HttpResponse:
    """Ask for the next release; workers build it."""
    found = get_object_or_404(datasets_visible_to(request.viewer), slug=slug)
    made = request_release(dataset=found, by=request.viewer.user, actor=request.viewer.actor, now=clock_now())
    return redirect("release", found.slug, made.version)


@require_GET
@never_cache
@member_page(*SEES)
def release(request: MemberRequest, slug: str, version: int) -> HttpResponse:
    """Show a release; while it is being built a script asks every second for what is new."""
    found = _release(request.viewer, slug, version)
    template = "datasets/release_body.html" if request.htmx else "datasets/release.html"
    response = render(request, template, _release_context(request, found))
    if request.htmx and found.state != "building":
        response["HX-Refresh"] = "true"
    return response


def _release(viewer: Viewer, slug: str, version: int) -> Release:
    return get_object_or_404(releases_visible_to(viewer), dataset__slug=slug, version=version)


def _release_context(request: MemberRequest, found: Release) -> dict[str, Any]:
    context: dict[str, Any] = {"release": found, "dataset": found.dataset}
    if found.state != "ready":
        return context
    manifest = found.manifest or {}
    earlier = releases_visible_to(request.viewer).filter(dataset=found.dataset, version__lt=found.version)
    before = earlier.exclude(ready_at=None).order_by("-version").first()
    api = reverse("api-release-file", args=[found.dataset.slug, found.version, DATA])
    return {
        **context,
        "counts": _counts(manifest.get("counts", {})),
        "filters": sorted(found.query.items()),
        "lines": _first_lines(found),
        "address": request.build_absolute_uri(api),
        "before": before,
        "more": (found.row_count or 0) - (before.row_count or 0) if before else 0,
    }


def _counts(counts: dict[str, dict[str, int]]) -> list[tuple[str, list[tuple[str, int]]]]:
    """Return a manifest's counts in an order that reads: the database keeps none."""
    order = [*Decision.values, *Severity.values]

    def place(pair: tuple[str, int]) -> tuple[int, str]:
        return order.index(pair[0]) if pair[0] in order else len(order), pair[0]

    return [
        (name, sorted(counts[name].items(), key=place))
        for name in ("decision", "severity", "source")
        if name in counts
    ]


def _first_lines(found: Release) -> list[str]:
    try:
        with (folder_of(found) / DATA).open("rb") as file:
            return [_cut(one.decode()) for one in islice(file, FIRST_LINES)]
    except FileNotFoundError:
        return []


def _cut(text: str) -> str:
    return text.rstrip("\n") if len(text) <= LONGEST_LINE else text[:LONGEST_LINE] + " …"


@require_GET
@member_page(*SEES)
def release_file(request: MemberRequest, slug: str, version: int, name: str) -> HttpResponse:
    """Hand out a file of a release, streamed."""
    found = _release(request.viewer, slug, version)
    if found.state != "ready" or name not in FILES:
        raise NotThere
    path = folder_of(found) / name
    if not path.is_file():
        raise NotThere
    shown = f"{found.dataset.slug}-v{found.version}-{name}"
    file = FileResponse(path.open("rb"), content_type=FILES[name], as_attachment=True, filename=shown)
    return cast(HttpResponse, file)  # a response all the same: django-stubs tells them apart
