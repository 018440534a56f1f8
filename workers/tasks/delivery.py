"""Sending due webhook messages."""

import time
from uuid import UUID

from celery import shared_task

from reviewqueue.common.clock import now
from reviewqueue.delivery import actions
from reviewqueue.delivery.sending import send

#: A run ends after so many seconds, well before its hard limit; the next one begins with the endpoints passed over.
RUN_SECONDS = 60


@shared_task(name="deliver", time_limit=110)
def deliver(*_workspace: str) -> int:
    """Send what is due; return how many messages were tried.

    An endpoint that did not answer is left alone for the rest of the run: the others must not wait for it.
    """
    tried, silent, ends = 0, set[UUID](), time.monotonic() + RUN_SECONDS
    while time.monotonic() < ends and (due := actions.take_due(now=now(), without=silent)):
        for one, answer in zip(due, send(due, now=now()), strict=True):
            actions.write_answer(delivery=one, answer=answer, now=now())
            if answer.silent:
                silent.add(one.webhook_id)
        tried += len(due)
    return tried
