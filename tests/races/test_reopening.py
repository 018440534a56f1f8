"""Signals and appeals at the very moment of a settlement, an undo, a triage or each other: one look, none lost."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reviewqueue import pipeline
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common import clock
from reviewqueue.common.errors import Conflict
from reviewqueue.intake.models import Item, ItemState, State
from reviewqueue.pipeline import reopening
from reviewqueue.review.models import Appeal
from reviewqueue.triage.actions import take_pending
from reviewqueue.triage.models import Pending, QueueEntry, Signal, TriageDecision
from tests.cast import NOW, Cast, item
from tests.races.crowd import scaled, together
from tests.steps import edit, publish, settle, submit, triage

#: ``make faults`` takes more of them (tests/races/crowd.py).
ROUNDS = 4


def signal(item_id: Any, said_by: str = "") -> pipeline.Signalled:
    found = Item.objects.get(pk=item_id)
    return pipeline.signal(item=found, kind=Signal.Kind.COMPLAINT, said_by=said_by, by=SYSTEM, now=clock.now())


def appeal(item_id: Any) -> Appeal:
    return pipeline.appeal(item=Item.objects.get(pk=item_id), by=SYSTEM, now=clock.now())


def held(cast: Cast) -> Iterator[Any]:
    """Yield a fresh turn of the reviewer for every round."""
    for number in range(scaled(ROUNDS)):
        submit(cast, item(f"conv-{number}"))
        pipeline.triage_items(taken=take_pending(now=NOW), now=NOW)
        turn = pipeline.claim_next(membership=cast.reviewer, queues=[cast.support])
        assert turn is not None
        yield turn


def at_once(*steps: Callable[[], Any]) -> list[Any]:
    """Take steps at the same moment; only a Conflict may stand in the way of one."""
    answers = together(*steps)
    for answer in answers:
        assert not isinstance(answer, Exception) or isinstance(answer, Conflict), answer
    return answers


def review(turn: Any, cast: Cast) -> Any:
    return pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, judgement=edit()
    )


def open_stays(item_id: Any) -> int:
    return QueueEntry.objects.filter(item_id=item_id, ended_at=None).count()


def test_a_signal_while_it_settles_is_heeded_by_that_review_or_opens_another(cast: Cast) -> None:
    for turn in held(cast):
        item_id = turn.assignment.item_id
        told, _done = at_once(lambda: signal(item_id), lambda: review(turn, cast))  # noqa: B023
        looks_again = told.signal.decision_id is not None
        assert open_stays(item_id) == looks_again
        assert ItemState.objects.get(item_id=item_id).state == (State.QUEUED if looks_again else State.SETTLED)


def test_a_signal_while_it_is_undone_finds_it_open_or_closes_the_way_back(cast: Cast) -> None:
    for turn in held(cast):
        outcome = review(turn, cast).outcome
        again = lambda outcome=outcome: pipeline.undo(outcome=outcome, by=cast.reviewer.user, now=clock.now())  # noqa: E731
        told, undone = at_once(lambda: signal(outcome.item_id), again)  # noqa: B023
        assert open_stays(outcome.item_id) == 1
        assert isinstance(undone, Conflict) == (told.signal.decision_id is not None)


def before_triage(cast: Cast, number: int) -> Any:
    """Race a signal with the triage that lets an item pass; return the item's id."""
    (received,) = submit(cast, item(f"conv-{number}", confidence=0.99))
    taken = take_pending(now=NOW)
    at_once(lambda: signal(received.id), lambda: pipeline.triage_items(taken=taken, now=NOW))
    return received.id


def test_a_signal_while_triage_lets_it_pass_is_never_lost(cast: Cast) -> None:
    for number in range(scaled(ROUNDS)):
        item_id = before_triage(cast, number)
        assert ItemState.objects.get(item_id=item_id).state == State.QUEUED
        assert open_stays(item_id) == 1


def test_without_holding_the_wait_some_signals_would_be_lost(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a signal that only looks whether triage is still to come can fall between the two."""
    looked, decided = threading.Event(), threading.Event()

    def look(*, item_id: Any) -> bool:
        found = Pending.objects.filter(item_id=item_id).exists()
        looked.set()
        decided.wait(timeout=10)
        return found

    def decide() -> None:
        looked.wait(timeout=10)
        pipeline.triage_items(taken=taken, now=NOW)
        decided.set()

    monkeypatch.setattr(reopening.triage, "hold_wait", look)
    (received,) = submit(cast, item(confidence=0.99))
    taken = take_pending(now=NOW)
    at_once(lambda: signal(received.id), decide)
    assert ItemState.objects.get(item_id=received.id).state != State.QUEUED


def test_many_signals_at_once_open_one_look(cast: Cast) -> None:
    (received,) = submit(cast, item(confidence=0.99))
    triage()
    at_once(*[lambda n=n: signal(received.id, f"customer-{n}") for n in range(8)])
    assert open_stays(received.id) == 1
    assert TriageDecision.objects.filter(design="directed").count() == 1
    assert Signal.objects.count() == 8


def test_two_appeals_at_once_are_one(cast: Cast) -> None:
    for number in range(scaled(ROUNDS // 2)):
        (received,) = submit(cast, item(f"conv-{number}", confidence=0.99))
        triage()
        answers = at_once(lambda: appeal(received.id), lambda: appeal(received.id))  # noqa: B023
        assert sorted(isinstance(one, Conflict) for one in answers) == [False, True]
        assert open_stays(received.id) == 1


def test_an_appeal_while_somebody_submits_is_answered_by_somebody_else(cast: Cast) -> None:
    for number in range(scaled(ROUNDS // 2)):
        (received,) = submit(cast, item(f"conv-{number}"))
        triage()
        settle(cast, cast.reviewer2, edit())
        publish(cast)
        signal(received.id)
        turn = pipeline.claim_next(membership=cast.reviewer, queues=[cast.support])
        assert turn is not None
        opened, done = at_once(lambda: appeal(received.id), lambda: review(turn, cast))  # noqa: B023
        assert isinstance(opened, Appeal)
        assert Appeal.objects.get(pk=opened.pk).ended_at is None
        assert pipeline.claim_next(membership=cast.reviewer, queues=[cast.support]) is None
        assert open_stays(received.id) == 1
        assert isinstance(done, Conflict) or done.outcome is not None
        settle(cast, cast.lead, edit())
