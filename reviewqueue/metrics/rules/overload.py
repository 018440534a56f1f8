"""When an overload plan begins and ends by itself: two thresholds, so that nothing flickers between them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from reviewqueue.triage.models import OverloadRun

#: What a threshold began is not ended by one before so long.
LEAST = timedelta(minutes=10)
#: With nobody to take it, an item is this late: further than any promise looks.
MOST_MINUTES = 7 * 24 * 60


class Thresholds(Protocol):
    """What a plan says of its beginning and end; pairs of which either is given or neither."""

    starts_waiting: int | None
    ends_waiting: int | None
    starts_minutes_late: int | None
    ends_minutes_late: int | None


@dataclass(frozen=True, slots=True)
class Measured:
    """A line at one moment: items that wait, and by how many minutes the latest of them will be late."""

    waiting: int
    minutes_late: int


def reaches(plan: Thresholds, now: Measured) -> tuple[OverloadRun.Why, int] | None:
    """Return which threshold is reached, with what was measured; None when none is."""
    if plan.starts_waiting is not None and now.waiting >= plan.starts_waiting:
        return OverloadRun.Why.WAITING, now.waiting
    if plan.starts_minutes_late is not None and now.minutes_late >= plan.starts_minutes_late:
        return OverloadRun.Why.MINUTES_LATE, now.minutes_late
    return None


def is_calm(plan: Thresholds, now: Measured) -> bool:
    """Return whether all that is measured is down at the lower thresholds; never without any threshold."""
    if plan.ends_waiting is None and plan.ends_minutes_late is None:
        return False
    few = plan.ends_waiting is None or now.waiting <= plan.ends_waiting
    return few and (plan.ends_minutes_late is None or now.minutes_late <= plan.ends_minutes_late)


def lasted(begun_at: datetime, now: datetime) -> bool:
    """Return whether a run has lasted long enough to be ended by a threshold."""
    return now - begun_at >= LEAST
