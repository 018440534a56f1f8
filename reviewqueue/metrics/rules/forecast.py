"""When the lines clear and what will be late: every person takes the most urgent item of their queues, one by one.

That is what claiming does, played forward with an even pace and no chance in it, so the same counts always give
the same answer. With very many items, each step takes a few at once (see :data:`MOST_STEPS`).
"""

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from uuid import UUID

#: Beyond this many items, a step is several of them: the page stays fast and the sums stay true.
MOST_STEPS = 1_600
#: From and until when somebody works.
Spells = Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class Cohort:
    """Items of one queue that become ready and fall due together; ``reviews`` is what each of them needs.

    ``stopped`` are those that nobody is handed because of a stop, whose end nobody knows.
    """

    queue_id: UUID
    ready_at: datetime
    due_at: datetime
    items: int
    reviews: int = 1
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Forecast:
    """What becomes of a line.

    ``late`` holds what is late already (``overdue``, the first of it since ``broken_at``) and what will be;
    ``breaks_at`` is the first deadline to come that is missed; ``clears_at`` is None when nobody serves it.
    """

    items: int
    late: int
    overdue: int
    broken_at: datetime | None
    breaks_at: datetime | None
    clears_at: datetime | None
    ready: tuple[float, ...] = ()
    done: tuple[float, ...] = ()
    step: int = 1
    #: what is late and what will be, as (due, items) in order; and by how many seconds the latest is of what is not
    #: stopped
    misses: tuple[tuple[float, int], ...] = ()
    behind: float = 0.0
    #: how many of these are late, or will be, because a stop keeps them from everybody
    stopped: int = 0

    def waiting_at(self, moment: datetime) -> int:
        """Return how many items wait at a moment to come."""
        at = moment.timestamp()
        return self.step * (bisect_right(self.ready, at) - bisect_right(self.done, at))


@dataclass(slots=True)
class _Piece:
    """What one step takes."""

    ready: float
    due: float
    items: int
    reviews: int
    done: float | None = None
    stopped: bool = False


def forecast(
    *,
    cohorts: Iterable[Cohort],
    people: Mapping[UUID, frozenset[UUID]],
    pace: float,
    now: datetime,
    spells: Mapping[UUID, Spells] | None = None,
) -> dict[UUID, Forecast]:
    """Return what becomes of each queue; ``pace`` is reviews per person and hour.

    ``spells`` are the times in which somebody works, in order; who has none there works from now on. What is begun
    in a spell is ended, a little after it if need be. What is stopped is taken by nobody.
    """
    every = sorted((one for one in cohorts if one.items > 0), key=lambda one: (one.due_at, one.ready_at))
    step = max(1, -(-sum(one.items for one in every) // MOST_STEPS))
    lines: dict[UUID, list[_Piece]] = {}
    stopped: dict[UUID, list[_Piece]] = {}
    for one in every:
        _extend((stopped if one.stopped else lines).setdefault(one.queue_id, []), one, step, now.timestamp())
    _serve(lines, people, 3600 / pace, now.timestamp(), spells or {})
    return {
        queue_id: _told([*lines.get(queue_id, ()), *stopped.get(queue_id, ())], step, now)
        for queue_id in lines.keys() | stopped.keys()
    }


def _extend(line: list[_Piece], cohort: Cohort, step: int, now: float) -> None:
    """Add a cohort to its line in pieces of ``step``; the last piece is filled up first, if it is not yet due too."""
    ready, due, left = cohort.ready_at.timestamp(), cohort.due_at.timestamp(), cohort.items
    last = line[-1] if line else None
    if last and last.items < step and last.ready >= ready and (last.due <= now) == (due <= now):
        filled = min(left, step - last.items)
        last.items += filled
        left -= filled
    while left:
        size = min(left, step)
        line.append(_Piece(ready, due, size, cohort.reviews, stopped=cohort.stopped))
        left -= size


def _serve(
    lines: Mapping[UUID, Sequence[_Piece]],
    people: Mapping[UUID, frozenset[UUID]],
    seconds: float,
    now: float,
    spells: Mapping[UUID, Spells],
) -> None:
    """Let everybody take the most urgent piece that is ready, whenever they are free and at work."""
    heads = dict.fromkeys(lines, 0)
    serves = [[queue for queue in queues if queue in lines] for queues in people.values()]
    works = [_seconds_of(spells.get(person)) for person in people]
    free = [(now, person) for person, mine in enumerate(serves) if mine]
    while free:
        at, person = heapq.heappop(free)
        begins = _at_work(works[person], at)
        if begins is None:
            continue
        if begins > at:
            heapq.heappush(free, (begins, person))
            continue
        taken, wakes = _most_urgent(lines, heads, serves[person], at)
        if taken is None:
            if wakes is not None:
                heapq.heappush(free, (wakes, person))
            continue
        piece = lines[taken][heads[taken]]
        heads[taken] += 1
        piece.done = at + seconds * piece.items * piece.reviews
        heapq.heappush(free, (piece.done, person))


def _seconds_of(spells: Spells | None) -> list[tuple[float, float]] | None:
    return None if spells is None else [(begin.timestamp(), end.timestamp()) for begin, end in spells]


def _at_work(spells: list[tuple[float, float]] | None, at: float) -> float | None:
    """Return from when on somebody works, at a moment or after it; None when they have gone for good."""
    if spells is None:
        return at
    return next((max(begin, at) for begin, end in spells if end > at), None)


def _most_urgent(
    lines: Mapping[UUID, Sequence[_Piece]], heads: Mapping[UUID, int], mine: Sequence[UUID], at: float
) -> tuple[UUID | None, float | None]:
    """Return the queue whose head is ready and due first; without one, when the next head is ready."""
    taken, due, wakes = None, inf, inf
    for queue in mine:
        line, place = lines[queue], heads[queue]
        if place >= len(line):
            continue
        piece = line[place]
        if piece.ready > at:
            wakes = min(wakes, piece.ready)
        elif piece.due < due:
            taken, due = queue, piece.due
    return taken, None if wakes == inf else wakes


def _told(line: Sequence[_Piece], step: int, now: datetime) -> Forecast:
    at = now.timestamp()
    missed = [one for one in line if one.done is None or one.done > one.due]
    overdue = [one for one in line if one.due <= at]
    ends = [one.done for one in line]
    done = sorted(one for one in ends if one is not None)
    return Forecast(
        items=sum(one.items for one in line),
        late=sum(one.items for one in missed),
        overdue=sum(one.items for one in overdue),
        broken_at=_moment(min((one.due for one in overdue), default=None), now),
        breaks_at=_moment(min((one.due for one in missed if one.due > at), default=None), now),
        clears_at=None if None in ends else _moment(_first_clear(line, done, at), now),
        ready=tuple(sorted(one.ready for one in line)),
        done=tuple(done),
        step=step,
        misses=tuple(sorted((one.due, one.items) for one in missed)),
        behind=max((_behind(one) for one in missed if not one.stopped), default=0.0),
        stopped=sum(one.items for one in missed if one.stopped),
    )


def _behind(piece: _Piece) -> float:
    return inf if piece.done is None else piece.done - piece.due


def _first_clear(line: Sequence[_Piece], done: Sequence[float], now: float) -> float:
    """Return when what waits, and what comes before it is gone, is done for the first time."""
    ready = sorted(one.ready for one in line)
    for place, end in enumerate(done):
        if bisect_right(ready, end) == place + 1:
            return end
    return done[-1] if done else now


def _moment(at: float | None, now: datetime) -> datetime | None:
    return None if at is None else now + timedelta(seconds=at - now.timestamp())


def nothing(now: datetime) -> Forecast:
    """Return the forecast of an empty line."""
    return Forecast(0, 0, 0, None, None, now)


def together(forecasts: Iterable[Forecast]) -> Forecast:
    """Return several lines as one: sums, the first break, the last to clear."""
    every = list(forecasts)
    clears = [one.clears_at for one in every]
    return Forecast(
        items=sum(one.items for one in every),
        late=sum(one.late for one in every),
        overdue=sum(one.overdue for one in every),
        broken_at=min((one.broken_at for one in every if one.broken_at), default=None),
        breaks_at=min((one.breaks_at for one in every if one.breaks_at), default=None),
        clears_at=None if None in clears else max((one for one in clears if one), default=None),
        ready=tuple(sorted(at for one in every for at in one.ready)),
        done=tuple(sorted(at for one in every for at in one.done)),
        step=max((one.step for one in every), default=1),
        misses=tuple(sorted(miss for one in every for miss in one.misses)),
        behind=max((one.behind for one in every), default=0.0),
        stopped=sum(one.stopped for one in every),
    )
