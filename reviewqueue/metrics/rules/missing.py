"""Why a promise was not kept: what took most of its time, from facts alone, as they were when it was due.

The answer depends on nothing that happened later, so a miss found late has the same reason as one found at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from reviewqueue.accounts.working_time import ALWAYS, Calendar, working_spans
from reviewqueue.triage.models import Miss

#: From and until when something went on.
Stretch = tuple[datetime, datetime]
#: What a minute counts as when several go on in it, the first that holds.
_ORDER = ("in_hand", "stopped", "held", "escalated")
#: Given back so often, an item has gone round rather than waited.
OFTEN = 2


@dataclass(frozen=True, slots=True)
class Turn:
    """One person's turn; ``returned`` when it was given back, ran out or was taken away."""

    opened_at: datetime
    ended_at: datetime | None
    returned: bool


@dataclass(frozen=True, slots=True)
class Stayed:
    """What is known of a stay until it was due; ``people`` worked in its queue, ``done`` others left it meanwhile."""

    placed_at: datetime
    due_at: datetime
    turns: Sequence[Turn] = ()
    stopped: Sequence[Stretch] = ()
    held: Sequence[Stretch] = ()
    escalated: Sequence[Stretch] = ()
    people: int = 0
    done: int = 0
    calendar: Calendar = ALWAYS


def why_missed(stay: Stayed) -> tuple[Miss.Why, dict[str, Any]]:
    """Return why a promise was not kept, and the facts behind that: working minutes, turns, people, items done."""
    back = sum(1 for one in stay.turns if one.returned and one.ended_at and one.ended_at <= stay.due_at)
    seconds = _seconds(stay)
    facts = {
        "minutes": {name: round(spent / 60) for name, spent in seconds.items() if spent >= 30},
        "turns": sum(1 for one in stay.turns if one.opened_at < stay.due_at),
        "returned": back,
        "people": stay.people,
        "done": stay.done,
    }
    return _why(stay, seconds, back), facts


def _why(stay: Stayed, seconds: dict[str, float], back: int) -> Miss.Why:
    if stay.placed_at >= stay.due_at:
        return Miss.Why.CAME_LATE
    most = max(seconds, key=lambda name: seconds[name])
    if back >= OFTEN and most in {"in_hand", "waiting"}:
        return Miss.Why.RETURNED
    if most != "waiting":
        return Miss.Why(most)
    return Miss.Why.WAITING if stay.people else Miss.Why.NO_PEOPLE


def _seconds(stay: Stayed) -> dict[str, float]:
    """Return the working time between placing and due time by what went on in it; each moment counts once."""
    going = {
        "in_hand": [(one.opened_at, one.ended_at or stay.due_at) for one in stay.turns],
        "stopped": stay.stopped,
        "held": stay.held,
        "escalated": stay.escalated,
    }
    spans = _working(stay)
    seconds = dict.fromkeys((*_ORDER, "waiting"), 0.0)
    for begin, end in _pieces(stay, [stretch for every in going.values() for stretch in every]):
        name = next((one for one in _ORDER if _within(begin, going[one])), "waiting")
        seconds[name] += sum(max((min(end, b) - max(begin, a)).total_seconds(), 0.0) for a, b in spans)
    return seconds


def _working(stay: Stayed) -> list[Stretch]:
    if stay.calendar is ALWAYS:
        return [(stay.placed_at, stay.due_at)]
    return [(one.begin, one.end) for one in working_spans(stay.placed_at, stay.due_at, stay.calendar)]


def _pieces(stay: Stayed, stretches: Iterable[Stretch]) -> list[Stretch]:
    """Cut the time of a promise wherever something begins or ends in it."""
    inside = {at for stretch in stretches for at in stretch if stay.placed_at < at < stay.due_at}
    cuts = sorted({stay.placed_at, stay.due_at, *inside})
    return list(pairwise(cuts))


def _within(at: datetime, stretches: Iterable[Stretch]) -> bool:
    return any(begin <= at < end for begin, end in stretches)
