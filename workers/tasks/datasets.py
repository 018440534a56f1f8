"""Building requested releases."""

from celery import shared_task

from reviewqueue import pipeline
from reviewqueue.common.clock import now


@shared_task(name="build_release", time_limit=3600)
def build_release(*_release: str) -> int:
    """Build every release that waits; return how many."""
    built = 0
    while pipeline.build_release(now=now()):
        built += 1
    return built
