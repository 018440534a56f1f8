"""The simulated day, and the dispatcher who knows it beforehand."""

from dataclasses import replace

import pytest

from benchmarks import day
from benchmarks.day import FEWEST, as_busy, day_of, draw_items, draw_people
from benchmarks.dispatch import Job, Person, kept_by_the_best, share_avoidable
from reviewqueue.assignment.models import Assignment
from reviewqueue.review.models import Review
from reviewqueue.triage import rules

ANYBODY = (frozenset[str](), "")
LEGAL = (frozenset({"legal"}), "")
ALL_DAY = ((0.0, 1000.0),)
PLAIN = Person(frozenset(), frozenset(), ALL_DAY)
LAWYER = Person(frozenset({"legal"}), frozenset(), ALL_DAY)


def job(number: int, arrives: float, due: float, seconds: float = 10, needs=ANYBODY) -> Job:
    return Job(number, arrives, due, seconds, needs)


def test_what_is_due_first_goes_first() -> None:
    assert kept_by_the_best([job(1, 0, 30), job(2, 0, 10), job(3, 0, 20)], [PLAIN]) == {1, 2, 3}


def test_what_cannot_be_kept_is_left_so_that_the_rest_can() -> None:
    assert kept_by_the_best([job(1, 0, 5), job(2, 0, 10), job(3, 0, 20)], [PLAIN]) == {2, 3}


def test_who_can_do_more_is_kept_free_for_it() -> None:
    jobs = [job(1, 0, 10), job(2, 0, 10, needs=LEGAL)]
    assert kept_by_the_best(jobs, [LAWYER, PLAIN]) == {1, 2}
    assert kept_by_the_best(jobs, [PLAIN]) == {1}


def test_nobody_begins_before_or_after_their_hours() -> None:
    late = Person(frozenset(), frozenset(), ((100.0, 105.0),))
    assert kept_by_the_best([job(1, 0, 50), job(2, 0, 110), job(3, 0, 120), job(4, 0, 125)], [late]) == {2}


def test_with_too_much_to_do_the_short_ones_are_kept() -> None:
    """By due time alone the long one would go first and two be missed."""
    jobs = [job(1, 0, 100, seconds=100), *(job(number, 0, 101, seconds=40) for number in (2, 3))]
    assert kept_by_the_best(jobs, [PLAIN]) == {2, 3}


def test_the_share_is_of_what_could_be_kept() -> None:
    assert share_avoidable({1, 2, 9}, {1, 2, 3, 4}) == 0.5
    assert share_avoidable(set(), set()) == 0.0


def test_a_small_day_is_lived_through_by_the_products_own_verbs(db: None) -> None:
    told = day_of(draw_people(FEWEST), draw_items(60, seed=3))
    assert (Review.objects.count(), Assignment.objects.filter(ended_at=None).count()) == (60, 0)
    assert told.avoidable <= told.missed <= 0.1


@pytest.mark.long
def test_at_most_two_in_a_hundred_promises_are_missed_that_could_be_kept(db: None) -> None:
    """Half of the crowd as busy as in the full day (the line ``day`` of the benchmarks), with fewer, longer items."""
    told = day_of(draw_people(FEWEST), draw_items(2_000, seed=1, slower=as_busy(FEWEST, 2_000)))
    assert told.avoidable <= 0.02


@pytest.mark.long
@pytest.mark.parametrize("bounded", [True, False])
def test_where_promises_are_short_risk_does_not_make_the_rest_late(
    db: None, monkeypatch: pytest.MonkeyPatch, bounded: bool
) -> None:
    """Promises half as long and a fifth less work. The tooth: a head start that the promise does not bound."""
    short = [replace(one, due_minutes=one.due_minutes // 2, seconds=one.seconds * 0.8) for one in day.TOPICS]
    monkeypatch.setattr(day, "TOPICS", short)
    if not bounded:
        monkeypatch.setattr(rules, "HEAD_START_SHARE", 1_000.0)
    told = day_of(draw_people(FEWEST), draw_items(2_000, seed=1, slower=as_busy(FEWEST, 2_000)))
    assert (told.avoidable <= 0.01) == bounded
