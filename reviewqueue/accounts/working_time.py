"""Working time: what a team's weekly calendar makes of minutes, through nights and changes of the clock. Pure.

A shift is written in the team's own wall time and lasts as long as the clocks on that wall say: one that spans the
night on which the clocks go forward is an hour shorter. Shifts may overlap and touch; time counts once. A calendar
without shifts is open around the clock (but for its closed days): nobody has said otherwise.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
MOMENT = timedelta(microseconds=1)
DAY = timedelta(days=1)
#: A promise further away than this is kept at this distance: a calendar may be open for an hour a week.
HORIZON = timedelta(days=3_660)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A weekly shift: ``weekday`` (Monday is 0) on which it begins, wall times, and how many people are planned.

    One that ends at or before its beginning ends on the next day.
    """

    weekday: int
    begins: time
    ends: time
    people: int = 1


#: What a calendar without shifts means.
AROUND_THE_CLOCK = tuple(Stretch(weekday, time(0), time(0)) for weekday in range(7))


@dataclass(frozen=True, slots=True)
class Calendar:
    """A team's week in its time zone (an IANA name), and the days on which none of its shifts begins."""

    time_zone: str
    shifts: tuple[Stretch, ...] = ()
    closed: frozenset[date] = frozenset()


#: For promises that no team's hours bound.
ALWAYS = Calendar("UTC")


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which a team works (UTC), and how many people are planned in it."""

    begin: datetime
    end: datetime
    people: int = 1


def add_working_minutes(start: datetime, minutes: int, calendar: Calendar) -> datetime:
    """Return the moment (UTC) at which so many working minutes have gone by since ``start``.

    0 or fewer return ``start``. Never more than HORIZON after ``start``.
    """
    start = start.astimezone(UTC)
    left = min(minutes, HORIZON // MINUTE) * MINUTE
    if left <= timedelta():
        return start
    for piece in _pieces(start, start + HORIZON, calendar):
        if piece.end - piece.begin >= left:
            return piece.begin + left
        left -= piece.end - piece.begin
    return start + HORIZON


def working_minutes(begin: datetime, end: datetime, calendar: Calendar) -> int:
    """Return how many whole working minutes lie between two moments; 0 when ``end`` is not after ``begin``."""
    worked = sum((piece.end - piece.begin for piece in _pieces(begin, end, calendar)), timedelta())
    return worked // MINUTE


def works_at(at: datetime, calendar: Calendar) -> bool:
    """Return whether a team works at a moment; the end of a shift does not belong to it."""
    return any(True for _span in shift_spans(at, at + MOMENT, calendar))


def people_at(at: datetime, calendar: Calendar) -> int:
    """Return how many people a calendar plans for a moment: those of all shifts that run then."""
    return sum(span.people for span in shift_spans(at, at + MOMENT, calendar))


def workday_began_at(at: datetime, calendar: Calendar) -> datetime:
    """Return when the day of a moment began: at midnight there, or with the night shift that still runs."""
    zone = ZoneInfo(calendar.time_zone)
    midnight = datetime.combine(at.astimezone(zone).date(), time(0), zone).astimezone(UTC)
    running = [shift.begin for shift in shifts_between(at, at, calendar) if shift.begin <= at < shift.end]
    return min([midnight, *running])


def working_spans(begin: datetime, end: datetime, calendar: Calendar) -> Iterator[Span]:
    """Yield the times in which a team works between two moments, in order, apart and cut to these moments."""
    running: Span | None = None
    for piece in _pieces(begin, end, calendar):
        if running and piece.begin == running.end:
            running = replace(running, end=piece.end)
            continue
        if running:
            yield running
        running = piece
    if running:
        yield running


def _pieces(begin: datetime, end: datetime, calendar: Calendar) -> Iterator[Span]:
    """Yield working time in order and without overlaps; pieces may touch."""
    counted = begin.astimezone(UTC)
    for shift in shift_spans(begin, end, calendar):
        if shift.end > counted:
            yield replace(shift, begin=max(shift.begin, counted))
            counted = shift.end


def shift_spans(begin: datetime, end: datetime, calendar: Calendar) -> Iterator[Span]:
    """Yield each shift that runs between two moments, by its beginning, cut to these moments; they may overlap."""
    begin, end = begin.astimezone(UTC), end.astimezone(UTC)
    for shift in shifts_between(begin, end, calendar):
        cut = Span(max(shift.begin, begin), min(shift.end, end), shift.people)
        if cut.begin < cut.end:
            yield cut


def shifts_between(begin: datetime, end: datetime, calendar: Calendar) -> Iterator[Span]:
    """Yield each shift that touches the time between two moments, whole, by its beginning."""
    zone = ZoneInfo(calendar.time_zone)
    shifts = calendar.shifts or AROUND_THE_CLOCK
    day = begin.astimezone(zone).date() - DAY  # yesterday's night shift may still run
    last = end.astimezone(zone).date()
    while day <= last:
        if day not in calendar.closed:
            spans = (_on(day, one, zone) for one in shifts if one.weekday == day.weekday())
            yield from sorted(spans, key=lambda span: span.begin)
        day += DAY


def _on(day: date, shift: Stretch, zone: ZoneInfo) -> Span:
    """Return a shift of one day in UTC. A wall time that comes twice is its first, one that never comes its like."""
    ends_on = day if shift.ends > shift.begins else day + DAY
    begin = datetime.combine(day, shift.begins, zone).astimezone(UTC)
    end = datetime.combine(ends_on, shift.ends, zone).astimezone(UTC)
    return Span(begin, max(begin, end), shift.people)
