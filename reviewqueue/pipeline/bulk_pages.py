"""In bulk, a page at a time: what is simple enough is done to many items in one transaction, in a few statements.

The stays of a page are held before anything is read, so what is decided about each is what stands when it is written.
Whatever goes wrong, a page leaves nothing behind, and its items are done one by one.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from reviewqueue.accounts.access import Viewer
from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.actions import shifting
from reviewqueue.assignment.models import BulkAction, BulkStep, Slot
from reviewqueue.assignment.standing import Asked, Standing, obstacle, people_of, standings
from reviewqueue.audit.actions import record_all
from reviewqueue.review.models import Review
from reviewqueue.triage import actions as triage
from reviewqueue.triage.models import QueueEntry

from .moves import hold_open_stays
from .shifting import ahead_after, end_moved, move_entries, put_ahead, shift_event, show_queued

Verb = BulkAction.Verb
#: Of each step how it left its item, or in one word why it was refused.
Became = dict[UUID, dict[str, Any] | str]
Page = Callable[[Sequence[BulkStep], Viewer, datetime], Became]


def _standing(steps: Sequence[BulkStep]) -> dict[UUID, Standing]:
    """Keep the items of steps where they stand, and return how that is."""
    item_ids = [one.item_id for one in steps]
    hold_open_stays(item_ids)
    return standings(item_ids)


def _sorted_out(steps: Sequence[BulkStep], asked: Asked) -> tuple[dict[BulkStep, Standing], Became]:
    """Return the steps that can be done, with how their items stand, and why the others cannot."""
    standing, people = _standing(steps), people_of(asked, workspace_id=steps[0].workspace_id)
    why_not: Became = {}
    for one in steps:
        if because := obstacle(asked, standing.get(one.item_id), people):
            why_not[one.pk] = because
    return {one: standing[one.item_id] for one in steps if one.pk not in why_not}, why_not


# --- along the line ----------------------------------------------------------------------------------------------


def _shift(steps: Sequence[BulkStep], by: Viewer, now: datetime) -> Became:
    action = steps[0].action
    asked = Asked(action.verb, minutes=action.minutes or 0)
    possible, became = _sorted_out(steps, asked)
    ahead = {one.entry: ahead_after(asked, one.entry.ahead_minutes) for one in possible.values()}
    for step, one in possible.items():
        became[step.pk] = {"entry": str(one.entry.pk), "was": one.entry.ahead_minutes, "ahead": ahead[one.entry]}
    put_ahead(ahead, by, now, action.pk)
    return became


def _shift_back(steps: Sequence[BulkStep], by: Viewer, now: datetime) -> Became:
    standing = _standing(steps)
    ahead: dict[QueueEntry, int] = {}
    became: Became = {}
    for step in steps:
        here = standing.get(step.item_id)
        if here and (str(here.entry.pk), here.entry.ahead_minutes) == (step.left["entry"], step.left["ahead"]):
            ahead[here.entry] = step.left["was"]
        else:
            became[step.pk] = "changed"
    put_ahead(ahead, by, now, steps[0].action_id)
    return became


# --- to another queue, and back ----------------------------------------------------------------------------------


def _move(steps: Sequence[BulkStep], by: Viewer, now: datetime) -> Became:
    action = steps[0].action
    assert action.queue is not None
    possible, became = _sorted_out(steps, Asked(Verb.MOVE, queue=action.queue))
    stays = move_entries(list(possible.values()), action.queue, by, now, action.pk)
    for (step, one), stay in zip(possible.items(), stays, strict=True):
        became[step.pk] = {"from": str(one.entry.pk), "to": str(stay.pk)}
    return became


def _move_back(steps: Sequence[BulkStep], by: Viewer, now: datetime) -> Became:
    """Resume the stays that moves ended, with the reviews given in them, at the places that the items have by now."""
    standing = _standing(steps)
    were = QueueEntry.objects.select_for_update(no_key=True, of=("self",)).order_by("pk")
    was = {str(one.pk): one for one in were.filter(pk__in=[one.left["from"] for one in steps])}
    touched = _touched([one.entry.pk for one in standing.values()])
    back: dict[QueueEntry, QueueEntry] = {}
    became: Became = {}
    for step in steps:
        before, here = was[step.left["from"]], standing.get(step.item_id)
        if here and _is_as_moved(step, here, before) and here.entry.pk not in touched:
            back[here.entry] = before
        else:
            became[step.pk] = "changed"
    _resume(back, by, now, steps[0].action_id)
    return became


def _touched(stays: Sequence[UUID]) -> set[UUID]:
    """Return those of these stays in which somebody has reviewed the item, or put it aside for a while."""
    reviewed = Review.objects.filter(entry__in=stays).values_list("entry", flat=True)
    aside = Slot.objects.filter(entry__in=stays, closed_at=None, held_by__isnull=False)
    return {*reviewed, *aside.values_list("entry", flat=True)}


def _is_as_moved(step: BulkStep, here: Standing, before: QueueEntry) -> bool:
    same_stay = str(here.entry.pk) == step.left["to"]
    same_place = here.entry.ahead_minutes == before.ahead_minutes
    return same_stay and same_place and not here.turns and not here.hold


def _resume(back: dict[QueueEntry, QueueEntry], by: Viewer, now: datetime, action_id: UUID) -> None:
    end_moved(list(back), by, now)
    for stay, was in back.items():
        triage.resume_stay(entry=was, rank=stay.rank)
        turns.reopen_unreviewed(entry_id=was.pk)
    turns.rerank(ranks={was.pk: was.rank for was in back.values()})
    show_queued(list(back), now)
    record_all(shift_event(was, Verb.MOVE, by, now, action_id, queue=str(was.queue_id)) for was in back.values())


DO: dict[str, Page] = {Verb.RAISE: _shift, Verb.LOWER: _shift, Verb.MOVE: _move}
UNDO: dict[str, Page] = {Verb.RAISE: _shift_back, Verb.LOWER: _shift_back, Verb.MOVE: _move_back}


def page_of(verb: str, *, undo: bool) -> Page | None:
    """Return how a page of a verb's steps is done (or taken back), None when that goes item by item."""
    return (UNDO if undo else DO).get(verb)


def note(steps: Sequence[BulkStep], became: Became, *, undo: bool, now: datetime) -> None:
    """Note in the steps, which the caller has locked, what became of each."""
    for step in steps:
        left = became.get(step.pk, {})
        if isinstance(left, str):
            setattr(step, "undo_refused" if undo else "refused", left)
        elif undo:
            step.undone_at = now
        else:
            step.done_at, step.left = now, left
    shifting.note_steps(steps=steps, undo=undo)
