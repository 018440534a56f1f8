"""A plan rehearsed by hand: the same day without it and with it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from reviewqueue.metrics.rules.overload import Measured, is_calm, reaches
from reviewqueue.metrics.rules.rehearsal import STEP, Came, Days, Shares, rehearse

BEGIN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
A, ANNA = UUID(int=1001), UUID(int=1)


@dataclass(frozen=True)
class Limits:
    """Thresholds of a plan."""

    starts_waiting: int | None = None
    ends_waiting: int | None = None
    starts_minutes_late: int | None = None
    ends_minutes_late: int | None = None


def days(a_step: float, *, steps: int = 12, thinnable: bool = True, held: int = 0) -> Days:
    """Return a morning with one person at 20 an hour, and so many items every ten minutes, due within the hour."""
    came = [
        Came(BEGIN + n * STEP, BEGIN + n * STEP + HOUR, A, "Unsure", thinnable, a_step, held=held)
        for n in range(steps)
    ]
    people = {BEGIN + n * HOUR: {ANNA: frozenset({A})} for n in range(8)}
    return Days(BEGIN, BEGIN + 8 * HOUR, came, people, 20)


def test_what_one_person_can_do_is_late_neither_way() -> None:
    found = rehearse(days(3), Shares({"Unsure": 0.5}), Limits(starts_waiting=50, ends_waiting=5))
    assert (found.without.late, found.with_plan.late, found.with_plan.runs) == (0, 0, [])


def test_thinning_keeps_promises_and_says_what_passes_unseen() -> None:
    found = rehearse(days(10), Shares({"Unsure": 0.3}), None)
    assert found.without.late > 30
    assert found.with_plan.late == pytest.approx(0, abs=1e-6)
    assert found.avoided == found.without.late
    assert found.with_plan.thinned["Unsure"] == pytest.approx(120 * 0.7)
    (seen,) = found.seen
    assert (seen.before, seen.after) == (pytest.approx(120), pytest.approx(36))


def test_high_risk_is_spared_in_the_rehearsal_too() -> None:
    found = rehearse(days(10, thinnable=False, held=2), Shares({"Unsure": 0.3}, frozenset({"Unsure"})), None)
    assert found.with_plan.late == found.without.late
    assert found.with_plan.answered == 0


def test_a_threshold_begins_the_plan_and_a_lower_one_ends_it() -> None:
    limits = Limits(starts_waiting=20, ends_waiting=4)
    found = rehearse(days(10), Shares({"Unsure": 0.05}), limits)
    begin, end = found.with_plan.runs[0]
    assert BEGIN < begin < BEGIN + HOUR
    assert end
    assert end - begin >= STEP
    assert found.with_plan.late < found.without.late
    assert 0 < found.with_plan.thinned["Unsure"] < 120 * 0.95


def test_minutes_late_begin_it_before_anything_is_late() -> None:
    found = rehearse(days(10), Shares({"Unsure": 0.1}), Limits(starts_minutes_late=10, ends_minutes_late=0))
    begin, _end = found.with_plan.runs[0]
    first_late = next(one.begins for one in found.without.hours if one.late)
    assert begin < first_late + HOUR
    assert found.with_plan.late < found.without.late


def test_between_the_thresholds_nothing_begins_and_nothing_ends() -> None:
    limits = Limits(starts_waiting=100, ends_waiting=40, starts_minutes_late=30, ends_minutes_late=5)
    between = Measured(70, 10)
    assert (reaches(limits, between), is_calm(limits, between)) == (None, False)
    assert reaches(limits, Measured(100, 0)) == ("waiting", 100)
    assert reaches(limits, Measured(0, 30)) == ("minutes_late", 30)
    assert is_calm(limits, Measured(40, 5))
    assert not is_calm(limits, Measured(40, 6))
    assert not is_calm(Limits(), Measured(0, 0))


def test_twice_the_volume_with_the_same_people() -> None:
    calm = days(3, held=1)
    twice = rehearse(calm.times(2), Shares({"Unsure": 0.5}), None)
    assert rehearse(calm, Shares(), None).without.late == 0
    assert twice.without.late > 0
    assert twice.with_plan.late == pytest.approx(0, abs=1e-6)


def test_what_waits_at_the_end_is_played_on_with_who_was_there_last() -> None:
    """Thirty items in the last ten minutes, due within the hour, of which one person does twenty and some."""
    last = BEGIN + 7 * HOUR + 5 * STEP
    came = [Came(last, last + HOUR, A, "Unsure", True, 30)]
    people = {BEGIN + 7 * HOUR: {ANNA: frozenset({A})}}
    found = rehearse(Days(BEGIN, BEGIN + 8 * HOUR, came, people, 20), Shares(), None)
    assert found.without.late == pytest.approx(30 - 20, abs=20 / 6)


def test_the_same_days_give_the_same_answer_twice() -> None:
    asked = days(7), Shares({"Unsure": 0.4}), Limits(starts_waiting=15, ends_waiting=3)
    assert rehearse(*asked) == rehearse(*asked)
