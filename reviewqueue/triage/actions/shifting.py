"""Stays moved about by a lead: along their line, and to another queue."""

from datetime import datetime, timedelta

from reviewqueue.common.ids import new_id
from reviewqueue.queues.models import Queue

from ..models import QueueEntry

MINUTE = timedelta(minutes=1) // timedelta(milliseconds=1)


def shift(*, entry: QueueEntry, ahead_minutes: int) -> int:
    """Put a stay so many minutes ahead of its ordinary place (negative: behind it); return its rank."""
    entry.rank -= (ahead_minutes - entry.ahead_minutes) * MINUTE
    entry.ahead_minutes = ahead_minutes
    entry.save(update_fields=["rank", "ahead_minutes"])
    return entry.rank


def moved(*, entry: QueueEntry, to: Queue, now: datetime) -> QueueEntry:
    """Return an unsaved stay in another queue: promise, rank and language stay, the rest is as that queue asks.

    Skills that a rule asked for go with the queue that it named.
    """
    return QueueEntry(
        id=new_id(),
        workspace_id=entry.workspace_id,
        item=entry.item,
        queue=to,
        decision=entry.decision,
        reviews_required=to.reviews_required,
        blind=to.blind,
        agreement=to.agreement,
        placed_at=now,
        due_at=entry.due_at,
        rank=entry.rank,
        ahead_minutes=entry.ahead_minutes,
        language=entry.language,
    )
