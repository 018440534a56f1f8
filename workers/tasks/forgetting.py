"""Dropping rows that no longer mean anything."""

from datetime import timedelta

from celery import shared_task

from reviewqueue.accounts.actions import forget_asked, forget_failures
from reviewqueue.common.clock import now


@shared_task(name="forget")
def forget() -> int:
    """Drop wrong passwords older than a day, and idempotency keys older than a week."""
    moment = now()
    forget_failures(before=moment - timedelta(days=1))
    forget_asked(before=moment - timedelta(days=7))
    return 0
