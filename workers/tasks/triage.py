"""Triage in batches; what failed twice runs alone in a child process, what failed three times waits for a person."""

import logging
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from celery import shared_task
from django.conf import settings

from reviewqueue import pipeline
from reviewqueue.common.background import ring
from reviewqueue.common.clock import now
from reviewqueue.common.deadline import TooSlow, at_most
from reviewqueue.common.errors import Conflict
from reviewqueue.triage import actions
from reviewqueue.triage.actions import MAX_ATTEMPTS, Taken

log = logging.getLogger(__name__)

#: A run begins no further round after so many seconds, well before its hard limit.
RUN_SECONDS = 30
ALONE_BYTES = 1024 * 1024 * 1024
MANAGE = Path(__file__).resolve().parents[2] / "manage.py"


@shared_task(name="triage", time_limit=110)
def triage(*_workspace: str) -> int:
    """Decide what is due; return how many items were decided. What a run leaves is rung for again.

    Each round decides a batch of what is new and one item that was tried before, so that neither waits for
    the other to end.
    """
    decided, ends = 0, time.monotonic() + RUN_SECONDS
    while True:
        fresh = actions.take_pending(now=now())
        decided += _decide(fresh)
        tried = actions.take_tried(now=now())
        decided += sum(_decide_again(one) for one in tried)
        if not fresh and not tried:
            return decided
        if time.monotonic() >= ends:
            ring("triage")
            return decided


def _decide_again(one: Taken) -> int:
    if one.attempts < MAX_ATTEMPTS:
        return _decide([one])
    return _decide_alone(one) if one.attempts == MAX_ATTEMPTS else _give_to_person(one)


def _decide(taken: Sequence[Taken]) -> int:
    """Decide a batch in one transaction; when it fails, what it is made of, so that one fault spoils one item."""
    if not taken:
        return 0
    try:
        with at_most(settings.TRIAGE_SECONDS * (6 if len(taken) > 1 else 1)):
            return pipeline.triage_items(taken=taken, now=now())
    except Exception as error:
        fault = error
    if len(taken) > 1:
        return sum(_decide(part) for part in _parts(taken, fault))
    if not isinstance(fault, actions.NoLongerPending):
        about = {"item": str(taken[0].item_id), "attempt": taken[0].attempts}
        log.error("triage failed", exc_info=fault, extra=about)
        actions.put_back(taken=taken[0], error=type(fault).__name__, now=now())
    return 0


def _parts(taken: Sequence[Taken], fault: Exception) -> list[Sequence[Taken]]:
    """Return what a failed batch is decided in: its halves, so that the rest stays as quick as batches are.

    Each item by itself when the batch hung: so would one of its halves, and one of that half's, for as long again.
    """
    if isinstance(fault, TooSlow):
        return [[one] for one in taken]
    middle = len(taken) // 2
    return [taken[:middle], taken[middle:]]


def _decide_alone(one: Taken) -> int:
    """Decide one item in a child process with limits on time and memory."""
    command = [sys.executable, str(MANAGE), "triage_alone", str(one.item_id), one.lease_until.isoformat()]
    try:
        done = subprocess.run(command, timeout=_alone_seconds(), preexec_fn=_limits, check=False)
        if done.returncode == 0:
            return 1
        log.error("triage failed alone", extra={"item": str(one.item_id), "code": done.returncode})
    except subprocess.TimeoutExpired:
        log.error("triage took too long alone", extra={"item": str(one.item_id)})
    return _give_to_person(one)


def _limits() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ALONE_BYTES, ALONE_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_alone_seconds(), _alone_seconds()))


def _alone_seconds() -> int:
    """Return how long an item has by itself, the start of the process included."""
    return 4 * settings.TRIAGE_SECONDS


def _give_to_person(one: Taken) -> int:
    """Place an item with a person; a fault of that leaves it to the next round, for it may pass."""
    try:
        pipeline.triage_by_person(taken=one, now=now())
    except Conflict:
        return 0  # another worker has it, or has done it
    except Exception as error:
        log.exception("item not given to a person", extra={"item": str(one.item_id), "attempt": one.attempts})
        actions.put_back(taken=one, error=type(error).__name__, now=now())
        return 0
    return 1
