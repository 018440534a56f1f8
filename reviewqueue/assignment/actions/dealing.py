"""Dealing a slot to a person who is present, and taking back what an absent one holds. Needs a transaction each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from reviewqueue.accounts.models import User

from ..models import ABSENT, Assignment
from .claiming import Taken, Turn, open_turn

#: How long a dealt item waits for its person before it goes back to everybody.
DEALT_FOR = timedelta(minutes=30)
#: After this silence more, an absent person's items go back: a lid that was closed and opened costs nobody anything.
GRACE = timedelta(minutes=2)

# The person's row is held first, so that two dealers never fill one hand at once; a person who is being dealt to, or
# is not here any more, is passed over. What they hold is counted by a statement of its own, which sees the last deal.
_HERE = """
SELECT 1 FROM assignment_presence WHERE workspace_id = %(workspace)s AND user_id = %(user)s
  AND seen_at > coalesce(%(now)s::timestamptz, clock_timestamp()) - %(silence)s::interval
FOR NO KEY UPDATE SKIP LOCKED
"""
_HELD = """
SELECT count(*) FROM assignment_assignment
WHERE workspace_id = %(workspace)s AND user_id = %(user)s AND ended_at IS NULL
"""

# As in claiming: the row that is locked is the row that is changed, and the fence rises.
_DEAL = """
UPDATE assignment_slot SET holder_id = %(user)s, fence = fence + 1,
  expires_at = coalesce(%(now)s::timestamptz, clock_timestamp()) + %(lease)s::interval
WHERE id = (
  SELECT s.id FROM assignment_slot s
  WHERE s.id = %(slot)s AND s.holder_id IS NULL AND s.closed_at IS NULL AND s.held_until IS NULL AND s.rank >= 0
    AND NOT EXISTS (SELECT 1 FROM assignment_exclusion x WHERE x.item_id = s.item_id AND x.user_id = %(user)s)
    AND NOT EXISTS (SELECT 1 FROM assignment_assignment a
                    WHERE a.item_id = s.item_id AND a.user_id = %(user)s AND a.ended_at IS NULL)
  FOR NO KEY UPDATE OF s SKIP LOCKED)
RETURNING id, entry_id, item_id, fence, expires_at, coalesce(%(now)s::timestamptz, clock_timestamp())
"""


def deal(*, workspace_id: UUID, slot_id: UUID, to: User, limit: int, now: datetime | None = None) -> Turn | None:
    """Give a free slot to a person whose hand has room; None when it is taken, or they are not here any more.

    Without ``now`` the turn begins by the database's clock at the moment the slot is taken, as a claim does: it may
    have been somebody else's since the deal was planned.
    """
    if not _has_room(workspace_id, to, limit, now):
        return None
    lease = f"{DEALT_FOR.total_seconds()} seconds"
    with connection.cursor() as cursor:
        cursor.execute(_DEAL, {"user": to.pk, "slot": slot_id, "now": now, "lease": lease})
        row = cursor.fetchone()
    if row is None:
        return None
    *taken, expires_at, at = row
    turn = open_turn(workspace_id, Taken(*taken), to, None, Assignment.How.DEALT, at)
    return Turn(turn, turn.fence, expires_at, at)


def _has_room(workspace_id: UUID, person: User, limit: int, now: datetime | None) -> bool:
    silence = f"{ABSENT.total_seconds()} seconds"
    given: dict[str, Any] = {"workspace": workspace_id, "user": person.pk, "now": now, "silence": silence}
    with connection.cursor() as cursor:
        cursor.execute(_HERE, given)
        if cursor.fetchone() is None:
            return False
        cursor.execute(_HELD, given)
        return cursor.fetchone()[0] < limit


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A turn that an absent person held."""

    assignment_id: UUID
    item_id: UUID
    workspace_id: UUID


# Absent: not seen for long. What a lead gave in person goes back only when the absence is on record, or the person is
# no member any more.
_ABSENT_TURNS = """
SELECT a.id FROM assignment_assignment a
LEFT JOIN assignment_presence p ON p.workspace_id = a.workspace_id AND p.user_id = a.user_id
WHERE a.ended_at IS NULL AND a.how <> 'claimed' AND coalesce(p.seen_at, '-infinity') < %(silent)s AND (
  a.how = 'dealt'
  OR EXISTS (SELECT 1 FROM accounts_absence b WHERE b.user_id = a.user_id AND b.workspace_id = a.workspace_id
             AND b.from_at <= %(now)s AND b.to_at > %(now)s)
  OR NOT EXISTS (SELECT 1 FROM accounts_membership m WHERE m.user_id = a.user_id AND m.ended_at IS NULL
                 AND m.workspace_id = a.workspace_id))
ORDER BY a.opened_at LIMIT %(limit)s
"""

# A late submit still counts while nobody else has begun, as with every turn that ran out: the fence stays.
_TAKE_BACK = """
WITH gone AS (
  SELECT a.id, a.slot_id, a.fence, a.user_id FROM assignment_assignment a
  WHERE a.id = %(turn)s AND a.ended_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM assignment_presence p WHERE p.workspace_id = a.workspace_id AND p.user_id = a.user_id
    AND p.seen_at >= %(silent)s)
), freed AS (
  UPDATE assignment_slot s SET holder_id = NULL, expires_at = NULL FROM gone
  WHERE s.id = gone.slot_id AND s.fence = gone.fence AND s.holder_id = gone.user_id AND s.closed_at IS NULL
  RETURNING s.id)
UPDATE assignment_assignment a SET ended_at = %(now)s, end_reason = 'expired'
FROM freed WHERE a.slot_id = freed.id AND a.id = %(turn)s AND a.ended_at IS NULL
RETURNING a.id, a.item_id, a.workspace_id
"""


def absent_turns(*, now: datetime, limit: int = 200) -> list[UUID]:
    """Return the turns that people hold who are absent by now; claims run out by themselves."""
    with connection.cursor() as cursor:
        cursor.execute(_ABSENT_TURNS, {"now": now, "silent": now - ABSENT - GRACE, "limit": limit})
        return [row[0] for row in cursor.fetchall()]


def take_back(*, assignment_id: UUID, now: datetime) -> TakenBack | None:
    """Free what an absent person holds; None when they are back, or the turn is over."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_BACK, {"turn": assignment_id, "now": now, "silent": now - ABSENT - GRACE})
        row = cursor.fetchone()
    return TakenBack(*row) if row else None


def begin(*, assignment: Assignment, now: datetime) -> None:
    """Note that somebody has looked at a turn that was given to them: their work on it begins."""
    if assignment.how != Assignment.How.CLAIMED and assignment.begun_at is None:
        Assignment.objects.filter(pk=assignment.pk, begun_at=None).update(begun_at=now)
        assignment.begun_at = now
