"""Holds, and bulk actions with their steps. Needs a transaction around each."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, F, Q, Value, When

from reviewqueue.accounts.models import User
from reviewqueue.common.errors import Conflict
from reviewqueue.queues.rules import UNTIL_THE_END
from reviewqueue.triage.models import QueueEntry

from ..models import BulkAction, BulkActionContent, BulkStep, Hold, Slot
from ..standing import Asked

#: Until when a slot is kept that somebody has to let go.
UNTIL_LIFTED = datetime(9500, 1, 1, tzinfo=UTC)
PAGE = 1_000


def hold(*, entry: QueueEntry, until: datetime | None, by: User, at: datetime) -> Hold:
    """Take a stay's open slots out of their line. Raises Conflict when somebody has one in hand.

    A claim under way at this moment is waited for, and is seen.
    """
    still = Slot.objects.filter(entry=entry, closed_at=None)
    slots = still.order_by("pk").select_for_update(no_key=True).values_list("pk", "holder_id")
    if any(holder for _pk, holder in slots):
        raise Conflict("Somebody has it in hand at this moment.")
    still.update(held_until=until or UNTIL_LIFTED, held_by=None)
    return Hold.objects.create(
        workspace_id=entry.workspace_id, entry=entry, item_id=entry.item_id, begun_at=at, begun_by=by, until_at=until
    )


def lift(*, held: Hold, by: User, at: datetime) -> None:
    """Let what is on hold back into its line, at its rank. Raises Conflict when that is so already."""
    if not Hold.objects.filter(pk=held.pk, ended_at=None).update(ended_at=at, ended_by=by):
        raise Conflict("This is not on hold any more.")
    kept = Slot.objects.filter(entry_id=held.entry_id, closed_at=None, held_by=None, held_until__isnull=False)
    # what a stop keeps out of the line as well stays with that
    kept.update(held_until=Case(When(stop__isnull=False, then=Value(UNTIL_THE_END)), default=None))


def end_holds(*, now: datetime, limit: int = 500) -> list[Hold]:
    """End the holds whose time has come, and those of items that have left their queue; return the former."""
    over = Q(until_at__lte=now) | Q(entry__ended_at__isnull=False)
    rows = Hold.objects.filter(over, ended_at=None).select_for_update(skip_locked=True, of=("self",))
    ended = list(rows.select_related("entry").order_by("pk")[:limit])
    Hold.objects.filter(pk__in=[one.pk for one in ended]).update(ended_at=now)
    return [one for one in ended if one.entry.ended_at is None]


# --- bulk actions ------------------------------------------------------------------------------------------------


def open_action(
    *, workspace_id: UUID, asked: Asked, item_ids: Sequence[UUID], reason: str, by: User, at: datetime
) -> BulkAction:
    """Write what a lead asks for, and a step for each item."""
    action = BulkAction.objects.create(
        workspace_id=workspace_id,
        verb=asked.verb,
        queue=asked.queue,
        to=asked.to,
        minutes=asked.minutes or None,
        until_at=asked.until,
        asked_at=at,
        asked_by=by,
    )
    BulkActionContent.objects.create(action=action, workspace_id=workspace_id, reason=reason)
    steps = (BulkStep(workspace_id=workspace_id, action=action, item_id=one) for one in item_ids)
    BulkStep.objects.bulk_create(steps, batch_size=PAGE)
    return action


def hold_step(*, step_id: UUID, undo: bool) -> BulkStep | None:
    """Lock a step that is still to do (or to take back); None when another worker has it, or has done it."""
    rows = BulkStep.objects.filter(pk=step_id).filter(**(BulkStep.TO_UNDO if undo else BulkStep.TO_DO))
    rows = rows.select_related("action__queue", "action__to", "action__asked_by", "action__undo_asked_by")
    return rows.select_for_update(skip_locked=True, of=("self",)).first()


def hold_steps(*, step_ids: Collection[UUID], undo: bool) -> list[BulkStep]:
    """Lock those of these steps of one action that are still to do (or to take back) and that no other worker has."""
    rows = BulkStep.objects.filter(pk__in=step_ids, **(BulkStep.TO_UNDO if undo else BulkStep.TO_DO))
    rows = rows.select_related("action__queue", "action__to", "action__asked_by", "action__undo_asked_by")
    return list(rows.order_by("pk").select_for_update(skip_locked=True, of=("self",)))


def note_steps(*, steps: Sequence[BulkStep], undo: bool) -> None:
    """Note what became of steps that the caller has locked, as it stands in them."""
    BulkStep.objects.bulk_update(steps, ["undone_at", "undo_refused"] if undo else ["done_at", "refused", "left"])


def note_done(*, step: BulkStep, left: dict[str, Any], at: datetime) -> None:
    """Note that a step is done, and as what it left the item."""
    BulkStep.objects.filter(pk=step.pk, **BulkStep.TO_DO).update(done_at=at, left=left)


def note_refused(*, step: BulkStep, because: str, undo: bool = False) -> None:
    """Note in one word why a step was not done, or not taken back."""
    if undo:
        BulkStep.objects.filter(pk=step.pk, **BulkStep.TO_UNDO).update(undo_refused=because)
    else:
        BulkStep.objects.filter(pk=step.pk, **BulkStep.TO_DO).update(refused=because)


def note_undone(*, step: BulkStep, at: datetime) -> None:
    """Note that a step is taken back."""
    BulkStep.objects.filter(pk=step.pk, **BulkStep.TO_UNDO).update(undone_at=at)


def ask_undo(*, action: BulkAction, by: User, at: datetime) -> int:
    """Ask for an action to be taken back; what was not done yet never is. Return 0 when that was asked before."""
    asked = BulkAction.objects.filter(pk=action.pk, undo_asked_at=None).update(undo_asked_at=at, undo_asked_by=by)
    if asked:
        BulkStep.objects.filter(action=action, **BulkStep.TO_DO).update(refused="cancelled")
    return asked


def finish_actions(*, actions: Sequence[UUID], at: datetime) -> None:
    """Note which of these actions have nothing left to do, or to take back."""
    rows = BulkAction.objects.filter(pk__in=list(actions))
    doing = BulkStep.objects.filter(**BulkStep.TO_DO).values("action_id")
    undoing = BulkStep.objects.filter(**BulkStep.TO_UNDO).values("action_id")
    rows.filter(finished_at=None).exclude(pk__in=doing.filter(action_id__in=list(actions))).update(finished_at=at)
    undone = rows.filter(undo_asked_at__isnull=False, undone_at=None)
    undone.exclude(pk__in=undoing.filter(action_id__in=list(actions))).update(
        undone_at=at, finished_at=Case(When(finished_at=None, then=Value(at)), default=F("finished_at"))
    )
