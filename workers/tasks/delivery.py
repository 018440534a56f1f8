"""Sending due webhook messages."""

from celery import shared_task

from reviewqueue.common.clock import now
from reviewqueue.delivery import actions
from reviewqueue.delivery.sending import send


@shared_task(name="deliver")
def deliver(*_workspace: str) -> int:
    """Send what is due; return how many messages were tried."""
    tried = 0
    while due := actions.take_due(now=now()):
        for one in due:
            actions.write_answer(delivery=one, answer=send(one, now=now()), now=now())
        tried += len(due)
    return tried
