"""A withdrawal at the very moment of a triage, a claim, or a submit: one of the two wins, and never half of each."""

from collections.abc import Callable
from typing import Any

import pytest

from reviewqueue import pipeline
from reviewqueue.assignment.models import Assignment, Slot
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.errors import Conflict
from reviewqueue.intake.models import Item, ItemState, State
from reviewqueue.pipeline import withdrawing
from reviewqueue.review.models import Outcome
from reviewqueue.triage.actions import take_pending
from reviewqueue.triage.models import Pending, QueueEntry
from tests.cast import NOW, Cast, item
from tests.races.crowd import scaled, together
from tests.steps import edit, queued, submit

#: ``make faults`` takes more of them (tests/races/crowd.py).
ROUNDS = 4


def withdraw(item_id: Any) -> bool:
    return pipeline.withdraw(item=Item.objects.get(pk=item_id), by=SYSTEM, now=NOW)


def race(item_id: Any, step: Callable[[], Any]) -> tuple[Any, Any]:
    """Withdraw an item while a step is taken; both may lose by a Conflict, neither by anything else."""
    withdrawn, done = together(lambda: withdraw(item_id), step)
    for answer in (withdrawn, done):
        assert not isinstance(answer, Exception) or isinstance(answer, Conflict), answer
    return withdrawn, done


def left_open() -> list[Any]:
    """Return what still waits for an item that was withdrawn."""
    gone = ItemState.objects.filter(state=State.WITHDRAWN).values("item_id")
    return [
        *Pending.objects.filter(item_id__in=gone),
        *QueueEntry.objects.filter(item_id__in=gone, ended_at=None),
        *Slot.objects.filter(item_id__in=gone, closed_at=None),
        *Assignment.objects.filter(item_id__in=gone, ended_at=None),
        *Outcome.objects.filter(item_id__in=gone),
    ]


def triage_while_withdrawn(cast: Cast, number: int) -> None:
    (received,) = submit(cast, item(f"conv-{number}"))
    taken = take_pending(now=NOW)
    withdrawn, _done = race(received.id, lambda: pipeline.triage_items(taken=taken, now=NOW))
    assert withdrawn is True


def test_a_triage_never_brings_it_back(cast: Cast) -> None:
    for number in range(scaled(ROUNDS)):
        triage_while_withdrawn(cast, number)
    assert set(ItemState.objects.values_list("state", flat=True)) == {State.WITHDRAWN}
    assert left_open() == []


def test_a_withdrawal_that_does_not_wait_for_triage_leaves_a_slot_behind(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without closing the wait first, some triage commits after the look at the stay."""
    monkeypatch.setattr(withdrawing.triage, "stop_waiting", lambda **_: None)
    broken = 0
    for number in range(60):
        (received,) = submit(cast, item(f"conv-{number}"))
        taken = take_pending(now=NOW)
        together(lambda: withdraw(received.id), lambda: pipeline.triage_items(taken=taken, now=NOW))  # noqa: B023
        broken = len(left_open())
        if broken:
            break
    assert broken


def test_a_claim_gets_it_or_does_not_and_nobody_holds_it_afterwards(cast: Cast) -> None:
    for number in range(scaled(ROUNDS)):
        (received,) = submit(cast, item(f"conv-{number}"))
        pipeline.triage_items(taken=take_pending(now=NOW), now=NOW)
        withdrawn, _done = race(
            received.id, lambda: pipeline.claim_next(membership=cast.reviewer, queues=[cast.support])
        )
        assert withdrawn is True
    assert left_open() == []


def test_a_submit_settles_it_or_is_told_that_it_is_not_needed(cast: Cast) -> None:
    settled = 0
    for _round in range(scaled(ROUNDS)):
        (received,) = submit(cast, item(f"conv-{_round}"))
        pipeline.triage_items(taken=take_pending(now=NOW), now=NOW)
        turn = pipeline.claim_next(membership=cast.reviewer, queues=[cast.support])
        assert turn is not None
        withdrawn, done = race(received.id, lambda: review(turn, cast))  # noqa: B023
        assert isinstance(withdrawn, Conflict) != isinstance(done, Conflict)
        settled += not isinstance(done, Conflict)
    assert left_open() == []
    assert Outcome.objects.count() == settled


def review(turn: Any, cast: Cast) -> Any:
    return pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, judgement=edit()
    )


def test_an_escalation_moves_it_on_and_the_withdrawal_finds_it_there(cast: Cast) -> None:
    for number in range(scaled(ROUNDS)):
        (received,) = submit(cast, item(f"conv-{number}"))
        pipeline.triage_items(taken=take_pending(now=NOW), now=NOW)
        turn = pipeline.claim_next(membership=cast.reviewer, queues=[cast.support])
        assert turn is not None
        given = {"assignment": turn.assignment, "fence": turn.fence, "by": cast.reviewer.user}
        withdrawn, _done = race(received.id, lambda: pipeline.escalate(**given, question="Whose?"))  # noqa: B023
        assert withdrawn is True
    assert left_open() == []


def test_two_withdrawals_at_once_are_one(cast: Cast) -> None:
    for received in queued(cast, 4):
        answers = together(lambda: withdraw(received.id), lambda: withdraw(received.id))  # noqa: B023
        assert sorted(answers) == [False, True]
