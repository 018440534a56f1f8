"""Reading hands: who is here, what they hold and have done today, and the heads of the lanes they may take from."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import Membership
from reviewqueue.accounts.teams import Seat
from reviewqueue.queues.models import QueueMember

from .models import ABSENT, Assignment, Lane, Presence
from .rules import Hand, Head, room

# An item is heavy that could do great harm, hurts to read, or was contested by the person affected.
_HEAVY = """
(i.risk_level = 'high' OR s.kind = 'appeal' OR coalesce(d.facts #> '{findings,abuse,score}' > '0'::jsonb, false))
"""

_DAY = f"""
SELECT a.user_id, count(*) FILTER (WHERE a.ended_at IS NULL),
       count(*) FILTER (WHERE a.ended_at IS NULL OR a.end_reason = 'submitted'),
       count(*) FILTER (WHERE (a.ended_at IS NULL OR a.end_reason = 'submitted') AND {_HEAVY}),
       coalesce(max(a.ended_at) FILTER (WHERE a.how = 'dealt' AND a.end_reason = 'expired' AND a.begun_at IS NULL),
                '-infinity')
       > greatest(max(a.begun_at), max(a.opened_at) FILTER (WHERE a.how = 'claimed'),
                  max(a.ended_at) FILTER (WHERE a.end_reason <> 'expired'), '-infinity')
FROM unnest(%(users)s::uuid[], %(began)s::timestamptz[]) AS u (id, began_at)
JOIN assignment_assignment a ON a.user_id = u.id AND a.workspace_id = %(workspace)s
  AND (a.ended_at IS NULL OR a.ended_at > u.began_at)
JOIN assignment_slot s ON s.id = a.slot_id
JOIN intake_item i ON i.id = a.item_id
JOIN triage_queueentry e ON e.id = a.entry_id
JOIN triage_triagedecision d ON d.id = e.decision_id
GROUP BY 1
"""

_HEADS = f"""
SELECT s.id, s.item_id, s.lane_id, s.rank, {_HEAVY},
       ARRAY(SELECT x.user_id FROM assignment_exclusion x WHERE x.item_id = s.item_id AND x.user_id = ANY(%(users)s)
             UNION
             SELECT a.user_id FROM assignment_assignment a
             WHERE a.item_id = s.item_id AND a.user_id = ANY(%(users)s) AND a.ended_at IS NULL)
FROM unnest(%(lanes)s::uuid[]) AS l (lane)
CROSS JOIN LATERAL (
  SELECT * FROM assignment_slot
  WHERE lane_id = l.lane AND holder_id IS NULL AND closed_at IS NULL AND held_until IS NULL AND rank >= 0
  ORDER BY rank, id LIMIT %(head)s) s
JOIN intake_item i ON i.id = s.item_id
JOIN triage_queueentry e ON e.id = s.entry_id
JOIN triage_triagedecision d ON d.id = e.decision_id
ORDER BY s.rank, s.id LIMIT %(head)s
"""


def present(*, workspace_id: UUID, now: datetime) -> frozenset[UUID]:
    """Return whose open page was seen lately."""
    here = Presence.objects.filter(workspace_id=workspace_id, seen_at__gt=now - ABSENT)
    return frozenset(here.values_list("user_id", flat=True))


def hands_of(*, workspace_id: UUID, seats: Sequence[Seat], stopped: Iterable[UUID], now: datetime) -> list[Hand]:
    """Return the hands of those of these people who are here; no lane of a queue that is stopped.

    Who let a dealt item run out without a look, and has done nothing since, is dealt nothing more.
    """
    here = present(workspace_id=workspace_id, now=now)
    seats = [one for one in seats if one.membership.user_id in here]
    days = _days(workspace_id, seats)
    lanes = _lanes(workspace_id, [one.membership for one in seats], frozenset(stopped))
    hands = []
    for seat in seats:
        user_id = seat.membership.user_id
        held, done, heavy, asleep = days.get(user_id, (0, 0, 0, False))
        left = 0 if asleep else room(limit=seat.limit, held=held, capacity=seat.capacity, done=done)
        hands.append(Hand(user_id, lanes[user_id], left, held, done, heavy))
    return hands


def _days(workspace_id: UUID, seats: Sequence[Seat]) -> dict[UUID, tuple[int, int, int, bool]]:
    given: dict[str, Any] = {
        "workspace": workspace_id,
        "users": [one.membership.user_id for one in seats],
        "began": [one.day_began_at for one in seats],
    }
    with connection.cursor() as cursor:
        cursor.execute(_DAY, given)
        return {user_id: tuple(counts) for user_id, *counts in cursor.fetchall()}


def _lanes(
    workspace_id: UUID, members: Sequence[Membership], stopped: frozenset[UUID]
) -> dict[UUID, frozenset[UUID]]:
    """Return the lanes of each member: of the queues they take from, with skills and a language they have.

    What only leads decide is not dealt: nobody has its need as a skill.
    """
    queues: dict[UUID, set[UUID]] = {one.user_id: set() for one in members}
    taking = QueueMember.objects.filter(workspace_id=workspace_id, user_id__in=list(queues), ended_at=None)
    for user_id, queue_id in taking.values_list("user_id", "queue_id"):
        queues[user_id].add(queue_id)
    lanes = [one for one in Lane.objects.filter(workspace_id=workspace_id) if one.queue_id not in stopped]
    return {
        one.user_id: frozenset(lane.pk for lane in lanes if lane.queue_id in queues[one.user_id] and _fits(one, lane))
        for one in members
    }


def _fits(member: Membership, lane: Lane) -> bool:
    return {*lane.skills} <= {*member.skills} and lane.language in {"", *member.languages}


def heads_for(hands: Sequence[Hand], *, head: int) -> list[Head]:
    """Return what waits first in the lanes of these hands, so many at most, with who of them may not take it."""
    wanting = [one for one in hands if one.room > 0]
    lanes = sorted({lane for one in wanting for lane in one.lanes})
    if not lanes:
        return []
    given: dict[str, Any] = {
        "users": [one.user_id for one in wanting],
        "lanes": lanes,
        "head": head,
    }
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, given)
        rows = cursor.fetchall()
    return [Head(slot, item, lane, rank, heavy, frozenset(had)) for slot, item, lane, rank, heavy, had in rows]


def dealt_unseen(viewer: Viewer) -> int:
    """Return how many items were dealt to the viewer that they have not looked at yet."""
    if viewer.user is None or not viewer.may("review"):
        return 0
    dealt = Assignment.objects.filter(workspace_id=viewer.workspace_id, user=viewer.user, ended_at=None)
    return dealt.filter(how=Assignment.How.DEALT, begun_at=None).count()
