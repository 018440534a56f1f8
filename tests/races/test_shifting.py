"""A lead shifts an item at the very moment at which somebody claims, submits, escalates or shifts it too."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError

from reviewqueue import pipeline
from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.models import Assignment, BulkStep, Slot
from reviewqueue.assignment.standing import Asked
from reviewqueue.common.errors import Conflict
from reviewqueue.intake.models import Item, ItemState, State
from reviewqueue.pipeline import reviewing, shifting
from reviewqueue.review.models import Outcome
from reviewqueue.triage.models import QueueEntry
from tests.cast import NOW, Cast, item
from tests.races.crowd import scaled, together
from tests.steps import claim, edit, submit, triage

#: ``make faults`` takes more of them (tests/races/crowd.py).
ROUNDS = 4
#: A control goes on until the fault shows, at most so often.
MOST = 60


def waiting(cast: Cast, number: int) -> Item:
    (received,) = submit(cast, item(f"conv-{number}"))
    triage()
    return Item.objects.get(pk=received.id)


def move(cast: Cast, one: Item) -> Any:
    return pipeline.move_entry(item=one, to=cast.careful, by=cast.viewer("lead"), now=NOW)


def raise_by(cast: Cast, one: Item, minutes: int) -> Any:
    return pipeline.raise_rank(item=one, minutes=minutes, by=cast.viewer("lead"), now=NOW)


def at_once(*steps: Callable[[], Any]) -> list[Any]:
    """Take steps at the same moment; only a Conflict may stand in the way of one."""
    answers = together(*steps)
    for answer in answers:
        assert not isinstance(answer, Exception) or isinstance(answer, Conflict), repr(answer)
    return answers


def review(turn: Any) -> Any:
    return pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=turn.assignment.user, judgement=edit()
    )


def broken() -> list[Any]:
    """Return what cannot be: turns at closed slots, places that differ, stays of what is decided or waits twice."""
    settled = ItemState.objects.filter(state=State.SETTLED).values("item_id")
    return [
        *Assignment.objects.filter(ended_at=None, slot__closed_at__isnull=False),
        *Slot.objects.filter(closed_at=None, entry__ended_at__isnull=False),
        *[one for one in Slot.objects.filter(closed_at=None).select_related("entry") if one.rank != one.entry.rank],
        *QueueEntry.objects.filter(item_id__in=settled, ended_at=None),
        *ItemState.objects.filter(
            state=State.QUEUED, item_id__in=Assignment.objects.filter(ended_at=None).values("item_id")
        ),
    ]


# --- move ---------------------------------------------------------------------------------------------------------


def test_a_move_and_a_claim_at_once_leave_it_in_one_queue_with_one_holder_at_most(cast: Cast) -> None:
    for number in range(scaled(ROUNDS)):
        one = waiting(cast, number)
        moved, _claimed = at_once(lambda: move(cast, one), lambda: claim(cast, cast.reviewer, now=None))  # noqa: B023
        assert not isinstance(moved, Exception)
        assert QueueEntry.objects.get(item=one, ended_at=None).queue_id == cast.careful.pk
        assert broken() == []


def test_a_page_of_moves_and_claims_at_once_leave_each_item_in_one_queue(cast: Cast) -> None:
    for number in range(scaled(ROUNDS)):
        ids = [waiting(cast, 10 * number + place).pk for place in range(4)]
        asked = {"asked": Asked("move", queue=cast.careful), "item_ids": ids, "reason": "Wrong line."}
        moved, *_claimed = at_once(
            lambda: pipeline.begin_bulk(**asked, by=cast.viewer("lead"), now=NOW),  # noqa: B023
            lambda: claim(cast, cast.reviewer, now=None),
            lambda: claim(cast, cast.reviewer2, now=None),
        )
        assert not isinstance(moved, Exception)
        assert BulkStep.objects.filter(action=moved).exclude(done_at=None).count() == len(ids)
        assert QueueEntry.objects.filter(item__in=ids, ended_at=None, queue=cast.careful).count() == len(ids)
        assert broken() == []


def test_ending_the_turns_before_the_slots_leaves_a_turn_behind(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a claim between the two is seen by neither."""
    between, claimed = threading.Event(), threading.Event()

    def turns_first(*, entry_ids, reason, by, at) -> None:
        Assignment.objects.filter(entry_id__in=entry_ids, ended_at=None).update(ended_at=at, end_reason=reason)
        between.set()
        claimed.wait(timeout=5)
        Slot.objects.filter(entry_id__in=entry_ids, closed_at=None).update(holder=None, expires_at=None, closed_at=at)

    def take() -> None:
        between.wait(timeout=5)
        claim(cast, cast.reviewer, now=None)
        claimed.set()

    monkeypatch.setattr(turns, "close_all_open_slots", turns_first)
    one = waiting(cast, 1)
    together(lambda: move(cast, one), take)
    assert broken(), "the protection was taken away, and nothing broke"


def test_a_move_and_a_submit_at_once_settle_it_or_move_it_and_never_both(cast: Cast) -> None:
    settled = 0
    for number in range(scaled(ROUNDS)):
        one = waiting(cast, number)
        turn = claim(cast, cast.reviewer, now=None)
        moved, done = at_once(lambda: move(cast, one), lambda: review(turn))  # noqa: B023
        assert isinstance(moved, Exception) != isinstance(done, Exception)
        settled += not isinstance(done, Exception)
        assert broken() == []
    assert Outcome.objects.count() == settled


def test_a_submit_that_does_not_hold_the_stay_first_meets_the_move_halfway(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: each holds what the other needs, and PostgreSQL ends one of them."""
    monkeypatch.setattr(reviewing, "hold_stay", lambda one: QueueEntry.objects.get(pk=one.entry_id))
    for number in range(MOST):
        one = waiting(cast, number)
        turn = claim(cast, cast.reviewer, now=None)
        answers = together(lambda: move(cast, one), lambda: review(turn))  # noqa: B023
        if any(isinstance(answer, OperationalError) for answer in answers):
            return
    raise AssertionError("the protection was taken away, and nothing broke")


# --- raise --------------------------------------------------------------------------------------------------------


def test_a_raise_and_a_claim_at_once_both_happen_and_the_slot_keeps_the_place_of_its_stay(cast: Cast) -> None:
    for number in range(scaled(ROUNDS)):
        one = waiting(cast, number)
        before = QueueEntry.objects.get(item=one).rank
        raised, turn = at_once(lambda: raise_by(cast, one, 60), lambda: claim(cast, cast.reviewer, now=None))  # noqa: B023
        assert not isinstance(raised, Exception)
        assert turn is not None
        assert QueueEntry.objects.get(item=one).rank == before - 60 * 60_000
        assert broken() == []
        review(turn)


def test_two_leads_who_raise_it_at_once_raise_it_by_both(cast: Cast) -> None:
    for number in range(scaled(ROUNDS)):
        one = waiting(cast, number)
        at_once(lambda: raise_by(cast, one, 60), lambda: raise_by(cast, one, 30))  # noqa: B023
        assert QueueEntry.objects.get(item=one).ahead_minutes == 90
        assert broken() == []


def test_a_raise_and_an_escalation_at_once_never_lose_the_raise(cast: Cast) -> None:
    for number in range(scaled(ROUNDS)):
        one = waiting(cast, number)
        turn = claim(cast, cast.reviewer, now=None)
        given = {"assignment": turn.assignment, "fence": turn.fence, "by": cast.reviewer.user, "question": "Whose?"}
        at_once(lambda: raise_by(cast, one, 60), lambda: pipeline.escalate(**given))  # noqa: B023
        assert QueueEntry.objects.get(item=one, ended_at=None).ahead_minutes == 60
        assert broken() == []


def test_without_the_hold_one_of_two_raises_is_lost(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: both read the same place, and the last one writes over the other."""
    monkeypatch.setattr(
        shifting,
        "hold_open_stay",
        lambda item_id: QueueEntry.objects.filter(item_id=item_id, ended_at=None).first(),
    )
    for number in range(MOST):
        one = waiting(cast, number)
        together(lambda: raise_by(cast, one, 60), lambda: raise_by(cast, one, 30))  # noqa: B023
        if QueueEntry.objects.get(item=one).ahead_minutes != 90:
            return
    raise AssertionError("the protection was taken away, and nothing was lost")


# --- hold ---------------------------------------------------------------------------------------------------------


def test_a_hold_and_a_claim_at_once_one_of_them_has_it(cast: Cast) -> None:
    for number in range(scaled(ROUNDS)):
        one = waiting(cast, number)
        held, turn = at_once(
            lambda: pipeline.hold(item=one, until=None, by=cast.viewer("lead"), now=NOW),  # noqa: B023
            lambda: claim(cast, cast.reviewer, now=None),
        )
        assert isinstance(held, Exception) == (turn is not None)
        assert not Slot.objects.filter(holder__isnull=False, held_until__isnull=False).exists()
        if turn:
            review(turn)
