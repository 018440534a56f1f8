"""Building requested releases."""

from celery import shared_task

from reviewqueue.common.clock import now
from reviewqueue.datasets.actions import build, take_due


@shared_task(name="build_release", time_limit=3600)
def build_release(*_release: str) -> int:
    """Build every release that waits; return how many."""
    built = 0
    while release := take_due(now=now()):
        build(release=release, now=now())
        built += 1
    return built
