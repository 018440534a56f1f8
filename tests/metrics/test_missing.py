"""Why a promise was missed, by hand: what took most of its working time."""

from datetime import UTC, datetime, time, timedelta

import pytest

from reviewqueue.accounts.working_time import Calendar, Stretch
from reviewqueue.metrics.rules.missing import Stayed, Turn, why_missed

CAME = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DUE = CAME + timedelta(hours=2)


def at(minutes: int) -> datetime:
    return CAME + timedelta(minutes=minutes)


def turn(begin: int, end: int | None, returned: bool = True) -> Turn:
    return Turn(at(begin), None if end is None else at(end), returned and end is not None)


def why(**of) -> str:
    return str(why_missed(Stayed(placed_at=CAME, due_at=DUE, **{"people": 2, **of}))[0])


@pytest.mark.parametrize(
    ("of", "said"),
    [
        ({}, "waiting"),
        ({"people": 0}, "no_people"),
        ({"turns": [turn(30, None)]}, "in_hand"),
        ({"turns": [turn(100, None)]}, "waiting"),
        ({"turns": [turn(0, 5), turn(50, 55)]}, "returned"),
        ({"turns": [turn(0, 5)]}, "waiting"),
        ({"turns": [turn(0, 5, returned=False), turn(50, 55, returned=False)]}, "waiting"),
        ({"held": [(at(10), at(100))]}, "held"),
        ({"escalated": [(at(0), at(120))]}, "escalated"),
        ({"stopped": [(at(-60), at(90))]}, "stopped"),
        ({"stopped": [(at(0), at(120))], "turns": [turn(0, None)]}, "in_hand"),
    ],
)
def test_most_of_the_time_says_why(of: dict, said: str) -> None:
    assert why(**of) == said


def test_what_came_when_it_was_due_already_came_late() -> None:
    stay = Stayed(placed_at=DUE, due_at=DUE, people=3)
    assert why_missed(stay)[0] == "came_late"


def test_a_night_does_not_count_when_the_promise_runs_in_working_hours() -> None:
    """Put aside over night for 16 hours of which none is worked; waiting for the two that are."""
    office = Calendar("UTC", tuple(Stretch(day, time(9), time(17)) for day in range(5)))
    came, due = CAME.replace(hour=16), CAME.replace(day=24, hour=10)
    stay = Stayed(
        placed_at=came,
        due_at=due,
        held=[(came.replace(hour=17), due.replace(hour=9))],
        people=1,
        calendar=office,
    )
    said, facts = why_missed(stay)
    assert (said, facts["minutes"]) == ("waiting", {"waiting": 120})


def test_each_minute_counts_once_and_nothing_after_the_due_time() -> None:
    stay = Stayed(
        placed_at=CAME,
        due_at=DUE,
        turns=[turn(60, 300)],
        held=[(at(30), at(90))],
        escalated=[(at(0), at(60))],
        people=1,
        done=7,
    )
    assert why_missed(stay)[1] == {
        "minutes": {"in_hand": 60, "held": 30, "escalated": 30},
        "turns": 1,
        "returned": 0,
        "people": 1,
        "done": 7,
    }
