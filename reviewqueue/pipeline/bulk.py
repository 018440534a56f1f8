"""In bulk: what a lead does to many items at once is foreseen, done item by item, and taken back the same way.

Each item is a row (`BulkStep`), done in one transaction together with that row: a page of them at a time where the
verb allows it (`bulk_pages`), else each in its own. A process that dies in the middle leaves the rest to the next,
and nothing is done twice. Few items are done at once, thousands by a worker.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import OperationalError, transaction

from reviewqueue.accounts.access import Viewer, viewer_of_member
from reviewqueue.accounts.models import Membership
from reviewqueue.assignment.actions import shifting
from reviewqueue.assignment.models import Assignment, BulkAction, BulkStep, Hold
from reviewqueue.assignment.queries import bulk_due
from reviewqueue.assignment.standing import FURTHEST_AHEAD, Asked, obstacle, people_of, standings
from reviewqueue.audit.actions import record
from reviewqueue.common.background import ring
from reviewqueue.common.errors import Conflict, Invalid, NotAllowed, Place
from reviewqueue.common.failpoints import failpoint
from reviewqueue.intake.models import Item
from reviewqueue.triage.models import QueueEntry

from .bulk_pages import note, page_of
from .moves import hold_open_stay
from .shifting import Refused, hold, reassign, release_hold
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
    if not _together(due.steps, now):
        for step_id, undo in due.steps:
            _one(step_id, undo, now)
            failpoint("do_bulk.one")
    shifting.finish_actions(actions=due.actions, at=now)
    return len(due.steps)


def _together(due: Sequence[tuple[UUID, bool]], now: datetime) -> bool:
    """Do a page of steps in one transaction; return False, with nothing done, where they have to go one by one."""
    if len(due) < 2:
        return False
    undo = due[0][1]
    try:
        with transaction.atomic():
            steps = shifting.hold_steps(step_ids=[step_id for step_id, _undo in due], undo=undo)
            page = page_of(steps[0].action.verb, undo=undo) if steps else None
            if page is None:
                return False
            note(steps, page(steps, _lead(steps[0], undo), now), undo=undo, now=now)
            failpoint("do_bulk.page")
    except (NotAllowed, Conflict):
        return False
    except Exception:
        log.warning("a page of a bulk action is done item by item", exc_info=True)
        return False
    return True


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
            left = _left(step, undo, now)
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


def _left(step: BulkStep, undo: bool, now: datetime) -> dict[str, Any]:
    """Do one step, as a page of its own where there are pages; return how it left its item. Raises Conflict."""
    by, page = _lead(step, undo), page_of(step.action.verb, undo=undo)
    if page is None:
        return (_UNDO if undo else _DO)[Verb(step.action.verb)](step, by, now)
    became = page([step], by, now).get(step.pk, {})
    if isinstance(became, str):
        raise Refused(became)
    return became


def _lead(step: BulkStep, undo: bool) -> Viewer:
    user = step.action.undo_asked_by if undo else step.action.asked_by
    members = Membership.objects.filter(workspace_id=step.workspace_id, user=user, ended_at=None)
    member = members.select_related("user").first()
    if member is None:
        raise NotAllowed
    viewer = viewer_of_member(member)
    viewer.require("lead")
    return viewer


def _item(step: BulkStep) -> Item:
    return Item.objects.get(pk=step.item_id)


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


_Step = Callable[[BulkStep, Viewer, datetime], dict[str, Any]]
_DO: dict[Verb, _Step] = {
    Verb.HOLD: _hold,
    Verb.RELEASE_HOLD: _release,
    Verb.REASSIGN: _reassign,
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


_UNDO: dict[Verb, _Step] = {
    Verb.HOLD: _unhold,
    Verb.RELEASE_HOLD: _hold_again,
    Verb.REASSIGN: _give_back,
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
