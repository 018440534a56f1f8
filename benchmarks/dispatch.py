"""A dispatcher that knows the whole day beforehand, to compare with: which promises could have been kept.

It knows every item, its promise, and how long it will take, and who can do what. Whenever somebody is free it hands
out the waiting item that is due first of those that can still be kept, to the one of those who could do it who can do
the least else; what cannot be kept any more it leaves. Being the first due is not always best when there is more work
than people, so it tries other orders as well and takes the schedule that keeps the most.

What it keeps can be kept, for it is a schedule. That none could keep more is not proved (the problem is NP-hard), but
none can keep more than all: so the share of all promises that were missed bounds the share that was avoidable.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

#: What an item asks of people: skills and a language.
Needs = tuple[frozenset[str], str]


@dataclass(frozen=True, slots=True)
class Job:
    """An item: when it comes, when it is due, and how long it takes, all in seconds of the day."""

    number: int
    arrives: float
    due: float
    seconds: float
    needs: Needs


@dataclass(frozen=True, slots=True)
class Person:
    """Who works when. An item that was begun in time is finished also when the time is over."""

    skills: frozenset[str]
    languages: frozenset[str]
    works: tuple[tuple[float, float], ...]

    def can(self, needs: Needs) -> bool:
        """Return whether this person may take what asks for this."""
        return needs[0] <= self.skills and (not needs[1] or needs[1] in self.languages)

    def is_here(self, at: float) -> bool:
        """Return whether this person begins items at a moment."""
        return any(begin <= at < end for begin, end in self.works)


Order = Callable[[Job], float]
ORDERS: tuple[Order, ...] = (lambda job: job.due, lambda job: job.due - job.seconds, lambda job: job.seconds)


def kept_by_the_best(jobs: Sequence[Job], people: Sequence[Person]) -> set[int]:
    """Return the numbers of the items whose promises the best of the schedules keeps."""
    return max((_kept(jobs, people, order) for order in ORDERS), key=len)


def _kept(jobs: Sequence[Job], people: Sequence[Person], order: Order) -> set[int]:
    kept: set[int] = set()
    waiting: dict[Needs, list[tuple[float, int, Job]]] = {}
    idle: set[int] = set()
    busy_until = [0.0] * len(people)
    breadth = [sum(one.can(needs) for needs in {job.needs for job in jobs}) for one in people]
    events = list(_events(jobs, people))
    heapify(events)
    while events:
        at = events[0][0]
        while events and events[0][0] == at:
            _at, _kind, number, job = heappop(events)
            if job is not None:
                heappush(waiting.setdefault(job.needs, []), (order(job), job.number, job))
            elif busy_until[number] <= at:
                idle.add(number)
        idle = {number for number in idle if people[number].is_here(at)}
        for number, job in _given(at, waiting, idle, people, breadth):
            kept.add(job.number)
            busy_until[number] = at + job.seconds
            heappush(events, (busy_until[number], 1, number, None))
    return kept


#: When, 0 for an item that comes and 1 for somebody who is free, whose number, and the item.
_Event = tuple[float, int, int, Job | None]


def _events(jobs: Sequence[Job], people: Sequence[Person]) -> Iterator[_Event]:
    for job in jobs:
        yield job.arrives, 0, job.number, job
    for number, person in enumerate(people):
        for begin, _end in person.works:
            yield begin, 1, number, None


def _given(
    at: float,
    waiting: dict[Needs, list[tuple[float, int, Job]]],
    idle: set[int],
    people: Sequence[Person],
    breadth: Sequence[int],
) -> Iterator[tuple[int, Job]]:
    """Hand out what waits to those who are free, and yield who got what; ``waiting`` and ``idle`` shrink."""
    while idle:
        for line in waiting.values():
            while line and at + line[0][2].seconds > line[0][2].due:
                heappop(line)  # cannot be kept any more
        for line in sorted((one for one in waiting.values() if one), key=lambda one: one[0][:2]):
            able = [number for number in idle if people[number].can(line[0][2].needs)]
            if able:
                number = min(able, key=lambda one: (breadth[one], one))
                idle.discard(number)
                yield number, heappop(line)[2]
                break
        else:
            return


def share_avoidable(kept: set[int], possible: set[int]) -> float:
    """Return the share of the promises that could be kept which were not."""
    return len(possible - kept) / len(possible) if possible else 0.0
