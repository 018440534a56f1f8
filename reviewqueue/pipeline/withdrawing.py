"""Withdrawn: the AI system no longer needs an item, for one because the conversation has gone on."""

from datetime import datetime

from django.db import transaction

from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.models import Assignment
from reviewqueue.audit.actions import Actor, record_all
from reviewqueue.common.errors import Conflict
from reviewqueue.common.failpoints import failpoint
from reviewqueue.common.waking import wake
from reviewqueue.intake import actions as intake
from reviewqueue.intake.models import Gate, Item, State
from reviewqueue.intake.queries import state_of
from reviewqueue.review import actions as judging
from reviewqueue.review.models import Escalation
from reviewqueue.review.queries import open_appeal, was_judged
from reviewqueue.triage import actions as triage
from reviewqueue.triage.models import QueueEntry
from reviewqueue.triage.queries import signals_of, was_passed

from .moves import hold_open_stay, item_event, move

UNDECIDED = (State.RECEIVED, State.QUEUED, State.IN_REVIEW, State.ESCALATED)


class DecidedAlready(Conflict):
    """This item has been decided already, so there is nothing left to withdraw."""

    slug = "decided-already"


class SaidToBeWrong(Conflict):
    """Somebody has said that this answer was wrong, so people look at it all the same."""

    slug = "said-to-be-wrong"


def withdraw(*, item: Item, by: Actor, now: datetime) -> bool:
    """Take an item out of everybody's hands; return whether this call did it: False when it was withdrawn before.

    Raises DecidedAlready once people or triage have decided it, SaidToBeWrong once somebody has called it wrong:
    such a look is not the AI system's to call off.
    """
    with transaction.atomic():
        triage.stop_waiting(item_id=item.pk)
        stay = hold_open_stay(item.pk)
        if state_of(item.pk) == State.WITHDRAWN:
            return False
        if was_judged(item.pk) or was_passed(item.pk):
            raise DecidedAlready
        if signals_of(item.pk).exists() or open_appeal(item.pk):
            raise SaidToBeWrong
        if stay:
            _end(stay, now)
        intake.close_gate(item_id=item.pk, because=Gate.Closed.WITHDRAWN, now=now)
        move([item.pk], State.WITHDRAWN, now, of=UNDECIDED)
        record_all([item_event(item.workspace_id, "withdraw", item.pk, by, now)])
        wake([item.pk])
        failpoint("withdraw.done")
    return True


def _end(stay: QueueEntry, now: datetime) -> None:
    """End a stay in a queue, and the turn of whoever holds the item: their next step is told why."""
    turns.close_open_slots(entry_id=stay.pk, reason=Assignment.End.WITHDRAWN, by=None, at=now)
    triage.end_stay(entry=stay, reason=QueueEntry.End.WITHDRAWN, by=None, now=now)
    judging.end_escalation(item_id=stay.item_id, reason=Escalation.End.WITHDRAWN, by=None, at=now)
