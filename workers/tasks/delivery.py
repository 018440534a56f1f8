"""Sending due webhook messages."""

from celery import shared_task

from reviewqueue.common.clock import now
from reviewqueue.delivery.sending import send_due

#: A run ends after so many seconds, well before its hard limit; what is on its way then has its own deadline.
RUN_SECONDS = 60


@shared_task(name="deliver", time_limit=110)
def deliver(*_workspace: str) -> int:
    """Send what is due; return how many messages were tried."""
    return send_due(clock=lambda: now(), seconds=RUN_SECONDS)
