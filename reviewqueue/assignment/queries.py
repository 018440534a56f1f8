"""Reading turns and the line."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from reviewqueue.accounts.access import Viewer
from reviewqueue.triage.models import QueueEntry

from .models import Assignment, Draft, Exclusion, Lane, Slot


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


def place_in_line(entry: QueueEntry) -> int:
    """Return an entry's place by rank among all lanes of its queue: 1 is next, 0 while somebody has it.

    Counted up to 10,000, so that it costs little however long the line is.
    """
    slot = Slot.objects.filter(entry=entry, closed_at=None, held_until=None).order_by("number").first()
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
