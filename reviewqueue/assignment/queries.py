"""Reading turns and the line."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from reviewqueue.accounts.access import CAPABILITIES, Viewer, can
from reviewqueue.triage.models import QueueEntry

from .models import SILENCE, Assignment, BulkAction, BulkStep, Draft, Duty, Exclusion, Hold, Lane, Slot


def visible_to(viewer: Viewer) -> QuerySet[Assignment]:
    """Return a person's own turns; those who see people see all of the workspace."""
    turns = Assignment.objects.filter(workspace_id=viewer.workspace_id)
    return turns if viewer.may("see_people") else turns.filter(user=viewer.user)


def with_content(viewer: Viewer) -> QuerySet[Assignment]:
    """Return the person's own turns, open or over, with what a workbench shows."""
    own = Assignment.objects.filter(workspace_id=viewer.workspace_id, user=viewer.user)
    return own.select_related(
        "slot", "entry__queue", "item__source", "item__declaration", "item__model_version", "item__content"
    )


def held_by(viewer: Viewer) -> QuerySet[Assignment]:
    """Return the person's open turns, oldest first, with what a workbench shows."""
    return with_content(viewer).filter(ended_at=None).order_by("opened_at")


def draft_for(turn: Assignment) -> Draft | None:
    """Return what the person typed about this item last, in this turn or an earlier one."""
    drafts = Draft.objects.filter(assignment__item_id=turn.item_id, assignment__user_id=turn.user_id)
    return drafts.order_by("-saved_at").first()


def waiting_for(*, viewer: Viewer, lanes: list[UUID], at_most: int = 1000) -> int:
    """Return how many slots in these lanes the person may take, counted up to a bound (a line may be very long)."""
    ready = Slot.objects.filter(lane_id__in=lanes, holder=None, closed_at=None, held_until=None)
    taken = Assignment.objects.filter(item_id=OuterRef("item_id"), user=viewer.user, ended_at=None)
    mine = ready.exclude(Exists(Exclusion.objects.filter(item_id=OuterRef("item_id"), user=viewer.user)))
    return mine.exclude(Exists(taken)).order_by()[:at_most].count()


def next_due(*, viewer: Viewer, lanes: list[UUID]) -> datetime | None:
    """Return the promise of what comes next in these lanes: the most urgent of their heads."""
    head = Slot.objects.filter(lane_id=OuterRef("pk"), holder=None, closed_at=None, held_until=None)
    due = Subquery(head.order_by("rank", "pk").values("entry__due_at")[:1])
    heads = Lane.objects.filter(workspace_id=viewer.workspace_id, pk__in=lanes).annotate(due=due)
    return min((lane.due for lane in heads if lane.due), default=None)


def holders_of(*, viewer: Viewer, entry_ids: list[UUID]) -> dict[UUID, Assignment]:
    """Return the open turn at each of these stays, with its person."""
    turns = Assignment.objects.filter(workspace_id=viewer.workspace_id, entry_id__in=entry_ids, ended_at=None)
    return {turn.entry_id: turn for turn in turns.select_related("user")}


def slots_visible_to(viewer: Viewer) -> QuerySet[Slot]:
    """Return the slots of the viewer's workspace."""
    return Slot.objects.filter(workspace_id=viewer.workspace_id)


def lanes_in(workspace_id: UUID) -> list[UUID]:
    """Return every lane of a workspace, in one order."""
    return list(Lane.objects.filter(workspace_id=workspace_id).order_by("pk").values_list("pk", flat=True))


def snoozed_by(viewer: Viewer) -> QuerySet[Slot]:
    """Return what the person has put aside."""
    return Slot.objects.filter(
        workspace_id=viewer.workspace_id, held_by=viewer.user, held_until__isnull=False, closed_at=None
    ).select_related("item", "entry__queue")


FURTHEST = 10_000

_AHEAD = """
SELECT count(*) FROM (
  SELECT 1 FROM assignment_slot s JOIN assignment_lane l ON l.id = s.lane_id
  WHERE l.queue_id = %(queue)s AND s.kind = %(kind)s
    AND s.holder_id IS NULL AND s.closed_at IS NULL AND s.held_until IS NULL
    AND (s.rank, s.id) < (%(rank)s, %(id)s)
  LIMIT %(furthest)s) AS ahead
"""


def next_slot(entry: QueueEntry) -> Slot | None:
    """Return the first review that an entry still needs and that nobody has put aside, with its stay."""
    open_slots = Slot.objects.filter(entry=entry, closed_at=None, held_until=None).select_related("entry")
    return open_slots.order_by("number").first()


def place_in_line(entry: QueueEntry) -> int:
    """Return an entry's place by rank among all lanes of its queue: 1 is next, 0 while somebody has it.

    Counted up to 10,000, so that it costs little however long the line is.
    """
    slot = next_slot(entry)
    if slot is None or slot.holder_id is not None:
        return 0
    given: dict[str, Any] = {
        "queue": entry.queue_id,
        "kind": slot.kind,
        "rank": slot.rank,
        "id": slot.pk,
        "furthest": FURTHEST - 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_AHEAD, given)
        return cursor.fetchone()[0] + 1


# --- held answers ---------------------------------------------------------------------------------------------

# People on duty who may take from a lane: seen lately, members of its queue, of a role that reviews, with the skills
# and the language that the lane asks for.
_THERE = """
FROM assignment_duty d
JOIN accounts_membership m ON m.user_id = d.user_id AND m.workspace_id = d.workspace_id AND m.ended_at IS NULL
JOIN queues_queuemember q ON q.user_id = d.user_id AND q.ended_at IS NULL
WHERE d.ended_at IS NULL AND d.seen_at > %(since)s AND m.role = ANY(%(roles)s)
"""
_MAY_TAKE = """
q.queue_id = l.queue_id AND d.workspace_id = l.workspace_id AND (l.language = '' OR l.language = ANY(m.languages))
AND l.skills <@ (m.skills || CASE WHEN m.role = ANY(%(leads)s) THEN ARRAY['adjudicate'] ELSE '{}' END)
"""

# A review that nobody holds and nobody on duty may take. What was escalated waits for a lead until its deadline.
_UNATTENDED = f"""
SELECT DISTINCT s.item_id FROM intake_gate g
JOIN triage_queueentry e ON e.item_id = g.item_id AND e.ended_at IS NULL
JOIN assignment_slot s ON s.entry_id = e.id AND s.closed_at IS NULL AND s.holder_id IS NULL AND s.kind = 'review'
JOIN assignment_lane l ON l.id = s.lane_id
WHERE g.closed_at IS NULL AND (%(items)s::uuid[] IS NULL OR g.item_id = ANY(%(items)s)) AND NOT EXISTS (
  SELECT 1 {_THERE} AND {_MAY_TAKE}
  AND NOT EXISTS (SELECT 1 FROM assignment_exclusion x WHERE x.item_id = s.item_id AND x.user_id = d.user_id))
LIMIT %(limit)s
"""

_ON_DUTY = f"SELECT DISTINCT q.queue_id, d.user_id {_THERE} AND d.workspace_id = %(workspace)s"


def _there(now: datetime) -> dict[str, Any]:
    roles = {
        name: [role for role in CAPABILITIES if can(role, capability)]
        for name, capability in (("roles", "review"), ("leads", "lead"))
    }
    return {**roles, "since": now - SILENCE}


def unattended(*, now: datetime, item_ids: Sequence[UUID] | None = None, limit: int = 200) -> list[UUID]:
    """Return held answers (of these items, or all) that nobody holds and nobody on duty may take."""
    among = None if item_ids is None else list(item_ids)
    given: dict[str, Any] = {**_there(now), "items": among, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_UNATTENDED, given)
        return [row[0] for row in cursor.fetchall()]


def on_duty(*, workspace_id: UUID, now: datetime) -> dict[UUID, set[UUID]]:
    """Return who is here for held answers, by queue."""
    here: defaultdict[UUID, set[UUID]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(_ON_DUTY, {**_there(now), "workspace": workspace_id})
        for queue_id, user_id in cursor.fetchall():
            here[queue_id].add(user_id)
    return here


def duty_of(*, viewer: Viewer, now: datetime) -> Duty | None:
    """Return the person's own duty, if they are here for held answers."""
    own = Duty.objects.filter(workspace_id=viewer.workspace_id, user=viewer.user, ended_at=None)
    return own.filter(seen_at__gt=now - SILENCE).first()


def held_for(*, viewer: Viewer, lanes: list[UUID]) -> Slot | None:
    """Return the most urgent held answer in these lanes that the person may take."""
    ready = Slot.objects.filter(lane_id__in=lanes, rank__lt=0, holder=None, closed_at=None, held_until=None)
    mine = ready.exclude(Exists(Exclusion.objects.filter(item_id=OuterRef("item_id"), user=viewer.user)))
    held = Assignment.objects.filter(item_id=OuterRef("item_id"), user=viewer.user, ended_at=None)
    return mine.exclude(Exists(held)).select_related("item__gate").order_by("rank", "pk").first()


# What waits in line, and what is in somebody's hands: each by the index made for it.
_HELD_AHEAD = """
SELECT count(*) FROM (
  SELECT s.item_id FROM assignment_lane l JOIN assignment_slot s ON s.lane_id = l.id
  WHERE l.queue_id = %(queue)s AND s.kind = %(kind)s AND s.rank < 0 AND (s.rank, s.item_id) < (%(rank)s, %(item)s)
    AND s.holder_id IS NULL AND s.closed_at IS NULL AND s.held_until IS NULL
  UNION
  SELECT s.item_id FROM assignment_slot s JOIN assignment_lane l ON l.id = s.lane_id
  WHERE l.queue_id = %(queue)s AND s.kind = %(kind)s AND s.rank < 0 AND (s.rank, s.item_id) < (%(rank)s, %(item)s)
    AND s.holder_id IS NOT NULL AND s.closed_at IS NULL) AS ahead
"""


def held_ahead_of(slot: Slot) -> int:
    """Return how many held answers of its queue come before this one, those in somebody's hands included."""
    given: dict[str, Any] = {
        "queue": slot.entry.queue_id,
        "kind": slot.kind,
        "rank": slot.rank,
        "item": slot.item_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_HELD_AHEAD, given)
        return cursor.fetchone()[0]


# --- bulk actions ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BulkDue:
    """The next steps of the oldest action that waits, each with whether it is to be taken back; the actions seen."""

    steps: list[tuple[UUID, bool]]
    actions: list[UUID]


def bulk_due(*, action: BulkAction | None, limit: int) -> BulkDue:
    """Return what is to be done next, of one action or of the oldest that has something left."""
    undoing = Q(undo_asked_at__isnull=False, undone_at=None)
    waiting = BulkAction.objects.filter(Q(finished_at=None) | undoing)
    if action:
        waiting = waiting.filter(pk=action.pk)
    seen: list[UUID] = []
    for one in waiting.order_by("asked_at", "pk")[:20]:
        undo = one.undo_asked_at is not None
        left = BulkStep.objects.filter(action=one, **(BulkStep.TO_UNDO if undo else BulkStep.TO_DO))
        seen.append(one.pk)
        if steps := list(left.order_by("pk").values_list("pk", flat=True)[:limit]):
            return BulkDue([(step, undo) for step in steps], seen)
    return BulkDue([], seen)


def actions_visible_to(viewer: Viewer) -> QuerySet[BulkAction]:
    """Return what leads of the workspace did to items, newest first."""
    actions = BulkAction.objects.filter(workspace_id=viewer.workspace_id)
    actions = actions.select_related("queue", "to", "asked_by", "undo_asked_by", "content")
    return actions.order_by("-asked_at", "-pk")


def hold_of(item_id: UUID) -> Hold | None:
    """Return the hold that an item is on."""
    return (
        Hold.objects.filter(item_id=item_id, ended_at=None, entry__ended_at=None).select_related("begun_by").first()
    )


def last_step(item_id: UUID) -> BulkStep | None:
    """Return what a lead did to an item last, and has not taken back."""
    steps = BulkStep.objects.filter(item_id=item_id, done_at__isnull=False, action__undo_asked_at=None)
    return steps.select_related("action__content", "action__asked_by").order_by("-done_at").first()
