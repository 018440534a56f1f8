"""Building a release of judged outcomes as JSON lines, in a process of its own as a worker does it."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from uuid import UUID

from django.conf import settings

from benchmarks import floors, loading
from benchmarks.loading import Office
from benchmarks.running import Run, compare, crew, each_timed, line, scaled
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now
from reviewqueue.datasets.actions import build, define, request_release
from reviewqueue.datasets.models import Dataset, Release

FLOOR = "PostgreSQL's COPY of the same join, written to a file"


def jsonl() -> Iterator[dict]:
    """Yield the one line of releases."""
    office = loading.open_office()
    rows = scaled(100_000, least=1_000)
    loading.load(office, loading.PUBLISHED, first=1, last=rows, state="settled")
    dataset = define(
        workspace_id=office.workspace.pk,
        slug="all",
        name="All",
        format=Dataset.Format.SFT,
        query={},
        by=None,
        actor=SYSTEM,
        now=now(),
    )
    runs = compare(partial(_product, dataset, rows), partial(_floor, office, rows))
    peak = round(max(run.rss_peak_mb for run in runs[0]), 1)
    yield line("release.jsonl", unit="rows/s", floor_is=FLOOR, runs=runs, n=rows, rows=rows, rss_peak_mb=peak)


def _product(dataset: Dataset, rows: int) -> Run:
    release = request_release(dataset=dataset, by=None, actor=SYSTEM, now=now())
    run = crew(_build, [release.pk])
    release.refresh_from_db()
    if release.row_count != rows:
        raise RuntimeError(f"the release holds {release.row_count} rows of {rows}")
    return Run(rate=rows / run.seconds[0], rss_peak_mb=run.rss_peak_mb)


def _build(release_id: UUID, begin: Callable[[], None]) -> list[float]:
    release = Release.objects.select_related("dataset").get(pk=release_id)
    return each_timed(lambda one: build(release=one, now=now()), [release], begin, warm_up=0)


def _floor(office: Office, rows: int) -> Run:
    run = crew(_copy, [office.workspace.pk])
    return Run(rate=rows / run.seconds[0])


def _copy(workspace_id: UUID, begin: Callable[[], None]) -> list[float]:
    target = settings.STORAGE_DIR / f"copy-{os.getpid()}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with floors.connect() as plain:
        seconds = each_timed(lambda path: floors.copy_judged(plain, workspace_id, path), [target], begin, warm_up=0)
    target.unlink()
    return seconds
