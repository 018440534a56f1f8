"""Turns that ran out, and items put aside whose time has come."""

from celery import shared_task

from reviewqueue import pipeline


@shared_task(name="expire")
def expire() -> int:
    """Free what nobody keeps any more; return how many."""
    freed = 0
    while some := pipeline.expire_due():
        freed += some
    return freed
