"""The verbs that make training data: define, ask for a release, build it."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet

from reviewqueue.accounts.models import User
from reviewqueue.audit.actions import SYSTEM, Actor, record
from reviewqueue.common.background import ring
from reviewqueue.common.errors import Conflict
from reviewqueue.common.failpoints import failpoint
from reviewqueue.review.models import Publication

from .models import Dataset, Release
from .queries import judged_pages
from .rules import Judged, check_query, lines

LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 3
DATA, MANIFEST = "data.jsonl", "manifest.json"


class NothingPublished(Conflict):
    """Nothing has been published yet, so a release would be empty."""

    slug = "nothing-published"


class LeaseLost(Exception):
    """Another worker builds this release now."""


def define(
    *,
    workspace_id: UUID,
    slug: str,
    name: str,
    format: str,
    query: Any,
    by: User | None,
    actor: Actor,
    now: datetime,
) -> Dataset:
    """Define a dataset. Raises Invalid for a wrong query, Conflict when the slug is taken."""
    checked = check_query(query, format)
    if Dataset.objects.filter(workspace_id=workspace_id, slug=slug).exists():
        raise Conflict(f"There is a dataset {slug} already.")
    with transaction.atomic():
        dataset = Dataset.objects.create(
            workspace_id=workspace_id,
            slug=slug,
            name=name,
            format=format,
            query=checked,
            created_at=now,
            created_by=by,
        )
        record(workspace_id=workspace_id, verb="define", subject=("dataset", dataset.pk), by=actor, at=now)
    return dataset


def request_release(*, dataset: Dataset, by: User | None, actor: Actor, now: datetime) -> Release:
    """Ask for the next version: everything published so far. Workers build it. Raises NothingPublished."""
    through = Publication.objects.filter(workspace_id=dataset.workspace_id).aggregate(last=Max("position"))["last"]
    if through is None:
        raise NothingPublished
    with transaction.atomic():
        Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk)
        last = Release.objects.filter(dataset=dataset).aggregate(last=Max("version"))["last"] or 0
        release = Release.objects.create(
            workspace_id=dataset.workspace_id,
            dataset=dataset,
            version=last + 1,
            through_position=through,
            query=dataset.query,
            requested_at=now,
            requested_by=by,
            due_at=now,
        )
        record(
            workspace_id=dataset.workspace_id,
            verb="request",
            subject=("release", release.pk),
            by=actor,
            at=now,
        )
        ring("build_release", release.pk)
    return release


def take_due(*, now: datetime) -> Release | None:
    """Take a release to build; the attempt and the lease are committed before the work begins."""
    with transaction.atomic():
        _give_up(now)
        release = (
            Release.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(ready_at=None, failed_at=None, due_at__lte=now)
            .select_related("dataset")
            .order_by("due_at")
            .first()
        )
        if release is None:
            return None
        release.attempts += 1
        release.lease_until = release.due_at = now + LEASE
        release.save(update_fields=["attempts", "lease_until", "due_at"])
    return release


def _give_up(now: datetime) -> None:
    """Let releases fail whose every build ended its process: there was nobody left to say so."""
    ended = Release.objects.filter(ready_at=None, failed_at=None, due_at__lte=now, attempts__gte=MAX_ATTEMPTS)
    for release in ended.select_for_update(skip_locked=True):
        _drop_drafts(release)
        Release.objects.filter(pk=release.pk).update(failed_at=now, lease_until=None, last_error="ProcessEnded")


def build(*, release: Release, now: datetime, then: Callable[[Release], None] = lambda _release: None) -> None:
    """Write a release's files and mark it ready; on a fault it is due again, after three it has failed.

    ``then`` is called in the transaction that makes it ready, with the release as it is stored.
    Raises LeaseLost when another worker has taken it meanwhile; what that one writes is left alone.
    """
    try:
        manifest = _write_drafts(release, now)
        with transaction.atomic():
            _finish(release, manifest, now)
            then(Release.objects.select_related("dataset").get(pk=release.pk))
            failpoint("build.written")
    except Exception as error:
        _put_back(release, type(error).__name__, now)
        raise


def _finish(release: Release, manifest: dict[str, Any], now: datetime) -> None:
    """Mark a release ready and give its files their names while its row is held: only one builder does."""
    ready = _held(release).update(
        ready_at=now,
        lease_until=None,
        row_count=manifest["rows"],
        byte_count=manifest["bytes"],
        sha256=manifest["sha256"],
        manifest=manifest,
    )
    if not ready:
        raise LeaseLost
    _name_drafts(release)
    record(
        workspace_id=release.workspace_id,
        verb="build",
        subject=("release", release.pk),
        by=SYSTEM,
        at=now,
        data={"rows": manifest["rows"]},
    )


def _held(release: Release) -> QuerySet[Release]:
    """Return the release's row if this builder still holds it."""
    return Release.objects.filter(pk=release.pk, ready_at=None, failed_at=None, lease_until=release.lease_until)


def _put_back(release: Release, error: str, now: datetime) -> None:
    for name in (DATA, MANIFEST):
        _draft(release, name).unlink(missing_ok=True)
    failed = now if release.attempts >= MAX_ATTEMPTS else None
    _held(release).update(
        last_error=error,
        failed_at=failed,
        lease_until=None,
        due_at=now + timedelta(seconds=10 * release.attempts),
    )


def folder_of(release: Release) -> Path:
    """Return where a release's files lie."""
    base = Path(settings.STORAGE_DIR) / "releases" / str(release.workspace_id)
    return base / str(release.dataset_id) / f"v{release.version}"


def _draft(release: Release, name: str) -> Path:
    """Return what a file is called while this attempt writes it: no two attempts share a name."""
    return folder_of(release) / f".{name}.{release.attempts}"


def _drop_drafts(release: Release) -> None:
    """Remove what attempts left behind whose process ended."""
    for name in (DATA, MANIFEST):
        for draft in folder_of(release).glob(f".{name}.*"):
            draft.unlink(missing_ok=True)


def _write_drafts(release: Release, now: datetime) -> dict[str, Any]:
    """Write data and manifest beside their names, and have them on the disk."""
    folder_of(release).mkdir(parents=True, exist_ok=True)
    _drop_drafts(release)
    with _draft(release, DATA).open("wb") as file:
        counted = _write_lines(release, file, now)
        _sync(file)
    manifest = _manifest(release, counted, now)
    with _draft(release, MANIFEST).open("wb") as file:
        file.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
        _sync(file)
    return manifest


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _name_drafts(release: Release) -> None:
    """Rename the drafts, folders synced: a name that exists is a whole file, and survives a power cut."""
    folder = folder_of(release)
    for name in (DATA, MANIFEST):
        _draft(release, name).rename(folder / name)
    for one in (folder, *folder.parents[:4]):
        opened = os.open(one, os.O_RDONLY)
        os.fsync(opened)
        os.close(opened)


class _Counted:
    """What was written so far."""

    def __init__(self) -> None:
        self.rows = self.bytes = 0
        self.sha256 = hashlib.sha256()
        self.counts: dict[str, Counter[str]] = {name: Counter() for name in ("decision", "severity", "source")}

    def add(self, judged: list[Judged], data: bytes) -> None:
        self.rows += len(judged)
        self.bytes += len(data)
        self.sha256.update(data)
        for name, counter in self.counts.items():
            counter.update(getattr(one, name) for one in judged)


def _write_lines(release: Release, file: BinaryIO, now: datetime) -> _Counted:
    counted, began = _Counted(), monotonic()
    format = release.dataset.format
    for page in judged_pages(
        workspace_id=release.workspace_id,
        query=release.query,
        format=format,
        through=release.through_position,
    ):
        written = [(one, line) for one in page for line in lines(one, format)]
        data = b"".join(line + b"\n" for _, line in written)
        file.write(data)
        counted.add([one for one, _ in written], data)
        failpoint("build.page")
        _keep_lease(release, now + timedelta(seconds=monotonic() - began))
    return counted


def _keep_lease(release: Release, moment: datetime) -> None:
    """Renew the lease once it is half gone. Raises LeaseLost when another worker has taken the release."""
    if release.lease_until and release.lease_until - moment < LEASE / 2:
        until = moment + LEASE
        if not _held(release).update(lease_until=until, due_at=until):
            raise LeaseLost
        release.lease_until = release.due_at = until


def _manifest(release: Release, counted: _Counted, now: datetime) -> dict[str, Any]:
    return {
        "dataset": release.dataset.slug,
        "version": release.version,
        "format": release.dataset.format,
        "query": release.query,
        "through_position": release.through_position,
        "rows": counted.rows,
        "bytes": counted.bytes,
        "sha256": counted.sha256.hexdigest(),
        "counts": {name: dict(sorted(counter.items())) for name, counter in counted.counts.items()},
        "files": [DATA],
        "requested_at": release.requested_at.isoformat(),
        "built_at": now.isoformat(),
    }
