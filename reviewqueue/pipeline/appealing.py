"""Appealed: the person affected contests what was decided, and somebody who has not seen the item looks at it."""

from datetime import datetime

from django.db import transaction

from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.eligibility import had_in_hand
from reviewqueue.assignment.models import Assignment, Exclusion, Slot
from reviewqueue.audit.actions import Actor, record
from reviewqueue.common.errors import Conflict
from reviewqueue.common.failpoints import failpoint
from reviewqueue.intake.models import Item
from reviewqueue.review import actions as judging
from reviewqueue.review.models import Appeal, Escalation
from reviewqueue.review.queries import current_publication, newest_outcome, open_appeal
from reviewqueue.triage import actions as triage
from reviewqueue.triage.models import QueueEntry
from reviewqueue.triage.queries import was_passed

from .looking_again import hold, look_again


class NothingToAppeal(Conflict):
    """This item has no outcome yet, so there is nothing to contest."""

    slug = "nothing-to-appeal"


class AppealedAlready(Conflict):
    """This item's outcome is contested already; the new decision is on its way."""

    slug = "appealed-already"


def appeal(*, item: Item, by: Actor, now: datetime, said_by: str = "", reason: str = "") -> Appeal:
    """Contest what outside knows of an item: people decide it anew, and none of them has had it in hand before.

    With nobody left who has not, a lead decides; a look already under way ends, for whoever has it has seen it.
    Raises NothingToAppeal, AppealedAlready.
    """
    with transaction.atomic():
        waits = triage.hold_wait(item_id=item.pk)
        stay = None if waits else hold(item.pk)
        if waits or not (current_publication(item) or was_passed(item.pk)):
            raise NothingToAppeal
        if open_appeal(item.pk):
            raise AppealedAlready
        _keep_from_who_saw_it(item, now)
        if stay:
            _end(stay, now)
        against = newest_outcome(item.pk)
        made = judging.open_appeal(item=item, against=against, said_by=said_by, reason=reason, at=now)
        look_again(item=item, reason="appeal", urgent=True, kind=Slot.Kind.APPEAL, now=now)
        _tell(made, by, now)
        failpoint("appeal.done")
    return made


def _keep_from_who_saw_it(item: Item, now: datetime) -> None:
    turns.exclude(
        item_id=item.pk,
        workspace_id=item.workspace_id,
        user_ids=had_in_hand(item.pk),
        reason=Exclusion.Reason.SEEN,
        at=now,
    )


def _end(stay: QueueEntry, now: datetime) -> None:
    turns.close_open_slots(entry_id=stay.pk, reason=Assignment.End.REASSIGNED, by=None, at=now)
    triage.end_stay(entry=stay, reason=QueueEntry.End.MOVED, by=None, now=now)
    judging.end_escalation(item_id=stay.item_id, reason=Escalation.End.HANDED_BACK, by=None, at=now)


def _tell(made: Appeal, by: Actor, now: datetime) -> None:
    record(
        workspace_id=made.workspace_id,
        verb="appeal",
        subject=("appeal", made.pk),
        item_id=made.item_id,
        by=by,
        at=now,
        data={"against": made.against.version if made.against else 0},
    )
