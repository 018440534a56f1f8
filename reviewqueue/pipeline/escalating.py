"""Escalated: an item that is not the reviewer's to judge waits for a lead."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import User
from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.eligibility import all_have_had, stranded
from reviewqueue.assignment.models import Assignment, Exclusion, Slot
from reviewqueue.audit.actions import record_all
from reviewqueue.common.errors import Conflict
from reviewqueue.common.failpoints import failpoint
from reviewqueue.intake.models import State
from reviewqueue.review import actions as judging
from reviewqueue.review.models import Escalation
from reviewqueue.review.queries import open_appeal
from reviewqueue.triage import actions as triage
from reviewqueue.triage.models import QueueEntry

from .asking import ask_a_lead
from .moves import exclude, hold_entry, hold_open_stay, hold_stay, item_event, move
from .taking import assign, take_away


def escalate(
    *, assignment: Assignment, fence: int, by: User, question: str, now: datetime | None = None
) -> Escalation:
    """Say "not mine to judge": the item leaves its line and waits for a lead. Raises TurnOver.

    Raises Conflict when it waits for a lead already: who will not decide it hands it on or back.
    """
    if assignment.slot.kind == Slot.Kind.ADJUDICATION:
        raise Conflict("This item waits for a lead already: decide it, hand it on, or hand it back.")
    with transaction.atomic():
        entry = hold_stay(assignment)
        held = turns.held_slot(assignment=assignment, fence=fence, now=now)
        turns.end_turn(assignment=held.assignment, reason=Assignment.End.ESCALATED, by=by, at=held.at)
        exclude(assignment, Exclusion.Reason.ESCALATED, held.at)
        escalation = ask_a_lead(entry, Escalation.Why.QUESTION, by, question, held.at)
        failpoint("escalate.done")
    return escalation


def escalate_stranded(*, now: datetime) -> int:
    """Let leads decide what waits for nobody any more, because who had not had it has left; return how many items.

    What everybody gives back goes to the leads with the last return (give_back). Who is at work on an item is waited
    for.
    """
    return sum(_escalated(item_id, now) for item_id in stranded())


def _escalated(item_id: UUID, now: datetime) -> bool:
    with transaction.atomic():
        stay = hold_open_stay(item_id)
        if stay is None or not stranded(among=[item_id]):
            return False
        ask_a_lead(stay, Escalation.Why.NOBODY_LEFT, None, "", now)
        failpoint("escalate_stranded.done")
    return True


def take_escalation(*, escalation: Escalation, to: User, by: Viewer, now: datetime) -> turns.Turn:
    """Take an escalated item, or hand it on to another lead; they decide it in the workbench like any other."""
    by.require("lead")
    with transaction.atomic():
        hold_entry(escalation.entry_id)
        slot = Slot.objects.get(entry_id=escalation.entry_id)
        for current in Assignment.objects.filter(slot=slot, ended_at=None):
            take_away(assignment=current, by=by, now=now)
        slot.refresh_from_db()
        return assign(slot=slot, to=to, by=by, now=now)


def hand_back(*, escalation: Escalation, by: Viewer, now: datetime) -> None:
    """Send an escalated item back to its queue for other reviewers. Raises Conflict when nobody is left there."""
    by.require("lead")
    assert by.user is not None
    with transaction.atomic():
        entry = hold_entry(escalation.entry_id)
        if not judging.end_escalation(item_id=entry.item_id, reason=Escalation.End.HANDED_BACK, by=by.user, at=now):
            raise Conflict("This escalation is over already.")
        turns.close_open_slots(entry_id=entry.pk, reason=Assignment.End.REASSIGNED, by=by.user, at=now)
        triage.end_stay(entry=entry, reason=QueueEntry.End.MOVED, by=by.user, now=now)
        stay = triage.continued(entry=entry, decision=entry.decision, now=now)
        kind = Slot.Kind.APPEAL if open_appeal(entry.item_id) else Slot.Kind.REVIEW
        if all_have_had(stay, people=stay.reviews_required if kind == Slot.Kind.REVIEW else 1):
            raise Conflict("Everybody who may review it has had it in hand already. Decide it, or hand it on.")
        triage.place(entries=[stay])
        turns.open_slots(entries=[stay], kind=kind)
        move([entry.item_id], State.QUEUED, now, of=[State.ESCALATED])
        record_all([item_event(entry.workspace_id, "hand_back", entry.item_id, by.actor, now)])
