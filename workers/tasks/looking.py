"""Detectors look at held answers that were decided without them."""

from celery import shared_task

from reviewqueue import pipeline
from reviewqueue.common.clock import now


@shared_task(name="look_late", time_limit=110)
def look_late() -> int:
    """Look at what is due; return how many items were looked at."""
    looked = 0
    while some := pipeline.look_late(now=now()):
        looked += some
    return looked
