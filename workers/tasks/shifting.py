"""Bulk actions: what a lead does to thousands of items, done item by item."""

import time

from celery import shared_task

from reviewqueue import pipeline
from reviewqueue.common.background import ring
from reviewqueue.common.clock import database_now

#: A run begins no further page after so many seconds, well before its hard limit.
RUN_SECONDS = 60


@shared_task(name="bulk", time_limit=110)
def bulk() -> int:
    """Do, or take back, what bulk actions have left; return how many items. What a run leaves is rung for again."""
    done, ends = 0, time.monotonic() + RUN_SECONDS
    while some := pipeline.do_bulk(now=database_now()):
        done += some
        if time.monotonic() >= ends:
            ring("bulk")
            break
    return done
