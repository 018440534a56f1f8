"""Claimed: who has the turn, from the claim or the assignment to giving it back or running out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from reviewqueue.accounts.access import Viewer, can
from reviewqueue.accounts.models import Membership, User
from reviewqueue.accounts.teams import absent_at, require_lead_of_person
from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.actions.shifting import end_holds
from reviewqueue.assignment.eligibility import adjudicator_for, all_have_had, free_slots
from reviewqueue.assignment.models import Assignment, Exclusion, Slot
from reviewqueue.audit.actions import SYSTEM, person, record, record_all, record_turn
from reviewqueue.common.clock import database_now
from reviewqueue.common.errors import Conflict
from reviewqueue.common.failpoints import failpoint
from reviewqueue.common.ids import new_id
from reviewqueue.intake import actions as intake
from reviewqueue.intake.models import State
from reviewqueue.queues.models import Queue
from reviewqueue.queues.queries import stops_of
from reviewqueue.queues.rules import Stopped
from reviewqueue.review.models import Escalation
from reviewqueue.review.queries import open_appeal

from .asking import ask_a_lead
from .moves import exclude, hold_entry, hold_stay, item_event, requeue, tell

#: How often a claim that came to nothing is tried again.
ATTEMPTS = 10


def claim_next(
    *, membership: Membership, queues: Sequence[Queue], held_only: bool = False, now: datetime | None = None
) -> turns.Turn | None:
    """Give the member the next item of these queues; None when nothing there is for them.

    With ``held_only`` nothing but an answer that an AI system waits for. The lease is that of the shortest queue
    asked for; heartbeats renew it by the item's own queue. Raises Stopped when all of these queues are.
    """
    queues = _going_on(membership.workspace_id, queues)
    lanes = turns.lanes_of(membership=membership, queues=queues, now=now)
    lease = timedelta(seconds=min((queue.lease_seconds for queue in queues), default=300))
    for _attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return _claim(membership, lanes, lease, held_only, now)
        except IntegrityError:  # the same person claimed the same entry in another window at this moment
            continue
        except Stopped as stopped:
            if not stopped.stop.source_slug:
                raise
            turns.clear_heads(stop=stopped.stop, lanes=lanes)  # what came in, or came back, since it was stopped
    return None


def _going_on(workspace_id: UUID, queues: Sequence[Queue]) -> list[Queue]:
    """Return the queues that are not stopped. Raises Stopped when that leaves none."""
    running = stops_of(workspace_id)
    if running.of_all:
        raise Stopped(running.of_all)
    stops = {queue.pk: stop for queue in queues if (stop := running.of_queue(queue.pk))}
    if stops and len(stops) == len(queues):
        raise Stopped(next(iter(stops.values())))
    return [queue for queue in queues if queue.pk not in stops]


def _claim(
    membership: Membership, lanes: list[UUID], lease: timedelta, held_only: bool, now: datetime | None
) -> turns.Turn | None:
    """Claim by one statement: the slot, the turn, the item's state and the audit trail."""
    workspace_id, user, turn_id = membership.workspace_id, membership.user, new_id()
    turn = turns.claim(
        workspace_id=workspace_id,
        by=user,
        lanes=lanes,
        lease=lease,
        held_only=held_only,
        now=now,
        turn_id=turn_id,
        along=[
            intake.taken_up(),
            record_turn(workspace_id=workspace_id, verb="claim", turn_id=turn_id, by=person(user.pk)),
        ],
    )
    if turn is not None:
        failpoint("claim_next.taken")
    return turn


def assign(*, slot: Slot, to: User, by: Viewer, now: datetime) -> turns.Turn:
    """Give a waiting slot to a named person. Raises Conflict when it is held, closed, or not for them."""
    by.require("lead")
    assert by.user is not None
    with transaction.atomic():
        hold_entry(slot.entry_id)  # so that whoever gives it back at this moment is seen
        _check_person(slot, to, now)
        try:
            with transaction.atomic():
                turn = turns.assign(slot=slot, to=to, by=by.user, now=now)
        except IntegrityError:
            raise Conflict("This person holds the item already.") from None
        if slot.kind != Slot.Kind.ADJUDICATION:
            in_line = [State.QUEUED, State.IN_REVIEW]
            intake.move_state(item_ids=[slot.item_id], to=State.IN_REVIEW, since=now, of=in_line)
        tell(turn.assignment, "assign", by.actor, now, to=str(to.pk))
    return turn


def _check_person(slot: Slot, to: User, now: datetime) -> None:
    here = Membership.objects.filter(workspace_id=slot.workspace_id, user=to, ended_at=None).first()
    if here is None or not can(here.role, "review"):
        raise Conflict("This person does not review in this workspace.")
    if to.pk in absent_at(workspace_id=slot.workspace_id, at=now):
        raise Conflict("This person is away at the moment; what they hold would go back.")
    had = Exclusion.objects.filter(item_id=slot.item_id, user=to).exists()
    if slot.kind == Slot.Kind.ADJUDICATION:
        _check_decides(slot, here, now)
        if had and open_appeal(slot.item_id):
            raise Conflict("This person has had the item in hand before; an appeal is decided by somebody else.")
    elif had:
        raise Conflict("This person has already reviewed or returned the item.")


def _check_decides(slot: Slot, here: Membership, now: datetime) -> None:
    """Raise Conflict unless a member decides: whom the queue names, or a lead while nobody named can."""
    named = turns.named_in(slot.lane.skills)
    if named and adjudicator_for(slot.entry, now=now) == named:
        if here.user_id != named:
            raise Conflict("This queue names who decides between its reviewers, and that person is there.")
    elif not can(here.role, "lead"):
        raise Conflict("Only a lead can decide an escalated item.")


def heartbeat(
    *, assignment: Assignment, fence: int, draft: dict[str, Any] | None = None, now: datetime | None = None
) -> datetime:
    """Renew a turn and save its draft; return until when. Raises TurnOver (the draft is kept all the same)."""
    lease = timedelta(seconds=assignment.entry.queue.lease_seconds)
    return turns.heartbeat(assignment=assignment, fence=fence, lease=lease, draft=draft, now=now)


def expire_due(*, now: datetime | None = None) -> int:
    """End the turns that ran out, wake what was put aside, end holds whose time has come; return how many."""
    with transaction.atomic():
        at = now or database_now()
        over = end_holds(now=at)
        record_all(
            item_event(one.workspace_id, "release_hold", one.item_id, SYSTEM, one.until_at or at) for one in over
        )
        ended = turns.expire_due(now=now)
        for one in ended:
            record(
                workspace_id=one.workspace_id,
                verb="expire",
                subject=("assignment", one.assignment_id),
                item_id=one.item_id,
                by=SYSTEM,
                at=now or database_now(),
            )
        requeue([one.item_id for one in ended], now or database_now())
        return len(ended) + len(over) + turns.wake_due(now=now)


def give_back(*, assignment: Assignment, fence: int, by: User, reason: str, now: datetime | None = None) -> None:
    """Return an item to its line; this person is not offered it again. Raises TurnOver.

    When everybody who may review it has had it in hand by now, it goes to the leads: nothing waits for nobody.
    """
    with transaction.atomic():
        entry = hold_stay(assignment)
        held = turns.held_slot(assignment=assignment, fence=fence, now=now)
        turns.give_back(held=held, by=by, reason=Assignment.End.RETURNED, note=reason)
        exclude(assignment, Exclusion.Reason.RETURNED, held.at)
        requeue([assignment.item_id], held.at)
        tell(assignment, "return", person(by.pk), held.at)
        if assignment.slot.kind == Slot.Kind.ADJUDICATION:
            turns.open_to_leads(slot=assignment.slot)
        elif all_have_had(entry, people=free_slots(entry)):
            ask_a_lead(entry, Escalation.Why.NOBODY_LEFT, by, "", held.at)
        failpoint("give_back.done")


def snooze(*, assignment: Assignment, fence: int, by: User, until: datetime, now: datetime | None = None) -> None:
    """Put an item aside until a time; it comes back to its line at its old rank. Raises TurnOver."""
    with transaction.atomic():
        hold_stay(assignment)
        held = turns.held_slot(assignment=assignment, fence=fence, now=now)
        turns.snooze(held=held, by=by, until=until)
        requeue([assignment.item_id], held.at)
        tell(assignment, "snooze", person(by.pk), held.at, until=until.isoformat())


def take_away(*, assignment: Assignment, by: Viewer, now: datetime) -> None:
    """Take an open turn from its person, so that the item can go to someone else. Raises Conflict.

    For leads of the workspace, and who leads a team that the person belongs to.
    """
    require_lead_of_person(by, assignment.user_id)
    assert by.user is not None
    with transaction.atomic():
        turns.take_away(assignment=assignment, by=by.user, at=now)
        requeue([assignment.item_id], now)
        tell(assignment, "reassign", by.actor, now)
