"""A reviewer submits as the deadline passes: one of the two closes the gate, and the other acts accordingly."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection

from reviewqueue import pipeline
from reviewqueue.common import clock
from reviewqueue.intake.actions import gating
from reviewqueue.intake.models import Gate
from reviewqueue.review.models import Outcome
from tests.cast import Cast
from tests.races.crowd import scaled, together
from tests.steps import claim, edit, held_item, hold, on_duty

ROUNDS = 20


def at_the_deadline(cast: Cast, rounds: int) -> None:
    """Let a review and two sweepers meet at the same deadline; rounds times."""
    now = clock.now()
    for number in range(rounds):
        on_duty(cast.reviewer, now=clock.now())
        hold(cast, held_item(f"race-{number}"), now=now)
        turn = claim(cast, cast.reviewer, now=None)
        answers = together(
            lambda t=turn: pipeline.submit_review(
                assignment=t.assignment, fence=t.fence, by=t.assignment.user, judgement=edit()
            ),
            lambda: pipeline.time_out_due(now=now + timedelta(seconds=121)),
            lambda: pipeline.time_out_due(now=now + timedelta(seconds=121)),
        )
        assert [one for one in answers if isinstance(one, Exception)] == []


def told_of_each() -> list[tuple[str, list[tuple[int, str, bool]]]]:
    """Return how each gate was closed, and each version of its item: number, basis, late."""
    told = []
    for gate in Gate.objects.all():
        versions = Outcome.objects.filter(item_id=gate.item_id).order_by("publication__position")
        told.append((gate.closed_because, list(versions.values_list("version", "basis", "late"))))
    return told


IN_TIME = ("decided", [(1, "review", False)])
LATE = ("timed_out", [(1, "timeout", False), (2, "review", True)])


def test_one_of_them_closes_the_gate_and_the_other_acts_on_it(cast: Cast) -> None:
    rounds = scaled(ROUNDS)
    at_the_deadline(cast, rounds)
    told = told_of_each()
    assert len(told) == rounds
    assert [one for one in told if one not in (IN_TIME, LATE)] == []


def test_without_the_guard_on_the_gate_an_ai_system_is_told_two_things(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: looking first and closing then lets both believe that they closed it."""

    def look_then_close(*, item_ids, because, now) -> set[UUID]:
        looked = set(item_ids)
        with connection.cursor() as cursor:
            statement = "UPDATE intake_gate SET closed_at = %s, closed_because = %s WHERE item_id = ANY(%s)"
            cursor.execute(statement, [now, str(because), list(looked)])
        return looked

    monkeypatch.setattr(gating, "close_gates", look_then_close)
    monkeypatch.setattr("reviewqueue.intake.actions.close_gates", look_then_close)
    at_the_deadline(cast, ROUNDS)
    assert [one for one in told_of_each() if one not in (IN_TIME, LATE)] != []


def test_a_crowd_of_deadlines_and_sweepers_answers_each_once(cast: Cast) -> None:
    now = clock.now()
    on_duty(cast.reviewer, now=now)
    hold(cast, *[held_item(f"due-{number}") for number in range(60)], now=now)
    answers = together(*[lambda: pipeline.time_out_due(now=now + timedelta(seconds=121))] * 4)
    assert sum(answers) == 60
    assert Outcome.objects.count() == 60
