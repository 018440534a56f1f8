"""To the leads: what is not for a reviewer to judge, or what every reviewer has had in hand."""

from datetime import datetime

from reviewqueue.accounts.models import User
from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.eligibility import adjudicator_for, lead_has_not_seen, leads_of
from reviewqueue.assignment.models import Assignment, Slot
from reviewqueue.audit.actions import SYSTEM, person, record
from reviewqueue.delivery.actions import announce
from reviewqueue.intake.models import State
from reviewqueue.review import actions as judging
from reviewqueue.review.models import Escalation
from reviewqueue.review.queries import open_appeal
from reviewqueue.triage import actions as triage
from reviewqueue.triage.models import QueueEntry

from .moves import move

_REASONS = {Escalation.Why.QUESTION: "escalated"}


def ask_a_lead(entry: QueueEntry, why: Escalation.Why, by: User | None, question: str, at: datetime) -> Escalation:
    """End the stay, and open one that only leads can take; rank and promise stay what they were."""
    turns.close_open_slots(entry_id=entry.pk, reason=Assignment.End.ESCALATED, by=by, at=at)
    triage.end_stay(entry=entry, reason=QueueEntry.End.ESCALATED, by=by, now=at)
    decision = triage.direct(item=entry.item, reason=_REASONS.get(why, str(why)), now=at)
    stay = triage.continued(entry=entry, decision=decision, now=at)
    triage.place(entries=[stay])
    return open_for_leads(stay, why, by, question, at)


def open_for_leads(stay: QueueEntry, why: Escalation.Why, by: User | None, question: str, at: datetime) -> Escalation:
    """Let leads alone take a stay just placed, and say why; a disagreement goes to whom the queue names for it."""
    said = {"why": str(why)}
    if (why == Escalation.Why.NOBODY_LEFT or open_appeal(stay.item_id)) and not _unseen_by_a_lead(stay):
        said["leads"] = "seen"
    decides = adjudicator_for(stay, now=at) if why == Escalation.Why.DISAGREEMENT else None
    turns.open_slots(entries=[stay], kind=Slot.Kind.ADJUDICATION, decides=decides)
    escalation = judging.open_escalation(entry=stay, why=why, by=by, question=question, at=at)
    move([stay.item_id], State.ESCALATED, at)
    record(
        workspace_id=stay.workspace_id,
        verb="escalate",
        subject=("escalation", escalation.pk),
        item_id=stay.item_id,
        by=person(by.pk) if by else SYSTEM,
        at=at,
        data=said,
    )
    announce(
        event_type="item.escalated",
        workspace_id=stay.workspace_id,
        subject_id=escalation.pk,
        item_id=stay.item_id,
        now=at,
        data={"escalation": str(escalation.pk), "why": str(why), "queue": stay.queue.slug},
    )
    return escalation


def _unseen_by_a_lead(stay: QueueEntry) -> bool:
    """Return whether a lead is there who has not had the item; when none is, let those take it who have."""
    if lead_has_not_seen(stay):
        return True
    for lead in leads_of(stay.workspace_id):
        turns.include(item_id=stay.item_id, user_id=lead.user_id)
    return False
