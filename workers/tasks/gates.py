"""Held answers: deadlines that pass, and people who are there no more."""

from celery import shared_task

from reviewqueue import pipeline
from reviewqueue.assignment.actions import end_unseen
from reviewqueue.common.clock import now


@shared_task(name="gates")
def gates() -> int:
    """Answer for people wherever an AI system would wait in vain; return how many times."""
    end_unseen(now=now())
    answered = 0
    while some := pipeline.time_out_due(now=now()):
        answered += some
    return answered
