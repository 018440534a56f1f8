"""Working time: minutes counted by a team's week, through nights, overlaps and changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from reviewqueue.accounts.working_time import (
    ALWAYS,
    HORIZON,
    Calendar,
    Stretch,
    add_working_minutes,
    people_at,
    working_minutes,
    working_spans,
    works_at,
)

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar("Europe/Berlin", tuple(Stretch(day, time(9), time(17), 4) for day in range(5)))
NIGHT = Calendar("Europe/Berlin", tuple(Stretch(day, time(22), time(6), 2) for day in range(7)))

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Havana")
times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30]))
stretches = st.builds(Stretch, st.integers(0, 6), times, times, st.integers(0, 5))
calendars = st.builds(
    Calendar,
    st.sampled_from(ZONES),
    st.lists(stretches, max_size=6).map(tuple),
    st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=5),
)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.timedeltas(timedelta(0), timedelta(days=364)).map(lambda gone: YEAR + gone)


def berlin(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


def test_a_promise_given_on_friday_evening_falls_due_on_monday() -> None:
    assert add_working_minutes(berlin(5, 8, 16, 30), 60, OFFICE) == berlin(5, 11, 9, 30)


def test_a_promise_given_on_sunday_begins_on_monday() -> None:
    assert add_working_minutes(berlin(5, 10, 12), 60, OFFICE) == berlin(5, 11, 10)


def test_a_holiday_is_skipped() -> None:
    closed = Calendar(OFFICE.time_zone, OFFICE.shifts, frozenset({date(2026, 5, 11)}))
    assert add_working_minutes(berlin(5, 8, 16, 30), 60, closed) == berlin(5, 12, 9, 30)


def test_the_shift_of_the_night_before_still_runs_in_the_morning() -> None:
    assert works_at(berlin(5, 11, 5, 59), NIGHT)
    assert not works_at(berlin(5, 11, 6), NIGHT)
    assert add_working_minutes(berlin(5, 11, 5, 30), 60, NIGHT) == berlin(5, 11, 22, 30)


def test_a_night_is_an_hour_shorter_or_longer_when_the_clocks_change() -> None:
    ordinary, forward, back = berlin(5, 9, 20), berlin(3, 28, 20), berlin(10, 24, 20)
    nights = [working_minutes(begin, begin + timedelta(hours=14), NIGHT) for begin in (ordinary, forward, back)]
    assert nights == [480, 420, 540]


def test_shifts_that_overlap_count_once_and_their_people_add_up() -> None:
    both = Calendar("UTC", (Stretch(0, time(8), time(14), 2), Stretch(0, time(12), time(18), 3)))
    monday = datetime(2026, 5, 11, tzinfo=UTC)
    assert working_minutes(monday, monday + timedelta(days=1), both) == 600
    assert [people_at(monday.replace(hour=hour), both) for hour in (7, 9, 13, 15, 18)] == [0, 2, 5, 3, 0]


def test_a_calendar_without_shifts_is_always_open() -> None:
    start = datetime(2026, 5, 10, 3, 7, tzinfo=UTC)
    assert add_working_minutes(start, 90, ALWAYS) == start + timedelta(minutes=90)


def test_a_promise_beyond_all_bounds_is_kept_at_the_horizon() -> None:
    start = datetime(2026, 5, 10, tzinfo=UTC)
    weekly = Calendar("UTC", (Stretch(0, time(9), time(10)),))
    assert add_working_minutes(start, 2_000_000_000, weekly) == start + HORIZON


@given(moments, st.integers(0, 30_000), calendars)
def test_adding_minutes_and_counting_them_agree(start: datetime, minutes: int, calendar: Calendar) -> None:
    due = add_working_minutes(start, minutes, calendar)
    assert due >= start
    if due < start + HORIZON:
        assert working_minutes(start, due, calendar) == minutes


@given(moments, st.integers(1, 5_000), calendars)
def test_a_promise_falls_due_in_working_time(start: datetime, minutes: int, calendar: Calendar) -> None:
    due = add_working_minutes(start, minutes, calendar)
    assert due == start + HORIZON or works_at(due - timedelta(microseconds=1), calendar)


@given(moments, st.integers(0, 5_000), st.integers(0, 5_000), calendars)
def test_minutes_add_up(start: datetime, some: int, more: int, calendar: Calendar) -> None:
    at_once = add_working_minutes(start, some + more, calendar)
    assert add_working_minutes(add_working_minutes(start, some, calendar), more, calendar) == at_once


@given(moments, st.timedeltas(timedelta(0), timedelta(days=20)), calendars)
def test_spans_are_in_order_apart_and_within_what_was_asked(
    begin: datetime, length: timedelta, calendar: Calendar
) -> None:
    spans = list(working_spans(begin, begin + length, calendar))
    edges = [edge for span in spans for edge in (span.begin, span.end)]
    assert edges == sorted(set(edges))
    assert all(begin <= edge <= begin + length for edge in edges)


@given(moments, calendars)
def test_each_minute_is_worked_as_the_wall_clock_says(at: datetime, calendar: Calendar) -> None:
    """Asked of the wall clock itself, without the arithmetic of spans; away from the hours in which clocks change."""
    zone = ZoneInfo(calendar.time_zone)
    offsets = {(at + timedelta(hours=hours)).astimezone(zone).utcoffset() for hours in range(-50, 51, 2)}
    if len(offsets) == 1:
        assert works_at(at, calendar) == _on_the_wall(at.astimezone(zone), calendar)


def _on_the_wall(here: datetime, calendar: Calendar) -> bool:
    shifts = calendar.shifts or tuple(Stretch(day, time(0), time(0)) for day in range(7))
    yesterday = here.date() - timedelta(days=1)
    for shift in shifts:
        night = shift.ends <= shift.begins
        begun_today = shift.weekday == here.weekday() and here.date() not in calendar.closed
        begun_yesterday = shift.weekday == yesterday.weekday() and yesterday not in calendar.closed
        if begun_today and shift.begins <= here.time() and (night or here.time() < shift.ends):
            return True
        if night and begun_yesterday and here.time() < shift.ends:
            return True
    return False
