"""Ending a turn: submitted, returned, snoozed, escalated, taken away. Needs a transaction around each."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from reviewqueue.accounts.models import User
from reviewqueue.common.errors import Conflict

from ..models import Assignment, AssignmentNote, Exclusion, Hold, Slot
from .keeping import TurnOver, over


@dataclass(frozen=True, slots=True)
class Held:
    """A slot locked for its last step, and the database's time then."""

    assignment: Assignment
    at: datetime


def held_slot(*, assignment: Assignment, fence: int, now: datetime | None = None) -> Held:
    """Lock the slot of a turn and check the fence. Raises TurnOver when somebody else has begun since.

    A turn that only ran out is still good while the fence is unchanged: nobody else began.
    """
    with connection.cursor() as cursor:
        # by primary key alone: with a state in WHERE the planner may read every open lease instead
        cursor.execute(
            "SELECT fence, holder_id, closed_at, coalesce(%s::timestamptz, clock_timestamp())"
            " FROM assignment_slot WHERE id = %s FOR NO KEY UPDATE",
            [now, assignment.slot_id],
        )
        slot_fence, holder_id, closed_at, at = cursor.fetchone()
    theirs = holder_id is None or holder_id == assignment.user_id
    if slot_fence != fence or fence != assignment.fence or closed_at or not theirs:
        raise over(assignment)
    assignment.refresh_from_db()
    if assignment.ended_at and assignment.end_reason != Assignment.End.EXPIRED:
        raise TurnOver
    return Held(assignment, at)


def end_turn(*, assignment: Assignment, reason: Assignment.End, by: User, at: datetime) -> None:
    """End an open turn (or rewrite the end of one that only ran out)."""
    assignment.ended_at, assignment.end_reason, assignment.ended_by = at, reason, by
    assignment.save(update_fields=["ended_at", "end_reason", "ended_by"])


def submit_turn(*, held: Held, by: User) -> None:
    """End a turn with its review: the slot is closed for good."""
    end_turn(assignment=held.assignment, reason=Assignment.End.SUBMITTED, by=by, at=held.at)
    Slot.objects.filter(pk=held.assignment.slot_id).update(holder=None, expires_at=None, closed_at=held.at)


def give_back(*, held: Held, by: User, reason: Assignment.End, note: str = "") -> None:
    """Free the slot for somebody else; the person is not offered this item again."""
    end_turn(assignment=held.assignment, reason=reason, by=by, at=held.at)
    Slot.objects.filter(pk=held.assignment.slot_id).update(holder=None, expires_at=None)
    if note:
        write_note(assignment=held.assignment, text=note)


def write_note(*, assignment: Assignment, text: str) -> None:
    """Keep why a turn was given back, in the reviewer's words."""
    AssignmentNote.objects.update_or_create(
        assignment=assignment, defaults={"workspace_id": assignment.workspace_id, "text": text}
    )


def snooze(*, held: Held, by: User, until: datetime) -> None:
    """Put an item aside: it leaves the line until its time, then comes back at its old rank."""
    if until <= held.at:
        raise Conflict("The time to put it aside until has passed already.")
    if Hold.objects.filter(entry_id=held.assignment.entry_id, ended_at=None).exists():
        raise TurnOver  # it ran out, and a lead keeps the item from everybody since
    end_turn(assignment=held.assignment, reason=Assignment.End.SNOOZED, by=by, at=held.at)
    Slot.objects.filter(pk=held.assignment.slot_id).update(holder=None, expires_at=None, held_until=until, held_by=by)


def take_away(*, assignment: Assignment, by: User, at: datetime) -> None:
    """End another person's open turn so that the slot can be given to someone else."""
    held = Slot.objects.filter(pk=assignment.slot_id, fence=assignment.fence, holder=assignment.user, closed_at=None)
    freed = held.update(holder=None, expires_at=None)
    if not freed:
        raise Conflict("This turn is over already.")
    end_turn(assignment=assignment, reason=Assignment.End.REASSIGNED, by=by, at=at)


def close_open_slots(*, entry_id: UUID, reason: Assignment.End, by: User | None, at: datetime) -> None:
    """Close what is left of an entry; turns still open there end for the reason given.

    Slots first, as everywhere: a claim at this moment is waited for, and its turn is then seen and ended.
    """
    close_all_open_slots(entry_ids=[entry_id], reason=reason, by=by, at=at)


def close_all_open_slots(
    *, entry_ids: Collection[UUID], reason: Assignment.End, by: User | None, at: datetime
) -> None:
    """Close what is left of several entries, as above; always locked in one order, so that nobody deadlocks."""
    slots = Slot.objects.filter(entry_id__in=entry_ids, closed_at=None)
    if len(entry_ids) > 1:
        list(slots.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    slots.update(holder=None, expires_at=None, held_until=None, held_by=None, stop=None, closed_at=at)
    turns = Assignment.objects.filter(entry_id__in=entry_ids, ended_at=None)
    turns.update(ended_at=at, end_reason=reason, ended_by=by)


def close_unneeded(*, entry_id: UUID, at: datetime) -> bool:
    """Close the open slots of a stay that nobody needs any more; return False, and close none, when one is held.

    A claim under way at this moment is waited for, and is seen.
    """
    still = Slot.objects.filter(entry_id=entry_id, closed_at=None)
    held = still.order_by("pk").select_for_update(no_key=True).values_list("pk", "holder_id")
    if any(holder for _pk, holder in held):
        return False
    still.update(held_until=None, held_by=None, stop=None, closed_at=at)
    return True


def reopen_unreviewed(*, entry_id: UUID) -> None:
    """Open the slots of a stay again that were closed with no review in them, or one that was taken back."""
    closed = Slot.objects.filter(entry_id=entry_id, closed_at__isnull=False)
    turns = Assignment.objects.filter(item_id=OuterRef("item_id"), slot_id=OuterRef("pk")).order_by("-fence")
    last = closed.annotate(last=Coalesce(Subquery(turns.values("end_reason")[:1]), Value("")))
    last.exclude(last=Assignment.End.SUBMITTED).update(closed_at=None)


def reopen_slot(*, slot_id: UUID) -> Slot:
    """Open a closed slot again, free, for a review that was undone."""
    Slot.objects.filter(pk=slot_id).update(closed_at=None)
    return Slot.objects.get(pk=slot_id)


def exclude(
    *, item_id: UUID, workspace_id: UUID, user_ids: Iterable[UUID], reason: Exclusion.Reason, at: datetime
) -> None:
    """Note that people may not take an item (again); the first reason stays."""
    Exclusion.objects.bulk_create(
        [
            Exclusion(workspace_id=workspace_id, item_id=item_id, user_id=user_id, reason=reason, created_at=at)
            for user_id in user_ids
        ],
        ignore_conflicts=True,
    )


def include(*, item_id: UUID, user_id: UUID) -> None:
    """Let a person take an item again whose review was undone."""
    Exclusion.objects.filter(item_id=item_id, user_id=user_id).delete()
