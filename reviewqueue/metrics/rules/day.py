"""The working day around a moment, and what it may still bring.

A day is bounded by quiet hours and not by midnight, so that a night shift is one day. What is still to come is
expected to be spread over the hours as in the week before, scaled so that the hours so far fit what came.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
#: Hours without arrivals that end a day, and how far a day is looked for on either side.
QUIET, REACH = 4, 12
#: With fewer items than this in the week before, its hours say nothing.
ENOUGH = 20


def due_step(due: datetime, now: datetime) -> datetime:
    """Return the minute in which something is due; the hour, when it has been late for an hour."""
    step = due.replace(second=0, microsecond=0)
    return step.replace(minute=0) if due < now - HOUR else step


@dataclass(frozen=True, slots=True)
class Day:
    """The working day around ``now``: whole hours on both sides, and the week's arrivals by hour of day."""

    now: datetime
    start: datetime
    end: datetime
    profile: tuple[float, ...]

    @property
    def hours(self) -> list[datetime]:
        """The beginnings of its hours."""
        count = round((self.end - self.start) / HOUR)
        return [self.start + number * HOUR for number in range(count)]


def day_of(*, now: datetime, placed: Mapping[datetime, int], profile: Sequence[float]) -> Day:
    """Return the day around ``now`` (in the reader's zone); ``placed`` counts arrivals by the hour they came in."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    start, quiet = hour, 0
    for back in range(1, REACH + 1):
        earlier = hour - back * HOUR
        quiet = 0 if placed.get(earlier) else quiet + 1
        if quiet >= QUIET:
            break
        if not quiet:
            start = earlier
    end, quiet = hour + HOUR, 0
    for ahead in range(1, REACH + 1):
        later = hour + ahead * HOUR
        quiet = 0 if profile[later.hour] or sum(profile) < ENOUGH else quiet + 1
        if quiet >= QUIET:
            break
        if not quiet:
            end = later + HOUR
    return Day(now, start, end, tuple(profile))


def expected_hours(*, day: Day, so_far: float, first_at: datetime | None) -> list[tuple[datetime, float]]:
    """Return (beginning, items) for what is left of the present hour and each coming one.

    Without a telling week before, the pace so far simply goes on.
    """
    if first_at is None or not so_far:
        return []
    began = max(first_at, day.start)
    known = sum(day.profile) >= ENOUGH
    elapsed = _mass(day.profile, began, day.now)
    if not known or elapsed < 0.02 * sum(day.profile):
        flat = (1.0,) * 24
        elapsed = max(_mass(flat, began, day.now), 0.5)
        return _spread(day, flat, so_far / elapsed)
    return _spread(day, day.profile, so_far / elapsed)


def _spread(day: Day, profile: Sequence[float], scale: float) -> list[tuple[datetime, float]]:
    hours = [max(hour, day.now) for hour in day.hours if hour + HOUR > day.now]
    return [(begins, scale * _mass(profile, begins, _next(begins))) for begins in hours]


def _mass(profile: Sequence[float], begins: datetime, ends: datetime) -> float:
    """Return how much of a profile by hour of day lies between two moments."""
    total = 0.0
    while begins < ends:
        stop = min(_next(begins), ends)
        total += profile[begins.hour] * ((stop - begins) / HOUR)
        begins = stop
    return total


def _next(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0) + HOUR
