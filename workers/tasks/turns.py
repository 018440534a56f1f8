"""Turns that ran out, items put aside whose time has come, and items that nobody is left for."""

from celery import shared_task

from reviewqueue import pipeline
from reviewqueue.common.clock import database_now


@shared_task(name="expire")
def expire() -> int:
    """Free what nobody keeps any more; return how many."""
    freed = 0
    while some := pipeline.expire_due():
        freed += some
    return freed


@shared_task(name="stranded")
def stranded() -> int:
    """Let leads decide what waits for nobody any more; return how many items."""
    return pipeline.escalate_stranded(now=database_now())
