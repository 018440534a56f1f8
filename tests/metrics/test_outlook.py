"""Tomorrow's shortage, by hand: arrivals and shifts, hour by hour."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from reviewqueue.metrics.rules import Crew, Halted, QueueNow, forecast
from reviewqueue.metrics.rules.forecast import Cohort
from reviewqueue.metrics.rules.outlook import Ahead, look_ahead, people_in, shortage

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
END = datetime(2026, 11, 25, tzinfo=UTC)
HOUR = timedelta(hours=1)
A = UUID(int=1001)
ANNA, BEN = UUID(int=1), UUID(int=2)
TODAY = (NOW, NOW + HOUR)
TOMORROW = (NOW + 17 * HOUR, NOW + 25 * HOUR)  # from nine to five
LINE = QueueNow(A, "a", "Support", timedelta(hours=2), 1)


def ahead(coming: dict[datetime, float], *people: UUID, queue: QueueNow = LINE) -> Ahead:
    crew = Crew(dict.fromkeys(people, frozenset({A})), 20, spells=dict.fromkeys(people, (TODAY, TOMORROW)))
    return Ahead(NOW, END, [queue], crew, {A: coming})


def at(hour: int) -> datetime:
    return datetime(2026, 11, 24, hour, tzinfo=UTC)


def test_who_has_gone_home_takes_nothing_until_the_next_shift() -> None:
    spells = {ANNA: (TODAY, TOMORROW)}
    lines = [Cohort(A, NOW, NOW + HOUR, 30)]
    told = forecast(cohorts=lines, people={ANNA: frozenset({A})}, pace=20, now=NOW, spells=spells)[A]
    assert (told.late, told.clears_at) == (10, at(9) + HOUR / 2)
    assert told.behind == (told.clears_at - (NOW + HOUR)).total_seconds()
    always = forecast(cohorts=lines, people={ANNA: frozenset({A})}, pace=20, now=NOW)[A]
    assert always.clears_at == NOW + 1.5 * HOUR


def test_a_shift_that_suffices_keeps_every_promise() -> None:
    (one,) = look_ahead(ahead({at(hour): 20.0 for hour in range(9, 16)}, ANNA))
    assert (one.late, one.first) == (0, None)
    assert shortage(ahead({at(10): 20.0}, ANNA), one) is None


def test_tomorrows_shortage_is_known_today_by_the_hour() -> None:
    asked = ahead({at(hour): 40.0 for hour in range(9, 13)}, ANNA)
    (one,) = look_ahead(asked)
    assert one.late > 0
    assert one.first
    assert one.first.date() == at(9).date()
    assert next(hour.begins.hour for hour in one.late_hours) >= 11
    assert {hour.people for hour in one.hours if 9 <= hour.begins.hour < 17 and hour.begins.day == 24} == {1}
    assert {hour.people for hour in one.hours if hour.begins.hour < 9 and hour.begins.day == 24} == {0}
    missing = shortage(asked, one)
    assert missing
    assert missing.people == 1
    assert missing.begins < one.first <= missing.ends


def test_nobody_is_missing_for_what_is_stopped() -> None:
    due = NOW + HOUR
    stopped = replace(LINE, waiting={due: 60}, halted=Halted({due: 60}, 1.0))
    asked = ahead({at(10): 20.0}, ANNA, queue=stopped)
    (one,) = look_ahead(asked)
    assert (one.late, one.forecast.stopped, one.first) == (80, 80, due)
    assert shortage(asked, one) is None


def test_two_people_keep_what_one_cannot() -> None:
    coming = {at(hour): 40.0 for hour in range(9, 13)}
    (one,) = look_ahead(ahead(coming, ANNA, BEN))
    assert one.late == 0


def test_what_comes_at_night_waits_for_the_morning_and_is_late_when_it_was_promised_around_the_clock() -> None:
    (one,) = look_ahead(ahead({at(2): 12.0}, ANNA))
    assert (one.late, [hour.begins.hour for hour in one.late_hours]) == (12, [4])
    assert one.hours[-1].waiting == 0


def test_people_in_an_hour_are_those_who_work_most_of_it() -> None:
    crew = Crew({ANNA: frozenset({A})}, 20, spells={ANNA: ((at(9) + HOUR / 4, at(10) + HOUR / 4),)})
    assert [people_in(crew, A, at(hour), at(hour) + HOUR) for hour in (8, 9, 10)] == [0, 1, 0]
