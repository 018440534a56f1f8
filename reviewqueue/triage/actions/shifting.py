"""Stays moved about by a lead: along their line, and to another queue."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from reviewqueue.common.ids import new_id
from reviewqueue.queues.models import Queue

from ..models import QueueEntry

MINUTE = timedelta(minutes=1) // timedelta(milliseconds=1)


def shift(*, ahead: Mapping[QueueEntry, int]) -> None:
    """Put stays so many minutes ahead of their ordinary places (negative: behind them)."""
    for entry, minutes in ahead.items():
        entry.rank -= (minutes - entry.ahead_minutes) * MINUTE
        entry.ahead_minutes = minutes
    QueueEntry.objects.bulk_update(list(ahead), ["rank", "ahead_minutes"])


def moved(*, entry: QueueEntry, to: Queue, now: datetime) -> QueueEntry:
    """Return an unsaved stay in another queue: promise, rank and language stay, the rest is as that queue asks.

    Skills that a rule asked for go with the queue that it named.
    """
    return QueueEntry(
        id=new_id(),
        workspace_id=entry.workspace_id,
        item=entry.item,
        queue=to,
        decision_id=entry.decision_id,
        reviews_required=to.reviews_required,
        blind=to.blind,
        agreement=to.agreement,
        placed_at=now,
        due_at=entry.due_at,
        rank=entry.rank,
        ahead_minutes=entry.ahead_minutes,
        language=entry.language,
    )
