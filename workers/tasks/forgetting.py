"""Dropping rows that no longer mean anything."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings

from reviewqueue.accounts.actions import forget_asked, forget_failures
from reviewqueue.common.clock import now
from reviewqueue.delivery.actions import forget_attempts, forget_messages
from reviewqueue.triage.actions import forget_sketches


@shared_task(name="forget")
def forget() -> int:
    """Drop wrong passwords older than a day, idempotency keys older than a week, and old tries of webhooks.

    What closed items were like goes too.
    """
    moment = now()
    forget_failures(before=moment - timedelta(days=1))
    forget_asked(before=moment - timedelta(days=7))
    forget_sketches()
    forget_attempts(before=moment - timedelta(days=settings.WEBHOOK_LOG_DAYS))
    return 0


@shared_task(name="forget_told")
def forget_told() -> int:
    """Drop messages to webhooks that have been over for long; return how many."""
    return forget_messages(before=now() - timedelta(days=settings.WEBHOOK_MESSAGE_DAYS))
