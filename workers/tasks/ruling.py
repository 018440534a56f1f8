"""Rulings: what the owner of an edge case has decided for all of its items."""

from celery import shared_task

from reviewqueue import pipeline
from reviewqueue.common.clock import now


@shared_task(name="rulings")
def rulings() -> int:
    """Settle what rulings have still to settle; return how many items were looked at."""
    looked_at = 0
    while some := pipeline.settle_ruled(now=now()):
        looked_at += some
    return looked_at
