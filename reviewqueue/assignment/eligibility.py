"""Who may still take an item: members of its queue who review, with its skills and language, and have not had it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from reviewqueue.accounts.access import CAPABILITIES, can
from reviewqueue.accounts.models import Absence, Membership
from reviewqueue.queues.models import Queue, QueueMember
from reviewqueue.triage.models import QueueEntry

from .models import Assignment, Exclusion, Slot


def enough_may_take(entry: QueueEntry, *, people: int) -> bool:
    """Return whether so many people are left who may review an item and do not hold it at this moment."""
    return _unseen(_able(entry), entry.item_id).count() >= people


def all_have_had(entry: QueueEntry, *, people: int) -> bool:
    """Return whether so many could review an item, were it not that they have had it in hand already."""
    return _able(entry).count() >= people and not enough_may_take(entry, people=people)


# Open stays that somebody has had, that nobody has in hand and no lead decides, by who may review them: so many
# people as their free slots need, but for those who have had the item. In one statement, for it is asked of all.
_STRANDED = """
SELECT w.item_id
FROM (SELECT e.*, (SELECT count(*) FROM assignment_slot s WHERE s.entry_id = e.id AND s.closed_at IS NULL) AS free
      FROM triage_queueentry e
      WHERE e.ended_at IS NULL AND (%(items)s::uuid[] IS NULL OR e.item_id = ANY(%(items)s))
        AND EXISTS (SELECT FROM assignment_exclusion x WHERE x.item_id = e.item_id)
        AND NOT EXISTS (SELECT FROM assignment_slot s WHERE s.entry_id = e.id AND s.closed_at IS NULL
                        AND (s.holder_id IS NOT NULL OR s.kind = 'adjudication'))) w
CROSS JOIN LATERAL (
  SELECT count(*) AS able,
         count(*) FILTER (WHERE NOT EXISTS (SELECT FROM assignment_exclusion x
                                            WHERE x.item_id = w.item_id AND x.user_id = m.user_id)) AS unseen
  FROM queues_queuemember q
  JOIN accounts_membership m ON m.user_id = q.user_id AND m.workspace_id = q.workspace_id AND m.ended_at IS NULL
  JOIN accounts_user u ON u.id = m.user_id AND u.deactivated_at IS NULL
  WHERE q.queue_id = w.queue_id AND q.ended_at IS NULL AND m.role = ANY(%(roles)s)
    AND m.skills @> w.required_skills AND (w.language = '' OR w.language = ANY(m.languages))) people
WHERE w.free > 0 AND people.able >= w.free AND people.unseen < w.free
ORDER BY w.placed_at LIMIT %(limit)s
"""


def stranded(*, among: Sequence[UUID] | None = None, limit: int = 100) -> list[UUID]:
    """Return items (``among`` some, else of all) that wait for nobody: all who may review them have had them."""
    roles = [str(role) for role in CAPABILITIES if can(role, "review")]
    given: dict[str, Any] = {"roles": roles, "items": among and list(among), "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_STRANDED, given)
        return [row[0] for row in cursor.fetchall()]


def _able(entry: QueueEntry) -> QuerySet[Membership]:
    """Return the members of an entry's queue who have what it asks of people."""
    members = members_who("review", entry.workspace_id).filter(
        user__queue_memberships__queue=entry.queue_id,
        user__queue_memberships__ended_at=None,
        skills__contains=entry.required_skills,
    )
    if entry.language:
        members = members.filter(languages__contains=[entry.language])
    return members


def leads_of(workspace_id: UUID) -> QuerySet[Membership]:
    """Return the members who decide what is escalated."""
    return members_who("lead", workspace_id)


def lead_has_not_seen(entry: QueueEntry) -> bool:
    """Return whether there is a lead who has not had an item in hand."""
    return _unseen(leads_of(entry.workspace_id), entry.item_id).exists()


def adjudicator_for(entry: QueueEntry, *, now: datetime) -> UUID | None:
    """Return the person named to decide between the reviewers of an item, if there is one who can do so now.

    Not who is absent, takes nothing from the queue any more, or has had the item in hand.
    """
    named = dict(adjudicators([entry.queue_id], now=now)).get(entry.queue_id)
    if named is None or Exclusion.objects.filter(item_id=entry.item_id, user_id=named).exists():
        return None
    return named


def adjudicators(queue_ids: Iterable[UUID], *, now: datetime) -> list[tuple[UUID, UUID]]:
    """Return (queue, person named to decide between its reviewers) of these queues; only who is there now."""
    here = _members_of_any("review").filter(workspace_id=OuterRef("workspace_id"), user_id=OuterRef("adjudicator_id"))
    takes = QueueMember.objects.filter(queue_id=OuterRef("pk"), user_id=OuterRef("adjudicator_id"), ended_at=None)
    away = Absence.objects.filter(user_id=OuterRef("adjudicator_id"), from_at__lte=now, to_at__gt=now)
    away = away.filter(workspace_id=OuterRef("workspace_id"))
    named = Queue.objects.filter(pk__in=list(queue_ids), adjudicator__isnull=False)
    able = named.filter(Exists(here), Exists(takes)).exclude(Exists(away))
    return [(queue_id, user_id) for queue_id, user_id in able.values_list("pk", "adjudicator_id") if user_id]


def had_in_hand(item_id: UUID) -> list[UUID]:
    """Return everybody who ever had a turn at an item."""
    return list(Assignment.objects.filter(item_id=item_id).order_by().values_list("user_id", flat=True).distinct())


def members_who(capability: str, workspace_id: UUID) -> QuerySet[Membership]:
    """Return the members of a workspace with a capability."""
    return _members_of_any(capability).filter(workspace_id=workspace_id)


def _members_of_any(capability: str) -> QuerySet[Membership]:
    roles = [role for role in CAPABILITIES if can(role, capability)]
    return Membership.objects.filter(ended_at=None, role__in=roles, user__deactivated_at=None)


def _unseen(members: QuerySet[Membership], item_id: UUID) -> QuerySet[Membership]:
    had = Exclusion.objects.filter(item_id=item_id, user_id=OuterRef("user_id"))
    holds = Assignment.objects.filter(item_id=item_id, user_id=OuterRef("user_id"), ended_at=None)
    return members.exclude(Exists(had)).exclude(Exists(holds))


def free_slots(entry: QueueEntry) -> int:
    """Return how many reviews of a stay wait for somebody."""
    return Slot.objects.filter(entry=entry, closed_at=None, holder=None).count()
