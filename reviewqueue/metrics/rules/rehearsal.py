"""An overload plan rehearsed on what has come: the same days twice, as they would have gone without it and with it.

Pure arithmetic over what was recorded, in steps of ten minutes: who reviewed in an hour is there in that hour, at the
workspace's pace, and takes what is due first of their queues. Items are expected numbers: a share of one is thinned.
"""

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import accumulate
from uuid import UUID

from .overload import LEAST, MOST_MINUTES, Measured, Thresholds, is_calm, reaches

STEP = timedelta(minutes=10)
HOUR = timedelta(hours=1)
#: What waits at the end is played on for at most so long.
ON = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Came:
    """Items that one rule sent to one queue in one step; ``held`` of them were answers that an AI system waited for.

    ``thinnable`` is false for those of high risk, of which people see all.
    """

    at: datetime
    due_at: datetime
    queue_id: UUID
    rule_name: str
    thinnable: bool
    items: float
    reviews: int = 1
    held: int = 0


@dataclass(frozen=True, slots=True)
class Shares:
    """What a plan does: shares still reviewed by the names of rules, and rules whose held answers go out at once."""

    rates: Mapping[str, float] = field(default_factory=dict)
    fallbacks: frozenset[str] = frozenset()
    watched: UUID | None = None

    def kept(self, came: Came) -> float:
        """Return the share of these items that people see while the plan is at work."""
        return self.rates.get(came.rule_name, 1.0) if came.thinnable else 1.0


@dataclass(frozen=True, slots=True)
class Days:
    """What was recorded: arrivals in order, who reviewed in which hour in which queues, reviews a person and hour.

    What waits at the end is played on with the people of the last hour, until it is due.
    """

    begin: datetime
    end: datetime
    came: Sequence[Came]
    people: Mapping[datetime, Mapping[UUID, frozenset[UUID]]]
    pace: float

    @property
    def until(self) -> datetime:
        """When the last of what came is due, at most so much after the end as is played on."""
        last = max((one.due_at for one in self.came), default=self.end)
        return max(self.end, min(last + STEP, self.end + ON))

    def there(self, at: datetime) -> Mapping[UUID, frozenset[UUID]]:
        """Return who is there at a moment, with their queues."""
        hour = min(at, self.end - HOUR).replace(minute=0, second=0, microsecond=0)
        return self.people.get(hour, {})

    def times(self, factor: float) -> "Days":
        """Return days on which everything came so many times, with the same people."""
        came = [replace(one, items=one.items * factor, held=round(one.held * factor)) for one in self.came]
        return replace(self, came=came)


@dataclass(slots=True)
class HourGone:
    """One hour: what came for people, what waited at its end, what fell due in it late, whether a plan ran."""

    begins: datetime
    came: float = 0.0
    waiting: float = 0.0
    late: float = 0.0
    running: bool = False


@dataclass(slots=True)
class Gone:
    """How the days go: hour by hour, what a plan let pass by rule, held answers that went out at once, its runs."""

    hours: list[HourGone] = field(default_factory=list)
    thinned: dict[str, float] = field(default_factory=dict)
    reviewed: dict[str, float] = field(default_factory=dict)
    answered: int = 0
    runs: list[tuple[datetime, datetime | None]] = field(default_factory=list)

    @property
    def late(self) -> float:
        """How many items were late."""
        return sum(one.late for one in self.hours)


@dataclass(frozen=True, slots=True)
class Seen:
    """How many of a rule's items people saw without the plan, and with it: what its error rate is known by."""

    rule_name: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The same days without the plan and with it."""

    without: Gone
    with_plan: Gone
    seen: list[Seen]

    @property
    def avoided(self) -> float:
        """How many promises the plan would have kept."""
        return self.without.late - self.with_plan.late


def rehearse(days: Days, shares: Shares, thresholds: Thresholds | None) -> Rehearsed:
    """Return both ways the days could have gone; without thresholds, the plan is at work in all of them."""
    without = _Week(days, None, None).gone()
    with_plan = _Week(days, shares, thresholds).gone()
    before, after = without.reviewed, with_plan.reviewed
    seen = [Seen(name, before.get(name, 0.0), after.get(name, 0.0)) for name in sorted(shares.rates)]
    return Rehearsed(without, with_plan, seen)


@dataclass(order=True, slots=True)
class _Batch:
    """Items of one queue that came together, as far as nobody has done them yet."""

    due: float
    number: int
    items: float = field(compare=False)
    reviews: int = field(compare=False)


class _Week:
    """The days played forward once."""

    def __init__(self, days: Days, shares: Shares | None, thresholds: Thresholds | None) -> None:
        self.days, self.shares, self.thresholds = days, shares, thresholds
        self.lines: dict[UUID, list[_Batch]] = {}
        self.untold: list[_Batch] = []
        self.told = Gone()
        self.running_since: datetime | None = days.begin if shares and thresholds is None else None
        if self.running_since:
            self.told.runs.append((days.begin, None))
        self.ability = _Ability(days, shares.watched if shares else None)

    def gone(self) -> Gone:
        """Play all steps."""
        came, place, number = sorted(self.days.came, key=lambda one: one.at), 0, 0
        for at in _steps(self.days):
            end, hour = at + STEP, self._hour(at)
            while place < len(came) and came[place].at < end:
                number += 1
                self._arrive(came[place], number, hour)
                place += 1
            self._work(at)
            self._tell_late(end, hour)
            hour.waiting = sum(one.items for line in self.lines.values() for one in line)
            self._watch(end)
            hour.running |= self.running_since is not None
        return self.told

    def _hour(self, at: datetime) -> HourGone:
        begins = at.replace(minute=0, second=0, microsecond=0)
        if not self.told.hours or self.told.hours[-1].begins != begins:
            self.told.hours.append(HourGone(begins))
        return self.told.hours[-1]

    def _arrive(self, came: Came, number: int, hour: HourGone) -> None:
        items, name = came.items, came.rule_name
        if self.shares and self.running_since:
            kept = self.shares.kept(came)
            self.told.thinned[name] = self.told.thinned.get(name, 0.0) + items * (1 - kept)
            items *= kept
            if name in self.shares.fallbacks and came.thinnable:
                self.told.answered += came.held
        self.told.reviewed[name] = self.told.reviewed.get(name, 0.0) + items
        hour.came += items
        if items > 0:
            batch = _Batch(came.due_at.timestamp(), number, items, came.reviews)
            heapq.heappush(self.lines.setdefault(came.queue_id, []), batch)
            heapq.heappush(self.untold, batch)

    def _work(self, at: datetime) -> None:
        """Let everybody who is there take what is due first of their queues."""
        for queues in sorted(self.days.there(at).values(), key=lambda one: (len(one), sorted(map(str, one)))):
            self._take(queues, self.days.pace * (STEP / HOUR))

    def _take(self, queues: Iterable[UUID], reviews: float) -> None:
        mine = [line for queue in queues if (line := self.lines.get(queue))]
        while reviews > 1e-9 and (mine := [line for line in mine if line]):
            line = min(mine, key=lambda one: one[0])
            batch = line[0]
            done = min(batch.items, reviews / batch.reviews)
            batch.items -= done
            reviews -= done * batch.reviews
            if batch.items <= 1e-9:
                batch.items = 0.0
                heapq.heappop(line)

    def _tell_late(self, end: datetime, hour: HourGone) -> None:
        """Count what is due by now and not done, in the hour in which it was due."""
        while self.untold and self.untold[0].due <= end.timestamp():
            hour.late += heapq.heappop(self.untold).items

    def _watch(self, at: datetime) -> None:
        """Begin and end the plan as its thresholds would."""
        if self.shares is None or self.thresholds is None:
            return
        line = self._measured(at)
        if self.running_since is None and reaches(self.thresholds, line):
            self.running_since = at
            self.told.runs.append((at, None))
        elif self.running_since and at - self.running_since >= LEAST and is_calm(self.thresholds, line):
            self.told.runs[-1] = (self.running_since, at)
            self.running_since = None

    def _measured(self, at: datetime) -> Measured:
        """Return what waits, and by how much the latest will be late with the people who then came."""
        watched = self.shares.watched if self.shares else None
        lines = [line for queue, line in self.lines.items() if watched in {None, queue}]
        batches, behind, work = sorted(one for line in lines for one in line), 0.0, 0.0
        for one in batches if self.thresholds and self.thresholds.starts_minutes_late is not None else ():
            work += one.items * one.reviews
            behind = max(behind, self.ability.clears(at, work) - one.due)
        return Measured(round(sum(one.items for one in batches)), min(int(behind // 60), MOST_MINUTES))


class _Ability:
    """How many reviews the people of the days can do from one moment to another."""

    def __init__(self, days: Days, watched: UUID | None) -> None:
        self.begin = days.begin
        a_step = days.pace * (STEP / HOUR)
        there = [
            sum(watched is None or watched in queues for queues in days.there(at).values()) for at in _steps(days)
        ]
        self.sums = [0.0, *accumulate(people * a_step for people in there)]

    def clears(self, at: datetime, work: float) -> float:
        """Return when so much work is done that begins at a moment, as a timestamp; what never is, at the end."""
        place = min(int((at - self.begin) / STEP), len(self.sums) - 1)
        found = bisect_left(self.sums, self.sums[place] + work - 1e-9, lo=place)
        return (self.begin + min(found, len(self.sums)) * STEP).timestamp()


def _steps(days: Days) -> Iterator[datetime]:
    at = days.begin
    while at < days.until:
        yield at
        at += STEP
