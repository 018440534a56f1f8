"""Triage in batches; what failed twice runs alone in a child process, what failed three times waits for a person."""

import logging
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from celery import shared_task

from reviewqueue import pipeline
from reviewqueue.common.clock import now
from reviewqueue.triage import actions
from reviewqueue.triage.actions import MAX_ATTEMPTS, Taken

log = logging.getLogger(__name__)

ALONE_SECONDS = 20
ALONE_BYTES = 1024 * 1024 * 1024
MANAGE = Path(__file__).resolve().parents[2] / "manage.py"


@shared_task(name="triage", time_limit=110)
def triage(*_workspace: str) -> int:
    """Decide everything that is due; return how many items were decided."""
    decided = 0
    while taken := actions.take_pending(now=now()):
        decided += _decide([one for one in taken if one.attempts < MAX_ATTEMPTS])
        for one in taken:
            if one.attempts == MAX_ATTEMPTS:
                decided += _decide_alone(one)
            elif one.attempts > MAX_ATTEMPTS:
                decided += _give_to_person(one)
    return decided


def _decide(taken: Sequence[Taken]) -> int:
    """Decide a batch in one transaction; when it fails, each by itself, so that one fault spoils one item."""
    if not taken:
        return 0
    try:
        return pipeline.triage_items(taken=taken, now=now())
    except Exception:
        if len(taken) > 1:
            return sum(_decide([one]) for one in taken)
        log.exception("triage failed", extra={"item": str(taken[0].item_id), "attempt": taken[0].attempts})
        actions.put_back(taken=taken[0], error=_name_of_fault(), now=now())
        return 0


def _name_of_fault() -> str:
    kind = sys.exc_info()[0]
    return kind.__name__ if kind else "unknown"


def _decide_alone(one: Taken) -> int:
    """Decide one item in a child process with limits on time and memory."""
    command = [sys.executable, str(MANAGE), "triage_alone", str(one.item_id), one.lease_until.isoformat()]
    try:
        done = subprocess.run(command, timeout=ALONE_SECONDS, preexec_fn=_limits, check=False)
        if done.returncode == 0:
            return 1
        log.error("triage failed alone", extra={"item": str(one.item_id), "code": done.returncode})
    except subprocess.TimeoutExpired:
        log.error("triage took too long alone", extra={"item": str(one.item_id)})
    return _give_to_person(one)


def _limits() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ALONE_BYTES, ALONE_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (ALONE_SECONDS, ALONE_SECONDS))


def _give_to_person(one: Taken) -> int:
    pipeline.triage_by_person(taken=one, now=now())
    return 1
