"""Who was away past the lease changes nothing (I-8), is told so, and keeps the draft."""

from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection

from reviewqueue import pipeline
from reviewqueue.accounts.models import Membership
from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.actions import Turn
from reviewqueue.assignment.actions.keeping import TurnOver
from reviewqueue.assignment.models import Draft, Slot
from reviewqueue.common.clock import database_now
from reviewqueue.review.models import Outcome, Review
from tests.cast import Cast
from tests.races.crowd import scaled, together
from tests.steps import claim, edit, queued

TYPED = {"content": "what the sleeper had typed"}


def run_out() -> None:
    """Let every lease run out, and sweep."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE assignment_slot SET expires_at = clock_timestamp() - interval '1 second'"
            " WHERE holder_id IS NOT NULL"
        )
    pipeline.expire_due()


def submit(turn: Turn, text: str = "It will arrive on Monday."):
    return pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=turn.assignment.user, judgement=edit(text)
    )


def wake(turn: Turn):
    """Resume after the sleep as a browser does: send the draft, then submit."""
    with suppress(TurnOver):
        pipeline.heartbeat(assignment=turn.assignment, fence=turn.fence, draft=TYPED)
    return submit(turn, "The sleeper's words.")


def take_over(cast: Cast, who: Membership, queue: str = "support"):
    turn = claim(cast, who, queue=queue, now=None)
    return submit(turn) if turn else None


def is_refusal(answer: object) -> bool:
    return isinstance(answer, TurnOver) and answer.status == 409


def sleep_through(cast: Cast, count: int) -> list:
    """Let somebody sleep through their turn, and wake up just as somebody else takes the item; count times."""
    answers = []
    for _round in range(count):
        sleeper = claim(cast, cast.reviewer, now=None)
        run_out()
        answers.append((sleeper, together(lambda s=sleeper: wake(s), lambda: take_over(cast, cast.reviewer2))))
        run_out()
    return answers


def test_a_sleeper_and_a_successor_never_both_settle(cast: Cast) -> None:
    queued(cast, scaled(80))
    for sleeper, (woken, _successor) in sleep_through(cast, scaled(40)):
        assert not isinstance(woken, Exception) or is_refusal(woken)
        assert Draft.objects.get(assignment=sleeper.assignment).body == TYPED
    assert reviews_too_many() == 0
    assert outcomes_too_many() == 0


def reviews_too_many() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT a.slot_id FROM review_review r JOIN assignment_assignment a"
            " ON a.id = r.assignment_id GROUP BY a.slot_id HAVING count(*) > 1) t"
        )
        return cursor.fetchone()[0]


def outcomes_too_many() -> int:
    return Outcome.objects.filter(version__gt=1).count()


def sleep_while_others_work(cast: Cast) -> list:
    """Let twenty turns run out, have others do the work, then let all sleepers submit."""
    sleepers = [claim(cast, cast.reviewer, queue="careful", now=None) for _ in range(20)]
    run_out()
    while take_over(cast, cast.reviewer2, queue="careful"):
        pass
    return [together(lambda s=sleeper: wake(s))[0] for sleeper in sleepers if sleeper]


def test_every_late_sleeper_is_refused_and_keeps_the_draft(cast: Cast) -> None:
    queued(cast, 20, risk={"level": "high"})
    refused = sleep_while_others_work(cast)
    assert len(refused) == 20
    assert all(is_refusal(one) for one in refused)
    assert Draft.objects.count() == 20
    assert reviews_too_many() == 0


def test_without_the_fence_a_sleeper_judges_a_second_time(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the story above with the check of the fence taken out."""
    queued(cast, 20, risk={"level": "high"})
    monkeypatch.setattr(
        turns, "held_slot", lambda **of: SimpleNamespace(assignment=of["assignment"], at=database_now())
    )
    sleep_while_others_work(cast)
    assert reviews_too_many() > 0


def test_one_reviewer_in_two_tabs_settles_once(cast: Cast) -> None:
    queued(cast, 20)
    for _round in range(20):
        turn = claim(cast, cast.reviewer, now=None)
        answers = together(lambda t=turn: submit(t, "one"), lambda t=turn: submit(t, "two"))
        assert sum(is_refusal(one) for one in answers) == 1
    assert (Outcome.objects.count(), Review.objects.count()) == (20, 20)


def test_two_tabs_never_get_the_same_item(cast: Cast) -> None:
    queued(cast, 30, risk={"level": "high"})
    for _round in range(15):
        first, second = together(*[lambda: claim(cast, cast.reviewer, queue="careful", now=None)] * 2)
        assert first.assignment.item_id != second.assignment.item_id


def test_nobody_is_both_reviewers_of_an_item_by_running_out_in_between(cast: Cast) -> None:
    queued(cast, 1, risk={"level": "high"})
    first = claim(cast, cast.reviewer, queue="careful", now=None)
    run_out()
    Slot.objects.filter(pk=first.assignment.slot_id).update(rank=10**15)  # so that the other slot comes first
    second = claim(cast, cast.reviewer, queue="careful", now=None)
    assert second.assignment.entry_id == first.assignment.entry_id
    answers = together(lambda: submit(first), lambda: submit(second))
    assert sum(is_refusal(one) for one in answers) == 1
    assert Review.objects.count() == 1


def test_a_heartbeat_renews_only_a_lease_still_held(cast: Cast) -> None:
    queued(cast)
    turn = claim(cast, cast.reviewer, now=None)
    assert pipeline.heartbeat(assignment=turn.assignment, fence=turn.fence) >= turn.expires_at
    run_out()
    for fence in (turn.fence, turn.fence + 1):
        with pytest.raises(TurnOver):
            pipeline.heartbeat(assignment=turn.assignment, fence=fence, draft=TYPED)
    assert Draft.objects.get().saved_at <= database_now() + timedelta(seconds=1)
