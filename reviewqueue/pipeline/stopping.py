"""Stopped: nothing new is handed out, nothing passes by itself, and AI systems that wait get their safe side."""

import time
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from reviewqueue.accounts.models import User, Workspace
from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.models import Slot
from reviewqueue.assignment.queries import lanes_in
from reviewqueue.audit.actions import Actor
from reviewqueue.common.background import ring
from reviewqueue.common.failpoints import failpoint
from reviewqueue.intake.models import Source
from reviewqueue.queues import actions as queues
from reviewqueue.queues.models import Queue, Stop
from reviewqueue.queues.queries import stops_at_work
from reviewqueue.triage import actions as triage
from reviewqueue.triage.models import Pending

from .gating import answer_stopped

#: After so long every process goes by a stop, and what one did before by its memory is found.
KNOWN_AFTER = timedelta(seconds=5)
#: After so long no transaction is left that has begun before a stop ended (settings: idle_in_transaction).
OVER_AFTER = timedelta(seconds=90)
#: How long whoever stops something waits for what waits already to be out of the way; workers do the rest.
AT_ONCE_SECONDS = 2.0


def stop(
    *,
    workspace: Workspace,
    source: Source | None = None,
    queue: Queue | None = None,
    why: Stop.Why,
    note: str = "",
    by: Actor,
    person: User | None = None,
    now: datetime,
) -> Stop:
    """Stop a source, a queue, or with neither the whole workspace. Raises StoppedAlready.

    Two seconds after this is committed no process hands out or passes anything of it: all read PostgreSQL. What
    waits already is taken care of once it is committed, and what that leaves by workers.
    """
    with transaction.atomic():
        made = queues.begin_stop(
            workspace_id=workspace.pk,
            source_slug=source.slug if source else "",
            queue=queue,
            why=why,
            note=note,
            by=person,
            actor=by,
            now=now,
        )
        transaction.on_commit(partial(_carry_out, made, now, AT_ONCE_SECONDS), robust=True)
        failpoint("stop.begun")
    return made


def end_stop(*, stop: Stop, by: Actor, person: User | None = None, now: datetime) -> None:
    """Let work go on: what was held back goes back to its place, at its old rank. Raises Conflict when it is over."""
    with transaction.atomic():
        queues.end_stop(stop=stop, by=person, actor=by, now=now)
        transaction.on_commit(partial(_let_go, stop, now, AT_ONCE_SECONDS), robust=True)
        failpoint("end_stop.ended")


def carry_out_stops(*, now: datetime, seconds: float = 20.0) -> int:
    """Do what is still to be done for stops that run or have ended; return how many were not done with.

    Whoever dies in the middle leaves the rest to the next: what is held back names its stop.
    """
    unfinished = [one for one in stops_at_work() if one.ended_at or one.held_back_at is None]
    for one in unfinished:
        if one.ended_at:
            _let_go(one, now, seconds)
        else:
            _carry_out(one, now, seconds)
    return len(unfinished)


def _carry_out(stop: Stop, now: datetime, seconds: float) -> None:
    """Take what comes from a stopped source out of every line, page by page; then whoever waits gets an answer."""
    ends = time.monotonic() + seconds
    while answer_stopped(stop=stop, now=now) and time.monotonic() < ends:
        failpoint("stop.answered")
    if _held_back(stop, ends) and now >= stop.begun_at + KNOWN_AFTER:
        queues.note_held_back(stop=stop, now=now)


def _held_back(stop: Stop, ends: float) -> bool:
    """Return whether there was the time to look through all lanes."""
    for lane_id in lanes_in(stop.workspace_id) if stop.source_slug else ():
        place = turns.hold_back(stop=stop, lane_id=lane_id)
        while place:
            failpoint("stop.held_back")
            if time.monotonic() >= ends:
                return False
            place = turns.hold_back(stop=stop, lane_id=lane_id, after=place)
    return True


def _let_go(stop: Stop, now: datetime, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while turns.let_go(stop=stop) + _waits_go_on(stop):
        failpoint("end_stop.let_go")
        if time.monotonic() >= ends:
            return
    if stop.ended_at and now >= stop.ended_at + OVER_AFTER and not _holds_any(stop):
        queues.note_let_go(stop=stop, now=now)


def _holds_any(stop: Stop) -> bool:
    """Return whether a stop still holds something back: what was in other hands when it was let go is passed over."""
    return Slot.objects.filter(stop=stop).exists() or Pending.objects.filter(stop=stop).exists()


def _waits_go_on(stop: Stop) -> int:
    with transaction.atomic():
        gone_on = triage.go_on(stop=stop)
        if gone_on:
            ring("triage", stop.workspace_id)
    return gone_on
