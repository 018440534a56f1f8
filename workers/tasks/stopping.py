"""Stops: what they cover leaves its line, and comes back when they end."""

from celery import shared_task

from reviewqueue import pipeline
from reviewqueue.common.clock import now


@shared_task(name="stops")
def stops() -> int:
    """Do what stops have still to do; return how many were not done with."""
    return pipeline.carry_out_stops(now=now())
