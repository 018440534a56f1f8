"""Dropping rows that no longer mean anything."""

from datetime import timedelta

from celery import shared_task

from reviewqueue.accounts.actions import forget_failures
from reviewqueue.common.clock import now


@shared_task(name="forget")
def forget() -> int:
    """Drop wrong passwords older than a day."""
    forget_failures(before=now() - timedelta(days=1))
    return 0
