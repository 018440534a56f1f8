"""Steps that several verbs share: moving states, telling the audit trail, holding a stay; inside a transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.models import Assignment, Exclusion
from reviewqueue.audit.actions import Actor, event, record
from reviewqueue.common.errors import Conflict
from reviewqueue.intake import actions as intake
from reviewqueue.intake.models import State
from reviewqueue.triage.models import QueueEntry


def item_event(workspace_id: UUID, verb: str, item_id: UUID, by: Actor, at: datetime, **data: Any) -> dict[str, Any]:
    """Return the audit event of something that was done to an item."""
    return event(
        workspace_id=workspace_id,
        verb=verb,
        subject=("item", item_id),
        item_id=item_id,
        by=by,
        at=at,
        data=data,
    )


def move(item_ids: Sequence[UUID], to: State, now: datetime, *, of: Sequence[State] = ()) -> None:
    """Move every one of these items, or raise Conflict: states are never guessed."""
    if not item_ids:
        return
    moved = intake.move_state(item_ids=item_ids, to=to, since=now, of=of)
    if moved != len(item_ids):
        raise Conflict("The item is no longer where it was.")


def tell(assignment: Assignment, verb: str, by: Actor, at: datetime, **data: Any) -> None:
    """Record what was done to a turn."""
    record(
        workspace_id=assignment.workspace_id,
        verb=verb,
        subject=("assignment", assignment.pk),
        item_id=assignment.item_id,
        by=by,
        at=at,
        data=data,
    )


def requeue(item_ids: Sequence[UUID], at: datetime) -> None:
    """Show items as queued again that nobody holds any more; a claim at this moment waits, or is seen."""
    intake.hold_states(item_ids=item_ids)
    held = Assignment.objects.filter(item_id__in=item_ids, ended_at=None).values_list("item_id", flat=True)
    free = set(item_ids) - set(held)
    intake.move_state(item_ids=free, to=State.QUEUED, since=at, of=[State.IN_REVIEW])


def exclude(assignment: Assignment, reason: Exclusion.Reason, at: datetime) -> None:
    """Keep the item from the person who had this turn."""
    turns.exclude(
        item_id=assignment.item_id,
        workspace_id=assignment.workspace_id,
        user_ids=[assignment.user_id],
        reason=reason,
        at=at,
    )


def hold_open_stay(item_id: UUID) -> QueueEntry | None:
    """Lock an item's open stay, if it has one. A verb that moves the item at this moment is waited for first."""
    stays = QueueEntry.objects.filter(item_id=item_id, ended_at=None)
    while True:
        held = stays.select_for_update(no_key=True, of=("self",)).select_related("item").first()
        if held or not stays.exists():  # the stay waited for may have ended, and another have begun with that
            return held


def hold_open_stays(item_ids: Sequence[UUID]) -> list[QueueEntry]:
    """Lock the open stays of items, always in one order. A verb that moves one at this moment is waited for first."""
    stays = QueueEntry.objects.filter(item_id__in=item_ids, ended_at=None)
    while True:
        held = list(stays.select_for_update(no_key=True, of=("self",)).select_related("item").order_by("pk"))
        if stays.count() == len(held):  # as above
            return held


def hold_stay(assignment: Assignment) -> QueueEntry:
    """Lock the stay first and in every verb, so that two last reviews settle once and nobody deadlocks."""
    return hold_entry(assignment.entry_id)


def hold_entry(entry_id: UUID) -> QueueEntry:
    """Lock a stay by its id."""
    return QueueEntry.objects.select_for_update(no_key=True, of=("self",)).get(pk=entry_id)
