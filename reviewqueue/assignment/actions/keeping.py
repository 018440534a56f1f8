"""Keeping a turn alive, and what happens when nobody does."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from reviewqueue.common.clock import database_now
from reviewqueue.common.errors import Conflict
from reviewqueue.triage.models import QueueEntry

from ..models import Assignment, Draft


class TurnOver(Conflict):
    """Your turn at this item is over; what you wrote is kept."""

    slug = "turn-over"


class NoLongerNeeded(TurnOver):
    """The AI system no longer needs this item; what you wrote is kept."""

    slug = "no-longer-needed"


def over(assignment: Assignment) -> TurnOver:
    """Return what to raise for a turn that is over: why, as far as its person should know."""
    withdrawn = QueueEntry.objects.filter(pk=assignment.entry_id, end_reason=QueueEntry.End.WITHDRAWN)
    return NoLongerNeeded() if withdrawn.exists() else TurnOver()


@dataclass(frozen=True, slots=True)
class Ended:
    """A turn that ended by itself."""

    assignment_id: UUID
    slot_id: UUID
    item_id: UUID
    workspace_id: UUID
    user_id: UUID


def heartbeat(
    *,
    assignment: Assignment,
    fence: int,
    lease: timedelta,
    draft: dict[str, Any] | None = None,
    now: datetime | None = None,
) -> datetime:
    """Renew a lease still held, and save the draft; return until when the lease runs.

    The draft is saved in any case, so that nothing typed is lost. Raises TurnOver when the lease is not held.
    """
    if draft is not None:
        save_draft(assignment=assignment, body=draft, now=now)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE assignment_slot SET expires_at = greatest(expires_at,"
            " coalesce(%(now)s::timestamptz, clock_timestamp()) + %(lease)s::interval)"
            " WHERE id = %(slot)s AND fence = %(fence)s AND holder_id = %(user)s AND closed_at IS NULL"
            " RETURNING expires_at",
            {
                "now": now,
                "lease": f"{lease.total_seconds()} seconds",
                "slot": assignment.slot_id,
                "fence": fence,
                "user": assignment.user_id,
            },
        )
        row = cursor.fetchone()
    if row is None:
        raise over(assignment)
    return row[0]


def save_draft(*, assignment: Assignment, body: dict[str, Any], now: datetime | None) -> None:
    """Keep what a reviewer has typed so far; also after the turn is over, so that nothing typed is lost."""
    Draft.objects.update_or_create(
        assignment=assignment,
        defaults={"workspace_id": assignment.workspace_id, "body": body, "saved_at": now or database_now()},
    )


_EXPIRE = """
WITH due AS (
  SELECT id FROM assignment_slot
  WHERE holder_id IS NOT NULL AND closed_at IS NULL
    AND expires_at < coalesce(%(now)s::timestamptz, clock_timestamp())
  ORDER BY expires_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
), freed AS (
  UPDATE assignment_slot s SET holder_id = NULL, expires_at = NULL FROM due WHERE s.id = due.id RETURNING s.id
)
UPDATE assignment_assignment a
SET ended_at = coalesce(%(now)s::timestamptz, clock_timestamp()), end_reason = 'expired'
FROM freed WHERE a.slot_id = freed.id AND a.ended_at IS NULL
RETURNING a.id, a.slot_id, a.item_id, a.workspace_id, a.user_id
"""


def expire_due(*, now: datetime | None = None, limit: int = 500) -> list[Ended]:
    """End the turns whose lease has run out; the fence stays, so a late submit still counts if nobody began."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRE, {"now": now, "limit": limit})
        return [Ended(*row) for row in cursor.fetchall()]


def wake_due(*, now: datetime | None = None, limit: int = 500) -> int:
    """Let snoozed slots back into their line when their time has come; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE assignment_slot SET held_until = NULL, held_by_id = NULL WHERE id IN ("
            " SELECT id FROM assignment_slot WHERE held_until IS NOT NULL AND closed_at IS NULL"
            " AND held_until <= coalesce(%s::timestamptz, clock_timestamp()) LIMIT %s"
            " FOR NO KEY UPDATE SKIP LOCKED)",
            [now, limit],
        )
        return cursor.rowcount
