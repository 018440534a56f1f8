"""In bulk: what a lead does to many items at once is foreseen, done item by item, and taken back the same way.

Each item is a row (`BulkStep`), done in a transaction of its own together with that row: a process that dies in the
middle leaves the rest to the next, and nothing is done twice. Few items are done at once, thousands by a worker.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import OperationalError, transaction

from reviewqueue.accounts.access import Viewer, viewer_of_member
from reviewqueue.accounts.models import Membership, User
from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.actions import shifting
from reviewqueue.assignment.models import Assignment, BulkAction, BulkStep, Hold
from reviewqueue.assignment.queries import bulk_due
from reviewqueue.assignment.standing import FURTHEST_AHEAD, Asked, obstacle, people_of, standings
from reviewqueue.audit.actions import record
from reviewqueue.common.background import ring
from reviewqueue.common.errors import Conflict, Invalid, NotAllowed, Place
from reviewqueue.common.failpoints import failpoint
from reviewqueue.intake.models import Item, State
from reviewqueue.review.models import Review
from reviewqueue.triage import actions as triage
from reviewqueue.triage.models import QueueEntry

from .moves import hold_open_stay, move
from .shifting import (
    Refused,
    hold,
    lower_rank,
    move_entry,
    put_ahead,
    raise_rank,
    reassign,
    release_hold,
    tell_shift,
)
from .taking import assign, take_away

log = logging.getLogger(__name__)

Verb = BulkAction.Verb
#: More at once is not one decision any more.
MOST = 10_000
#: So many are done at once; more are left to a worker.
AT_ONCE = 50
PAGE = 500
LONGEST_HOLD = timedelta(days=90)
#: What a lead has to say a reason for: somebody waits longer, or ahead of others, because of it.
NEEDS_REASON = frozenset({Verb.RAISE, Verb.LOWER, Verb.HOLD, Verb.MOVE})


def foresee_bulk(*, asked: Asked, item_ids: Sequence[UUID], by: Viewer) -> Counter[str]:
    """Return how many items would be done, under "", and how many refused, by why; changes nothing."""
    people = people_of(asked, workspace_id=by.workspace_id)
    found: Counter[str] = Counter()
    for begin in range(0, len(item_ids), PAGE):
        page = item_ids[begin : begin + PAGE]
        standing = standings(page)
        found.update(obstacle(asked, standing.get(one), people) for one in page)
    return found


def begin_bulk(*, asked: Asked, item_ids: Sequence[UUID], reason: str, by: Viewer, now: datetime) -> BulkAction:
    """Write what a lead asks for; a few items are done at once, more of them by a worker. Raises Invalid."""
    by.require("lead")
    assert by.user is not None
    check_asked(asked=asked, count=len(item_ids), reason=reason, now=now)
    with transaction.atomic():
        action = shifting.open_action(
            workspace_id=by.workspace_id,
            asked=asked,
            item_ids=item_ids,
            reason=reason.strip(),
            by=by.user,
            at=now,
        )
        _tell(action, "bulk", by, now, does=str(asked.verb), items=len(item_ids))
        if len(item_ids) > AT_ONCE:
            ring("bulk")
    if len(item_ids) <= AT_ONCE:
        do_bulk(now=now, action=action)
        action.refresh_from_db()
    return action


def check_asked(*, asked: Asked, count: int, reason: str, now: datetime) -> None:
    """Raise Invalid with every place where a request is incomplete, whatever its items are."""
    places = list(_faults(asked, count, reason, now))
    if places:
        raise Invalid("This cannot be done like that.", places=places)


def _faults(asked: Asked, count: int, reason: str, now: datetime) -> Iterator[Place]:
    if not 1 <= count <= MOST:
        yield Place("#/items", f"From one item to {MOST:,} at once.")
    if asked.verb in NEEDS_REASON and not reason.strip():
        yield Place("#/reason", "Say why, in a few words.")
    if asked.verb in (Verb.RAISE, Verb.LOWER) and not 1 <= asked.minutes <= FURTHEST_AHEAD:
        yield Place("#/minutes", "From a minute to a day.")
    if asked.verb == Verb.HOLD and asked.until and not now < asked.until <= now + LONGEST_HOLD:
        yield Place("#/until", "A time to come, within 90 days.")
    if asked.verb == Verb.MOVE and asked.queue is None:
        yield Place("#/queue", "Choose the queue to move to.")
    if asked.verb == Verb.REASSIGN and asked.to is None:
        yield Place("#/to", "Choose who is to have it.")


# --- item by item -------------------------------------------------------------------------------------------------


def do_bulk(*, now: datetime, action: BulkAction | None = None, most: int = AT_ONCE) -> int:
    """Do, or take back, the next items of the oldest action that waits (or of one action); return how many."""
    due = bulk_due(action=action, limit=most)
    for step_id, undo in due.steps:
        _one(step_id, undo, now)
        failpoint("do_bulk.one")
    shifting.finish_actions(actions=due.actions, at=now)
    return len(due.steps)


def _one(step_id: UUID, undo: bool, now: datetime) -> None:
    """Do one item and note it, in one transaction; a fault of ours refuses this one alone."""
    try:
        with transaction.atomic():
            step = shifting.hold_step(step_id=step_id, undo=undo)
            if step:
                _done_or_refused(step, undo, now)
                failpoint("do_bulk.noted")
    except OperationalError:
        raise  # the database is away: everything is left to the next
    except Exception:
        log.exception("a bulk action failed at an item", extra={"step": str(step_id)})
        shifting.note_refused(step=BulkStep.objects.get(pk=step_id), because="failed", undo=undo)


def _done_or_refused(step: BulkStep, undo: bool, now: datetime) -> None:
    try:
        with transaction.atomic():
            by = _lead(step.action.undo_asked_by if undo else step.action.asked_by, step)
            left = (_UNDO if undo else _DO)[Verb(step.action.verb)](step, by, now)
    except Refused as error:
        shifting.note_refused(step=step, because=error.because, undo=undo)
    except NotAllowed:
        shifting.note_refused(step=step, because="not_allowed", undo=undo)
    except Conflict:
        shifting.note_refused(step=step, because="changed", undo=undo)
    else:
        if undo:
            shifting.note_undone(step=step, at=now)
        else:
            shifting.note_done(step=step, left=left, at=now)


def _lead(user: User | None, step: BulkStep) -> Viewer:
    members = Membership.objects.filter(workspace_id=step.workspace_id, user=user, ended_at=None)
    member = members.select_related("user").first()
    if member is None:
        raise NotAllowed
    return viewer_of_member(member)


def _item(step: BulkStep) -> Item:
    return Item.objects.get(pk=step.item_id)


def _raise(step: BulkStep, by: Viewer, now: datetime) -> dict[str, Any]:
    verb = raise_rank if step.action.verb == Verb.RAISE else lower_rank
    done = verb(item=_item(step), minutes=step.action.minutes or 0, by=by, now=now, action_id=step.action_id)
    return {"entry": str(done.entry.pk), "was": done.was_ahead, "ahead": done.entry.ahead_minutes}


def _hold(step: BulkStep, by: Viewer, now: datetime) -> dict[str, Any]:
    held = hold(item=_item(step), until=step.action.until_at, by=by, now=now, action_id=step.action_id)
    return {"hold": str(held.pk)}


def _release(step: BulkStep, by: Viewer, now: datetime) -> dict[str, Any]:
    held = release_hold(item=_item(step), by=by, now=now, action_id=step.action_id)
    return {"hold": str(held.pk)}


def _reassign(step: BulkStep, by: Viewer, now: datetime) -> dict[str, Any]:
    assert step.action.to is not None
    turn, before = reassign(item=_item(step), to=step.action.to, by=by, now=now, action_id=step.action_id)
    return {"turn": str(turn.assignment.pk), "before": str(before.pk) if before else None}


def _move(step: BulkStep, by: Viewer, now: datetime) -> dict[str, Any]:
    assert step.action.queue is not None
    was, stay = move_entry(item=_item(step), to=step.action.queue, by=by, now=now, action_id=step.action_id)
    return {"from": str(was.pk), "to": str(stay.pk)}


_Step = Callable[[BulkStep, Viewer, datetime], dict[str, Any]]
_DO: dict[Verb, _Step] = {
    Verb.RAISE: _raise,
    Verb.LOWER: _raise,
    Verb.HOLD: _hold,
    Verb.RELEASE_HOLD: _release,
    Verb.REASSIGN: _reassign,
    Verb.MOVE: _move,
}


# --- taking back --------------------------------------------------------------------------------------------------


def undo_bulk(*, action: BulkAction, by: Viewer, now: datetime) -> None:
    """Take an action back wherever an item is still as it was left; what was not done yet never is.

    Raises Conflict when that was asked for already.
    """
    by.require("lead")
    assert by.user is not None
    with transaction.atomic():
        if not shifting.ask_undo(action=action, by=by.user, at=now):
            raise Conflict("This was taken back already.")
        _tell(action, "undo_bulk", by, now)
        ring("bulk")
    if BulkStep.objects.filter(action=action, **BulkStep.TO_UNDO).count() <= AT_ONCE:
        do_bulk(now=now, action=action)
    action.refresh_from_db()


def _as_left(step: BulkStep, entry_id: str | None = None) -> QueueEntry:
    """Keep an item where it stands. Raises Refused unless it is in the stay that the step left it in."""
    entry = hold_open_stay(step.item_id)
    if entry is None or (entry_id and str(entry.pk) != entry_id):
        raise Refused("changed")
    return entry


def _unraise(step: BulkStep, by: Viewer, now: datetime) -> dict[str, Any]:
    entry = _as_left(step, step.left["entry"])
    if entry.ahead_minutes != step.left["ahead"]:
        raise Refused("changed")
    put_ahead(entry, step.left["was"], by, now, step.action_id)
    return {}


def _unhold(step: BulkStep, by: Viewer, now: datetime) -> dict[str, Any]:
    _as_left(step)
    if not Hold.objects.filter(pk=step.left["hold"], ended_at=None).exists():
        raise Refused("changed")
    release_hold(item=_item(step), by=by, now=now, action_id=step.action_id)
    return {}


def _hold_again(step: BulkStep, by: Viewer, now: datetime) -> dict[str, Any]:
    was = Hold.objects.get(pk=step.left["hold"])
    _as_left(step, str(was.entry_id))
    if was.until_at and was.until_at <= now:
        raise Refused("changed")
    hold(item=_item(step), until=was.until_at, by=by, now=now, action_id=step.action_id)
    return {}


def _give_back(step: BulkStep, by: Viewer, now: datetime) -> dict[str, Any]:
    """Take the turn away again, and give it to whoever had it before, if they still may have it."""
    _as_left(step)
    turn = Assignment.objects.select_related("slot").get(pk=step.left["turn"])
    if turn.ended_at is not None:
        raise Refused("changed")
    take_away(assignment=turn, by=by, now=now)
    before = Assignment.objects.select_related("user").filter(pk=step.left["before"]).first()
    if before:
        turn.slot.refresh_from_db()
        try:
            assign(slot=turn.slot, to=before.user, by=by, now=now)
        except Conflict:
            log.info("not given back to whoever had it", extra={"step": str(step.pk)})
    return {}


def _move_back(step: BulkStep, by: Viewer, now: datetime) -> dict[str, Any]:
    """Resume the stay that the move ended, with the reviews given in it."""
    assert by.user is not None
    stay = _as_left(step, step.left["to"])
    was = QueueEntry.objects.select_for_update(no_key=True, of=("self",)).get(pk=step.left["from"])
    standing = standings([step.item_id])[step.item_id]
    reviewed = Review.objects.filter(entry=stay).exists()
    if standing.turns or standing.hold or reviewed or stay.ahead_minutes != was.ahead_minutes:
        raise Refused("changed")
    turns.close_open_slots(entry_id=stay.pk, reason=Assignment.End.REASSIGNED, by=by.user, at=now)
    triage.end_stay(entry=stay, reason=QueueEntry.End.MOVED, by=by.user, now=now)
    triage.resume_stay(entry=was)
    turns.reopen_unreviewed(entry_id=was.pk)
    move([step.item_id], State.QUEUED, now, of=[State.QUEUED, State.IN_REVIEW])
    tell_shift(was, Verb.MOVE, by, now, step.action_id, queue=str(was.queue_id))
    return {}


_UNDO: dict[Verb, _Step] = {
    Verb.RAISE: _unraise,
    Verb.LOWER: _unraise,
    Verb.HOLD: _unhold,
    Verb.RELEASE_HOLD: _hold_again,
    Verb.REASSIGN: _give_back,
    Verb.MOVE: _move_back,
}


def _tell(action: BulkAction, verb: str, by: Viewer, now: datetime, **data: Any) -> None:
    record(
        workspace_id=action.workspace_id,
        verb=verb,
        subject=("bulk_action", action.pk),
        by=by.actor,
        at=now,
        data=data,
    )
