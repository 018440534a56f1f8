"""Two last reviews at the same moment settle an item once, and one of them does settle it."""

import pytest

from reviewqueue import pipeline
from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.models import Assignment, Slot
from reviewqueue.intake.models import ItemState
from reviewqueue.pipeline import reviewing
from reviewqueue.queues.models import Queue
from reviewqueue.review.models import Disagreement, Escalation, Outcome
from reviewqueue.triage.models import QueueEntry
from tests.cast import Cast, item
from tests.races.crowd import scaled, together
from tests.steps import claim, edit, queued, submit, triage

ROUNDS = 25


def both_last(cast: Cast, rounds: int, *, agree: bool = True) -> list:
    """Let two reviewers submit their reviews of an item at the same moment; rounds times."""
    queued(cast, rounds, risk={"level": "high"})
    answers = []
    for _round in range(rounds):
        held = [claim(cast, who, queue="careful", now=None) for who in (cast.reviewer, cast.reviewer2)]
        texts = ["Monday.", "Monday." if agree else "Tuesday."]
        answers += together(*[lambda t=t, x=x: judge(t, x) for t, x in zip(held, texts, strict=True)])
    return answers


def judge(turn, text: str):
    return pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=turn.assignment.user, judgement=edit(text)
    )


def unsettled() -> int:
    return ItemState.objects.exclude(state="settled").count()


def test_two_last_reviews_settle_once(cast: Cast) -> None:
    rounds = scaled(ROUNDS)
    answers = both_last(cast, rounds)
    assert [one for one in answers if isinstance(one, Exception)] == []
    assert (Outcome.objects.count(), unsettled()) == (rounds, 0)


def test_two_last_reviews_that_differ_ask_a_lead_once(cast: Cast) -> None:
    answers = both_last(cast, 10, agree=False)
    assert [one for one in answers if isinstance(one, Exception)] == []
    assert (Escalation.objects.count(), Outcome.objects.count()) == (10, 0)


def test_without_the_hold_on_the_entry_both_think_the_other_is_last(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: nobody settles when neither sees the other's closed slot."""
    monkeypatch.setattr(reviewing, "hold_stay", lambda one: QueueEntry.objects.get(pk=one.entry_id))
    both_last(cast, ROUNDS)
    assert unsettled() > 0


def three_at_work(cast: Cast, rounds: int) -> list:
    """Let three hold an item whose majority settles it, and submit at the same moment; rounds times."""
    majority(cast)
    queued(cast, rounds, risk={"level": "high"})
    answers = []
    for _round in range(rounds):
        people = (cast.reviewer, cast.reviewer2, cast.lead)
        held = [claim(cast, who, queue="careful", now=None) for who in people]
        texts = ["Monday.", "Monday.", "Tuesday."]
        answers += together(*[lambda t=t, x=x: judge(t, x) for t, x in zip(held, texts, strict=True)])
    return answers


def test_three_reviews_at_once_settle_once_by_their_majority_and_none_is_lost(cast: Cast) -> None:
    rounds = scaled(ROUNDS // 5)
    answers = three_at_work(cast, rounds)
    assert [one for one in answers if isinstance(one, Exception)] == []
    assert (Outcome.objects.count(), unsettled()) == (rounds, 0)
    assert set(Outcome.objects.values_list("basis", "decision", "reviewers")) == {("agreement", "edit", 3)}
    assert Disagreement.objects.count() == rounds


def test_without_the_hold_nobody_counts_as_the_last_of_three(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: each sees the others still at work, and waits for them for ever."""
    monkeypatch.setattr(reviewing, "hold_stay", lambda one: QueueEntry.objects.get(pk=one.entry_id))
    three_at_work(cast, ROUNDS // 3)
    assert unsettled() > 0


def second_of_three(cast: Cast, number: int) -> tuple:
    """Let one of three reviews be in, and another be submitted while somebody claims the third."""
    (received,) = submit(cast, item(f"third-{number}", risk={"level": "high"}))
    triage()
    first = claim(cast, cast.reviewer, queue="careful", now=None)
    judge(first, "Monday.")
    second = claim(cast, cast.reviewer2, queue="careful", now=None)
    answers = together(lambda: judge(second, "Monday."), lambda: claim(cast, cast.lead, queue="careful", now=None))
    return received.id, answers


def majority(cast: Cast) -> None:
    Queue.objects.filter(pk=cast.careful.pk).update(reviews_required=3, agreement="majority")
    cast.careful.refresh_from_db()


def left_with_a_closed_slot() -> int:
    return Assignment.objects.filter(ended_at=None, slot__closed_at__isnull=False).count()


def test_a_majority_and_a_claim_of_the_third_at_once_leave_nobody_with_a_closed_slot(cast: Cast) -> None:
    """Either it is settled and the third gets nothing, or the third is at work and is waited for."""
    majority(cast)
    for number in range(scaled(ROUNDS // 6)):
        item_id, (done, turn) = second_of_three(cast, number)
        assert not isinstance(done, Exception)
        assert not isinstance(turn, Exception)
        assert (done.outcome is None) == (turn is not None)
        assert left_with_a_closed_slot() == 0
        if turn:
            assert judge(turn, "Tuesday.").outcome is not None
        assert ItemState.objects.get(item_id=item_id).state == "settled"


def test_closing_what_somebody_claims_at_this_moment_leaves_them_with_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: closing without a look at who holds it takes it from under a claim."""

    def close(*, entry_id, at) -> bool:
        Slot.objects.filter(entry_id=entry_id, closed_at=None).update(closed_at=at)
        return True

    monkeypatch.setattr(turns, "close_unneeded", close)
    majority(cast)
    for number in range(60):
        second_of_three(cast, number)
        if left_with_a_closed_slot():
            return
    raise AssertionError("the protection was taken away, and nothing broke")


def test_who_claims_while_another_escalates_is_left_with_nothing_open(cast: Cast) -> None:
    """A claim and the closing of the same entry's slots never leave a turn open at a closed slot."""
    queued(cast, ROUNDS, risk={"level": "high"})
    for _round in range(ROUNDS):
        turn = claim(cast, cast.reviewer, queue="careful", now=None)
        together(
            lambda t=turn: pipeline.escalate(
                assignment=t.assignment, fence=t.fence, by=t.assignment.user, question="Whose?"
            ),
            lambda: claim(cast, cast.reviewer2, queue="careful", now=None),
        )
        assert not Assignment.objects.filter(ended_at=None, slot__closed_at__isnull=False).exists()
        set_aside(cast)


def set_aside(cast: Cast) -> None:
    """Put what the second reviewer holds out of the way of the next round."""
    for turn in Assignment.objects.filter(user=cast.reviewer2.user, ended_at=None):
        Slot.objects.filter(entry_id=turn.entry_id).update(rank=10**15)
        pipeline.give_back(assignment=turn, fence=turn.fence, by=turn.user, reason="")


def test_a_claim_and_a_return_at_once_never_show_a_held_item_as_waiting(cast: Cast) -> None:
    queued(cast, ROUNDS, risk={"level": "high"})
    for _round in range(ROUNDS):
        turn = claim(cast, cast.reviewer, queue="careful", now=None)
        together(
            lambda t=turn: pipeline.give_back(
                assignment=t.assignment, fence=t.fence, by=t.assignment.user, reason=""
            ),
            lambda: claim(cast, cast.reviewer2, queue="careful", now=None),
        )
        held = Assignment.objects.filter(ended_at=None).values("item_id")
        assert not ItemState.objects.filter(item_id__in=held, state="queued").exists()
        set_aside(cast)
