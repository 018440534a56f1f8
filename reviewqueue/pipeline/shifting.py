"""Shifted: a lead moves an item along its line or to another queue, keeps it back, or gives it to somebody else.

Each verb looks first whether the item still stands so that it can be done, and says in one word why it cannot
(`Refused`). Only what waits for people can be shifted; what was decided meanwhile is gone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import User
from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.actions import shifting
from reviewqueue.assignment.models import Assignment, BulkAction, Hold, Slot
from reviewqueue.assignment.standing import FURTHEST_AHEAD, Asked, Standing, obstacle, people_of, standings
from reviewqueue.audit.actions import record_all
from reviewqueue.common.errors import Conflict
from reviewqueue.common.failpoints import failpoint
from reviewqueue.intake import actions as intake
from reviewqueue.intake.models import Item, State
from reviewqueue.queues.models import Queue
from reviewqueue.queues.rules import Stopped
from reviewqueue.triage import actions as triage
from reviewqueue.triage.actions.shifting import moved, shift
from reviewqueue.triage.models import QueueEntry

from .moves import hold_open_stay, item_event, move
from .taking import assign, take_away

Verb = BulkAction.Verb


class Refused(Conflict):
    """The item does not stand so that this can be done."""

    slug = "refused"

    def __init__(self, because: str) -> None:
        self.because = because
        super().__init__(because_words(because))


def because_words(because: str) -> str:
    """Return in words what kept an item from what a lead asked for."""
    words = {
        "gone": _("It waits for nobody any more: it was decided, or withdrawn."),
        "waited_for": _("An AI system waits for it: it goes by its deadline, ahead of all others."),
        "with_a_lead": _("It waits for a lead: decide it, hand it on, or hand it back."),
        "on_hold": _("It is on hold; lift that first."),
        "not_on_hold": _("It is not on hold."),
        "in_hand": _("Somebody has it in hand at this moment."),
        "there_already": _("It waits in that queue already."),
        "nobody_there": _("Too few people of that queue may review it: they lack its language, or have had it."),
        "at_the_end": _("It is a whole day from its ordinary place already, and that is the limit."),
        "theirs_already": _("This person has it already."),
        "several": _("Several people have it in hand; choose one of them on its page."),
        "not_for_them": _("This person may not review it: they have had it, or do not review here."),
        "stopped": _("Work on it is stopped, so it is given to nobody."),
        "not_allowed": _("Who asked for it is no lead any more."),
        "cancelled": _("It was taken back before it was done."),
        "changed": _("It is no longer as it was left."),
        "failed": _("It failed through a fault of ours, and is as it was."),
    }
    return words.get(because, because)


# --- along the line ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shifted:
    """A stay at its new place, and how far ahead of its ordinary one it was before, in minutes."""

    entry: QueueEntry
    was_ahead: int


def raise_rank(*, item: Item, minutes: int, by: Viewer, now: datetime, action_id: UUID | None = None) -> Shifted:
    """Pull an item ahead in its line by so many minutes, at most a day ahead of its place in all. Raises Refused."""
    return _shift(item, Asked(Verb.RAISE, minutes=minutes), by, now, action_id)


def lower_rank(*, item: Item, minutes: int, by: Viewer, now: datetime, action_id: UUID | None = None) -> Shifted:
    """Put an item behind in its line by so many minutes, at most a day behind its place in all. Raises Refused."""
    return _shift(item, Asked(Verb.LOWER, minutes=minutes), by, now, action_id)


def _shift(item: Item, asked: Asked, by: Viewer, now: datetime, action_id: UUID | None) -> Shifted:
    by.require("lead")
    with transaction.atomic():
        entry = hold_standing(item.pk, asked).entry
        was = entry.ahead_minutes
        ahead = ahead_after(asked, was)
        put_ahead({entry: ahead}, by, now, action_id)
        failpoint("shift.done")
    return Shifted(entry, was)


def ahead_after(asked: Asked, was: int) -> int:
    """Return how many minutes ahead of its ordinary place an item then is; never further than a day."""
    step = asked.minutes if asked.verb == Verb.RAISE else -asked.minutes
    return max(-FURTHEST_AHEAD, min(FURTHEST_AHEAD, was + step))


def put_ahead(ahead: Mapping[QueueEntry, int], by: Viewer, now: datetime, action_id: UUID | None) -> None:
    """Put stays, which the caller holds, and their slots to places in their lines: both move together."""
    steps = {entry: minutes - entry.ahead_minutes for entry, minutes in ahead.items()}
    shift(ahead=ahead)
    turns.rerank(ranks={entry.pk: entry.rank for entry in ahead})
    record_all(
        shift_event(entry, Verb.RAISE if step > 0 else Verb.LOWER, by, now, action_id, minutes=abs(step))
        for entry, step in steps.items()
    )


# --- out of the line, and back ------------------------------------------------------------------------------------


def hold(*, item: Item, until: datetime | None, by: Viewer, now: datetime, action_id: UUID | None = None) -> Hold:
    """Keep an item from everybody, until a time or until somebody lifts that. Raises Refused."""
    by.require("lead")
    assert by.user is not None
    with transaction.atomic():
        entry = hold_standing(item.pk, Asked(Verb.HOLD, until=until)).entry
        try:
            held = shifting.hold(entry=entry, until=until, by=by.user, at=now)
        except Conflict:
            raise Refused("in_hand") from None
        until_at = until.isoformat() if until else None
        tell_shift(entry, Verb.HOLD, by, now, action_id, until=until_at)
    return held


def release_hold(*, item: Item, by: Viewer, now: datetime, action_id: UUID | None = None) -> Hold:
    """Let an item on hold back into its line, at its place. Raises Refused."""
    by.require("lead")
    assert by.user is not None
    with transaction.atomic():
        standing = hold_standing(item.pk, Asked(Verb.RELEASE_HOLD))
        assert standing.hold is not None
        shifting.lift(held=standing.hold, by=by.user, at=now)
        tell_shift(standing.entry, Verb.RELEASE_HOLD, by, now, action_id)
    return standing.hold


# --- to somebody else, and to another queue -----------------------------------------------------------------------


def reassign(
    *,
    item: Item,
    to: User,
    by: Viewer,
    now: datetime,
    assignment: Assignment | None = None,
    action_id: UUID | None = None,
) -> tuple[turns.Turn, Assignment | None]:
    """Give an item to a person: from whoever has it in hand (``assignment``, when several do), else from its line.

    Return the new turn and the one that it ended. Raises Refused.
    """
    by.require("lead")
    with transaction.atomic():
        standing = hold_standing(item.pk, Asked(Verb.REASSIGN, to=to), but="several" if assignment else "")
        before = assignment or next(iter(standing.turns), None)
        if before:
            take_away(assignment=before, by=by, now=now)
        slot = Slot.objects.get(pk=before.slot_id) if before else _free_slot(standing.entry)
        try:
            turn = assign(slot=slot, to=to, by=by, now=now)
        except Stopped:
            raise Refused("stopped") from None
        except Conflict:
            raise Refused("not_for_them") from None
        failpoint("reassign.done")
    return turn, before


def _free_slot(entry: QueueEntry) -> Slot:
    """Return a review that nobody holds, one that somebody has put aside last."""
    free = Slot.objects.filter(entry=entry, closed_at=None, holder=None).select_related("entry")
    slot = free.order_by(F("held_until").asc(nulls_first=True), "number").first()
    if slot is None:
        raise Refused("gone")
    return slot


def move_entry(
    *, item: Item, to: Queue, by: Viewer, now: datetime, action_id: UUID | None = None
) -> tuple[QueueEntry, QueueEntry]:
    """Move an item to another queue: its stay ends, and another begins with the same promise and place.

    Reviews given already stay on record, and whoever has had the item does not get it there either. Who has it in
    hand at this moment is told that their turn is over, and keeps what they wrote. Return both stays. Raises Refused.
    """
    by.require("lead")
    with transaction.atomic():
        standing = hold_standing(item.pk, Asked(Verb.MOVE, queue=to))
        (stay,) = move_entries([standing], to, by, now, action_id)
        failpoint("move_entry.done")
    return standing.entry, stay


def move_entries(
    standing: Sequence[Standing], to: Queue, by: Viewer, now: datetime, action_id: UUID | None
) -> list[QueueEntry]:
    """Move items, whose stays the caller holds, in a few statements however many they are; return the new stays."""
    entries = [one.entry for one in standing]
    end_moved(entries, by, now)
    stays = [moved(entry=one, to=to, now=now) for one in entries]
    triage.place(entries=stays)
    for kind in sorted({one.kind for one in standing}):
        of_kind = [stay for stay, one in zip(stays, standing, strict=True) if one.kind == kind]
        turns.open_slots(entries=of_kind, kind=Slot.Kind(kind))
    show_queued(entries, now)
    record_all(shift_event(one, Verb.MOVE, by, now, action_id, queue=str(to.pk)) for one in entries)
    return stays


def end_moved(entries: Sequence[QueueEntry], by: Viewer, now: datetime) -> None:
    """End stays, which the caller holds, from which items are moved, with the turns in them."""
    ids = [one.pk for one in entries]
    turns.close_all_open_slots(entry_ids=ids, reason=Assignment.End.REASSIGNED, by=by.user, at=now)
    triage.end_stays(entries=entries, reason=QueueEntry.End.MOVED, by=by.user, now=now)


def show_queued(entries: Sequence[QueueEntry], now: datetime) -> None:
    """Show items that were moved as waiting; states are held in one order, as everywhere."""
    item_ids = [one.item_id for one in entries]
    intake.hold_states(item_ids=item_ids)
    move(item_ids, State.QUEUED, now, of=[State.QUEUED, State.IN_REVIEW])


def hold_standing(item_id: UUID, asked: Asked, *, but: str = "") -> Standing:
    """Keep an item where it stands to the end of the transaction. Raises Refused, but not for ``but``."""
    entry = hold_open_stay(item_id)
    standing = standings([item_id]).get(item_id)
    if entry is None or standing is None:
        raise Refused("gone")
    because = obstacle(asked, standing, people_of(asked, workspace_id=entry.workspace_id))
    if because and because != but:
        raise Refused(because)
    return standing


def tell_shift(entry: QueueEntry, verb: str, by: Viewer, now: datetime, action_id: UUID | None, **data: Any) -> None:
    """Record what a lead did to an item; its action holds why, in their words."""
    record_all([shift_event(entry, verb, by, now, action_id, **data)])


def shift_event(
    entry: QueueEntry, verb: str, by: Viewer, now: datetime, action_id: UUID | None, **data: Any
) -> dict[str, Any]:
    """Return the audit event of what a lead did to an item."""
    if action_id:
        data["action"] = str(action_id)
    return item_event(entry.workspace_id, str(verb), entry.item_id, by.actor, now, **data)
