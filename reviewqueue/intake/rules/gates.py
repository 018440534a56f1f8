"""What a gate asks for: for how long to hold the answer, and what the AI system gets when nobody decided in time."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ..models import Gate
from .faults import Faults, token
from .fields import choice_of

LONGEST = 86_400
FIELDS = frozenset({"deadline_seconds", "on_timeout", "fallback"})
_ENDS = tuple(Gate.OnTimeout.values)


@dataclass(frozen=True, slots=True)
class GateAsked:
    """A gate as a source asks for it; ``fallback`` is an output of the item's kind, or None."""

    lasts: timedelta
    on_timeout: str
    fallback: dict[str, Any] | None


def gate_of(item: dict[str, Any], faults: Faults) -> GateAsked | None:
    """Return the gate that an item asks for; None when its answer has been given already."""
    gate, here = item.get("gate"), faults.under("/gate")
    if gate is None:
        return None
    if not isinstance(gate, dict):
        here.add("", "An object with deadline_seconds, on_timeout, and perhaps fallback is required.")
        return None
    for name in gate.keys() - FIELDS:
        here.add(token(name), "This field is not known.")
    fallback = gate.get("fallback")
    on_timeout = choice_of({"on_timeout": Gate.OnTimeout.WITHHOLD.value, **gate}, "on_timeout", _ENDS, here)
    if on_timeout == Gate.OnTimeout.FALLBACK and fallback is None:
        here.add("/fallback", "on_timeout is fallback, so one is required.")
    if fallback is not None and not isinstance(fallback, dict):
        here.add("/fallback", "An object is required: an output of the item's kind.")
        fallback = None
    return GateAsked(timedelta(seconds=_seconds(gate, here)), on_timeout, fallback)


def _seconds(gate: dict[str, Any], faults: Faults) -> int:
    seconds = gate.get("deadline_seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 1 <= seconds <= LONGEST:
        faults.add("/deadline_seconds", f"A whole number of seconds from 1 to {LONGEST:,} is required.")
        return 1
    return seconds
