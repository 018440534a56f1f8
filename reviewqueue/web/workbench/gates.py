"""What the workbench says of an answer that is held: until when somebody waits, and what happens then."""

from datetime import datetime, timedelta
from typing import Any

from reviewqueue.common.exactjson import dumped, numbered
from reviewqueue.intake.models import Gate, Item, Risk
from reviewqueue.intake.queries import fallback_text, gate_of
from reviewqueue.review.queries import was_answered

from ..safe_text import plain


def gate_context(item: Item, now: datetime) -> dict[str, Any]:
    """Return the gate as the page shows it, and whether somebody has got the answer already."""
    gate = gate_of(item.pk)
    if gate is None:
        return {"gate": None, "already_given": True}
    at_timeout = Gate.OnTimeout.WITHHOLD if item.risk_level == Risk.HIGH else gate.on_timeout
    is_open = gate.closed_at is None
    shown = {
        "open": is_open,
        "deadline_at": gate.deadline_at,
        "seconds": max(0, round((gate.deadline_at - now).total_seconds())),
        "at_timeout": at_timeout,
        "fallback": _text(fallback_text(item)),
    }
    given = gate.closed_because == Gate.Closed.PASSED or was_answered(item.pk)
    told = {"gate": shown if is_open or gate.ran_out else None, "already_given": given}
    # while somebody waits, the deadline is the promise
    return {**told, "due": _due(gate.deadline_at - now, gate.deadline_at)} if is_open else told


def _due(left: timedelta, at: datetime) -> dict[str, Any]:
    return {"at": at, "left": left, "state": "late" if left < timedelta() else "soon"}


def _text(text: str | None) -> str:
    """Return a fallback as a person reads it."""
    if text is None:
        return ""
    fallback = numbered(text)
    words = fallback.get("content") or fallback.get("label")
    return plain(words if isinstance(words, str) else dumped(fallback))
