"""The AI system takes an item back: nobody works on it for nothing, and nothing brings it back."""

from datetime import timedelta

import pytest

from reviewqueue import pipeline
from reviewqueue.assignment.actions import NoLongerNeeded
from reviewqueue.assignment.models import Slot
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.intake.models import Item, ItemState, State
from reviewqueue.pipeline.withdrawing import DecidedAlready
from reviewqueue.review.models import Escalation, Outcome
from reviewqueue.triage.actions import NoLongerPending, take_pending
from reviewqueue.triage.models import Pending, QueueEntry
from tests.cast import NOW, Cast, item
from tests.steps import claim, edit, publish, queued, settle, submit, triage

LATER = NOW + timedelta(minutes=1)


def withdraw(item_id: object) -> bool:
    return pipeline.withdraw(item=Item.objects.get(pk=item_id), by=SYSTEM, now=LATER)


def state() -> str:
    return ItemState.objects.get().state


def test_before_triage_it_simply_never_reaches_a_queue(cast: Cast) -> None:
    (received,) = submit(cast, item())
    assert withdraw(received.id)
    assert triage() == 0
    assert state() == State.WITHDRAWN
    assert not QueueEntry.objects.exists()


def test_waiting_it_leaves_the_line(cast: Cast) -> None:
    (received,) = queued(cast)
    withdraw(received.id)
    assert claim(cast, cast.reviewer) is None
    assert QueueEntry.objects.get().end_reason == "withdrawn"
    assert Event.objects.filter(item_id=received.id, verb="withdraw").count() == 1


def test_whoever_has_it_in_hand_is_told_why_whatever_they_do_next(cast: Cast) -> None:
    (received,) = queued(cast)
    turn = claim(cast, cast.reviewer)
    withdraw(received.id)
    mine = {"assignment": turn.assignment, "fence": turn.fence, "now": LATER}
    for step in (
        lambda: pipeline.heartbeat(**mine, draft={"note": "half a thought"}),
        lambda: pipeline.submit_review(**mine, by=cast.reviewer.user, judgement=edit()),
        lambda: pipeline.give_back(**mine, by=cast.reviewer.user, reason="unsure"),
        lambda: pipeline.escalate(**mine, by=cast.reviewer.user, question="Whose?"),
    ):
        with pytest.raises(NoLongerNeeded, match="no longer needs"):
            step()
    assert turn.assignment.draft.body == {"note": "half a thought"}
    assert not Outcome.objects.exists()


def test_also_who_let_the_turn_run_out_before_is_told_why(cast: Cast) -> None:
    (received,) = queued(cast)
    turn = claim(cast, cast.reviewer)
    pipeline.expire_due(now=NOW + timedelta(hours=1))
    withdraw(received.id)
    with pytest.raises(NoLongerNeeded):
        pipeline.submit_review(
            assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, judgement=edit(), now=LATER
        )


def test_put_aside_or_escalated_it_does_not_come_back(cast: Cast) -> None:
    first, second = queued(cast, 2)
    turns = {one.assignment.item_id: one for one in (claim(cast, cast.reviewer), claim(cast, cast.reviewer))}
    mine = {"by": cast.reviewer.user, "now": NOW}
    put_aside, asked = turns[first.id], turns[second.id]
    pipeline.snooze(assignment=put_aside.assignment, fence=put_aside.fence, until=LATER, **mine)
    pipeline.escalate(assignment=asked.assignment, fence=asked.fence, question="Whose?", **mine)
    assert withdraw(first.id)
    assert withdraw(second.id)
    pipeline.expire_due(now=LATER + timedelta(hours=1))
    assert Escalation.objects.get().end_reason == "withdrawn"
    assert not Slot.objects.filter(closed_at=None).exists()
    assert set(ItemState.objects.values_list("state", flat=True)) == {State.WITHDRAWN}


def test_twice_is_the_same_as_once(cast: Cast) -> None:
    (received,) = queued(cast)
    assert [withdraw(received.id), withdraw(received.id)] == [True, False]
    assert Event.objects.filter(verb="withdraw").count() == 1


def test_what_people_or_triage_decided_stays_decided(cast: Cast) -> None:
    judged, passed = submit(cast, item(), item("sure", confidence=0.99))
    triage()
    settle(cast, cast.reviewer, edit())
    publish(cast)
    for received in (judged, passed):
        with pytest.raises(DecidedAlready):
            withdraw(received.id)
    assert set(ItemState.objects.values_list("state", flat=True)) == {State.SETTLED, State.PASSED}


def test_an_outcome_taken_back_can_be_withdrawn_after_all(cast: Cast) -> None:
    (received,) = queued(cast)
    outcome = settle(cast, cast.reviewer, edit())
    pipeline.undo(outcome=outcome, by=cast.reviewer.user, now=NOW + timedelta(seconds=5))
    assert withdraw(received.id)
    assert publish(cast) == []


def test_a_triage_under_way_does_not_bring_it_back(cast: Cast) -> None:
    (received,) = submit(cast, item())
    taken = take_pending(now=NOW)
    withdraw(received.id)
    with pytest.raises(NoLongerPending):
        pipeline.triage_items(taken=taken, now=NOW)
    assert not Pending.objects.exists()
    assert state() == State.WITHDRAWN
