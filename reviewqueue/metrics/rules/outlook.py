"""The rest of today and all of tomorrow, by queue and hour: what comes, who is planned, what will be late.

The same arithmetic as the board's forecast, further ahead and with the people whom shifts plan.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from .crew import Crew
from .forecast import Cohort, Forecast, forecast, nothing
from .levers import QueueNow, cohorts_of

HOUR = timedelta(hours=1)
#: Nobody is sought beyond so many more people.
MOST_MORE = 32


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the outlook works from; ``coming`` are the items expected in each hour, by queue."""

    now: datetime
    until: datetime
    queues: Sequence[QueueNow]
    crew: Crew
    coming: Mapping[UUID, Mapping[datetime, float]]

    @property
    def hours(self) -> list[datetime]:
        """The beginnings of its hours; the first is the hour that runs."""
        first = self.now.replace(minute=0, second=0, microsecond=0)
        return [first + number * HOUR for number in range(-(-(self.until - first) // HOUR))]


@dataclass(frozen=True, slots=True)
class HourAhead:
    """One queue in one hour: what comes, who is planned, what waits at its end, and what is due in it and late."""

    begins: datetime
    coming: float
    people: int
    waiting: int
    late: int


@dataclass(frozen=True, slots=True)
class QueueAhead:
    """One queue until the end of tomorrow; ``late`` counts what falls due until then and will be late, or is."""

    queue: QueueNow
    hours: tuple[HourAhead, ...]
    forecast: Forecast
    late: int
    #: the first and the last due time that is missed from now on
    first: datetime | None
    last: datetime | None

    @property
    def late_hours(self) -> list[HourAhead]:
        """The hours in which something that will be late falls due."""
        return [one for one in self.hours if one.late]


def look_ahead(ahead: Ahead) -> list[QueueAhead]:
    """Return every queue's hours until the end of tomorrow."""
    told = _forecast(ahead, ahead.crew)
    return [_queue(ahead, queue, told.get(queue.id) or nothing(ahead.now)) for queue in ahead.queues]


def _forecast(ahead: Ahead, crew: Crew, *, with_stopped: bool = True) -> dict[UUID, Forecast]:
    every = (one for queue in ahead.queues for one in _cohorts(ahead, queue))
    cohorts = [one for one in every if with_stopped or not one.stopped]
    return forecast(cohorts=cohorts, people=crew.people, pace=crew.pace, now=ahead.now, spells=crew.spells)


def _cohorts(ahead: Ahead, queue: QueueNow) -> Iterator[Cohort]:
    hours = sorted(ahead.coming.get(queue.id, {}).items())
    hours = [(max(hour, ahead.now), items) for hour, items in hours if hour + HOUR > ahead.now]
    return cohorts_of(queue, hours, ahead.now)


def _queue(ahead: Ahead, queue: QueueNow, told: Forecast) -> QueueAhead:
    missed = [(due, items) for due, items in told.misses if due < ahead.until.timestamp()]
    to_come = [due for due, _items in missed if due > ahead.now.timestamp()]
    zone = ahead.now.tzinfo
    return QueueAhead(
        queue=queue,
        hours=tuple(_hour(ahead, queue, told, hour, missed) for hour in ahead.hours),
        forecast=told,
        late=sum(items for _due, items in missed),
        first=datetime.fromtimestamp(min(to_come), zone) if to_come else None,
        last=datetime.fromtimestamp(max(to_come), zone) if to_come else None,
    )


def _hour(
    ahead: Ahead, queue: QueueNow, told: Forecast, begins: datetime, missed: Sequence[tuple[float, int]]
) -> HourAhead:
    end = begins + HOUR
    due_from = max(begins, ahead.now).timestamp()
    return HourAhead(
        begins=begins,
        coming=ahead.coming.get(queue.id, {}).get(begins, 0.0),
        people=people_in(ahead.crew, queue.id, max(begins, ahead.now), end),
        waiting=told.waiting_at(end),
        late=sum(items for due, items in missed if due_from < due <= end.timestamp()),
    )


def people_in(crew: Crew, queue_id: UUID, begin: datetime, end: datetime) -> int:
    """Return how many people who serve a queue work for most of a time."""
    half = (end - begin) / 2
    return sum(1 for person in crew.on(queue_id) if _worked(crew, person, begin, end) > half)


def _worked(crew: Crew, person: UUID, begin: datetime, end: datetime) -> timedelta:
    if person not in crew.spells:
        return end - begin
    pieces = (min(b, end) - max(a, begin) for a, b in crew.spells[person])
    return sum((max(piece, timedelta()) for piece in pieces), timedelta())


@dataclass(frozen=True, slots=True)
class Shortage:
    """So many more people in a queue from one moment to another would keep every promise not broken yet.

    ``people`` is None when even :data:`MOST_MORE` would not.
    """

    queue: QueueNow
    begins: datetime
    ends: datetime
    people: int | None


def shortage(ahead: Ahead, one: QueueAhead) -> Shortage | None:
    """Return who is missing in a queue, or None when every promise to come is kept of what is not stopped.

    Help comes from when the first item that is missed could be taken, until the last of them is due.
    """
    if one.forecast.stopped:
        told = _forecast(ahead, ahead.crew, with_stopped=False).get(one.queue.id)
        one = _queue(ahead, one.queue, told or nothing(ahead.now))
    if one.first is None or one.last is None:
        return None
    begins = max(ahead.now, one.first - max(one.queue.promise, HOUR))
    low, high = 0, MOST_MORE
    if not _kept(ahead, one, begins, high):
        return Shortage(one.queue, begins, one.last, None)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _kept(ahead, one, begins, middle) else (middle, high)
    return Shortage(one.queue, begins, one.last, high)


def _kept(ahead: Ahead, one: QueueAhead, begins: datetime, more: int) -> bool:
    """Return whether so many more people keep what is promised from now on."""
    assert one.last
    joining = [UUID(int=(15 << 124) + number) for number in range(more)]
    people = {**ahead.crew.people, **{who: frozenset({one.queue.id}) for who in joining}}
    spells = {**ahead.crew.spells, **dict.fromkeys(joining, ((begins, one.last),))}
    crew = replace(ahead.crew, people=people, spells=spells)
    told = _forecast(ahead, crew, with_stopped=False)[one.queue.id]
    due_from, until = ahead.now.timestamp(), ahead.until.timestamp()
    return not any(due_from < due < until for due, _items in told.misses)
