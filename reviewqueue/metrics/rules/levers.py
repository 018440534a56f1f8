"""What each change would do to the day: the same arithmetic with one thing different."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from reviewqueue.queues.promises import Promised

from .crew import Crew
from .day import Day, expected_hours
from .forecast import Cohort, Forecast, forecast, nothing, together

STEP = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Halted:
    """What stops keep of a queue: waiting items by the minute they are due, and the share of what comes."""

    waiting: Mapping[datetime, int] = field(default_factory=dict)
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class QueueNow:
    """One queue as it stands: what waits by the minute it is due, and what came and went by the hour."""

    id: UUID
    slug: str
    name: str
    promise: timedelta
    reviews_required: int
    waiting: Mapping[datetime, int] = field(default_factory=dict)
    oldest_at: datetime | None = None
    first_at: datetime | None = None
    unowned: int = 0
    placed: Mapping[datetime, int] = field(default_factory=dict)
    ended: Mapping[datetime, int] = field(default_factory=dict)
    placed_last_hour: int = 0
    settled_last_hour: int = 0
    members: int = 0
    promised: Promised | None = None
    halted: Halted = field(default_factory=Halted)

    def due_at(self, at: datetime) -> datetime:
        """Return when what comes at a moment is due: in the working hours of a team, when it is promised in them."""
        return self.promised.due_at(at) if self.promised else at + self.promise

    @property
    def count(self) -> int:
        """How many items wait."""
        return sum(self.waiting.values())

    def due_before(self, moment: datetime) -> int:
        """Return how many of the waiting items are due before a moment."""
        return sum(count for due, count in self.waiting.items() if due < moment)

    def placed_since(self, moment: datetime) -> int:
        """Return how many items came since the beginning of an hour."""
        return sum(count for hour, count in self.placed.items() if hour >= moment)


@dataclass(frozen=True, slots=True)
class BoardNow:
    """All that the board predicts from."""

    day: Day
    queues: tuple[QueueNow, ...]
    crew: Crew
    received_today: int = 0
    received_week: int = 0
    open_questions: int = 0

    @property
    def unowned(self) -> int:
        """Waiting reviews that nobody has been given, or has taken."""
        return sum(queue.unowned for queue in self.queues)


@dataclass(frozen=True, slots=True)
class Change:
    """What would be different: items that pass, people who join, items that somebody takes as their own.

    ``kept`` is the share of a queue's coming items that would still need a person; ``owned`` counts a queue's
    waiting items by the minute they are due.
    """

    kept: Mapping[UUID, float] = field(default_factory=dict)
    joining: Mapping[UUID, frozenset[UUID]] = field(default_factory=dict)
    owned: Mapping[UUID, Mapping[datetime, int]] = field(default_factory=dict)
    owner: UUID | None = None


NO_CHANGE = Change()


def both(first: Change, second: Change) -> Change:
    """Return two changes as one."""
    return Change(
        kept={**first.kept, **second.kept},
        joining={**first.joining, **second.joining},
        owned={**first.owned, **second.owned},
        owner=second.owner or first.owner,
    )


@dataclass(frozen=True, slots=True)
class Prediction:
    """The rest of the day by queue and as a whole, with the hourly arrivals and capacity behind it."""

    queues: Mapping[UUID, Forecast]
    whole: Forecast
    expected: Mapping[datetime, float]
    per_hour: float

    @property
    def late(self) -> int:
        """How many items will be late."""
        return self.whole.late


#: Stands for the line of whoever takes a class of items as their own.
OWNED = UUID(int=0)
#: People who are only thought of have ids from here on, which no real one has.
_SOMEBODY = 15 << 124


def predict(board: BoardNow, change: Change = NO_CHANGE, *, with_stopped: bool = True) -> Prediction:
    """Return what the rest of the day brings, with a change or as it is; and with what stops keep, or without it."""
    hours = {queue.id: _coming(board, queue, change) for queue in board.queues}
    crew = board.crew.joined_by(change.joining)
    if change.owned and change.owner:
        crew = crew.given_to(change.owner, OWNED)
    lines = [one for queue in board.queues for one in cohorts_of(queue, hours[queue.id], board.day.now, change)]
    cohorts = [*_owned(board, change), *(one for one in lines if with_stopped or not one.stopped)]
    told = forecast(cohorts=cohorts, people=crew.people, pace=crew.pace, now=board.day.now, spells=crew.spells)
    return Prediction(
        queues={queue.id: told.get(queue.id) or nothing(board.day.now) for queue in board.queues},
        whole=together(told.values()),
        expected=_summed(hours.values()),
        per_hour=crew.at_work(board.day.now) * crew.pace,
    )


def _coming(board: BoardNow, queue: QueueNow, change: Change) -> list[tuple[datetime, float]]:
    so_far = queue.placed_since(board.day.start)
    kept = change.kept.get(queue.id, 1.0)
    first_at = min((one.first_at for one in board.queues if one.first_at), default=None)
    return [(at, items * kept) for at, items in expected_hours(day=board.day, so_far=so_far, first_at=first_at)]


def cohorts_of(
    queue: QueueNow, hours: list[tuple[datetime, float]], now: datetime, change: Change = NO_CHANGE
) -> Iterator[Cohort]:
    """Yield a queue's waiting items, without those that somebody takes as their own, and its coming ones.

    ``hours`` are the items that come, by moment. What stops keep is apart.
    """
    owned, halted, reviews = change.owned.get(queue.id, {}), queue.halted, queue.reviews_required
    for due, count in queue.waiting.items():
        left = count - owned.get(due, 0)
        kept = min(halted.waiting.get(due, 0), left)
        yield Cohort(queue.id, now, due, left - kept, reviews)
        yield Cohort(queue.id, now, due, kept, reviews, stopped=True)
    for stopped, share in ((False, 1 - halted.share), (True, halted.share)):
        for at, count in arriving([(hour, items * share) for hour, items in hours]):
            yield Cohort(queue.id, at, queue.due_at(at), count, reviews, stopped)


def arriving(hours: list[tuple[datetime, float]]) -> list[tuple[datetime, int]]:
    """Return whole items at even distances: fractions are carried into the next step."""
    arriving, carried = [], 0.5
    for at, items in hours:
        end = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        count = max(1, round((end - at) / STEP))
        for number in range(count):
            carried += items / count
            if carried >= 1:
                arriving.append((at + (end - at) * (number + 0.5) / count, int(carried)))
                carried -= int(carried)
    return arriving


def _owned(board: BoardNow, change: Change) -> list[Cohort]:
    now = board.day.now
    return [Cohort(OWNED, now, due, count) for dues in change.owned.values() for due, count in dues.items()]


def _summed(every: Iterable[list[tuple[datetime, float]]]) -> dict[datetime, float]:
    total: dict[datetime, float] = {}
    for hours in every:
        for at, items in hours:
            total[at] = total.get(at, 0.0) + items
    return total


def people_needed(board: BoardNow, queue_id: UUID, *, most: int = 64) -> int | None:
    """Return how many more people in one queue would keep every promise not broken yet; None beyond ``most``."""
    if not _holds(board, queue_id, most):
        return None
    low, high = -1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _holds(board, queue_id, middle) else (middle, high)
    return high


def _holds(board: BoardNow, queue_id: UUID, count: int) -> bool:
    more = {UUID(int=_SOMEBODY + number): frozenset({queue_id}) for number in range(count)}
    there = predict(board, Change(joining=more), with_stopped=False).queues[queue_id]
    return there.late <= there.overdue
