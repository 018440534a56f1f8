"""What a stop changes: how much it covers before it is pulled, and how much waits for its end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from reviewqueue.accounts.access import Viewer
from reviewqueue.assignment.models import Assignment
from reviewqueue.intake.models import Gate, ItemState, Source, State
from reviewqueue.queues.models import Queue, Stop
from reviewqueue.triage.models import Pending, QueueEntry
from reviewqueue.triage.queries import current_policy

#: Counted no further: a page costs little however much waits.
MOST = 10_000
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Covered:
    """What a stop would cover at this moment; ``passing`` is None when nothing passes there."""

    waiting: int
    in_hands: int
    gates: int
    passing: int | None


def covered(*, viewer: Viewer, source: Source | None, queue: Queue | None, now: datetime) -> Covered:
    """Return what a stop of a source, a queue, or (with neither) the workspace would cover."""
    stays = QueueEntry.objects.filter(workspace_id=viewer.workspace_id, ended_at=None, **_of(source, queue))
    turns = Assignment.objects.filter(workspace_id=viewer.workspace_id, ended_at=None)
    turns = turns.filter(**_of(source, queue, "entry__"))
    gates = Gate.objects.filter(workspace_id=viewer.workspace_id, closed_at=None)
    if queue:
        gates = gates.filter(item__in=stays.values("item_id"))
    elif source:
        gates = gates.filter(item__source=source)
    return Covered(
        waiting=_count(stays),
        in_hands=_count(turns),
        gates=_count(gates),
        passing=_passing(viewer.workspace_id, source, queue, now),
    )


def _of(source: Source | None, queue: Queue | None, stay: str = "") -> dict[str, Any]:
    if queue:
        return {f"{stay}queue": queue}
    return {"item__source": source} if source else {}


def _passing(workspace_id: UUID, source: Source | None, queue: Queue | None, now: datetime) -> int | None:
    """Return how many items passed in the last hour that would not have; a queue's are those sampled into it."""
    policy = current_policy(workspace_id)
    if policy is None or (queue and policy.audit_queue_id != queue.pk):
        return None
    passed = ItemState.objects.filter(workspace_id=workspace_id, state=State.PASSED, since__gt=now - HOUR)
    return _count(passed.filter(item__source=source) if source else passed)


def waits_for_the_end(stops: list[Stop]) -> dict[UUID, int]:
    """Return how many items wait for the end of each stop because they would pass."""
    held = Pending.objects.filter(stop__in=stops).order_by()
    return dict(held.values_list("stop").annotate(count=Count("pk")))


def _count(rows: QuerySet[Any]) -> int:
    return rows.order_by()[:MOST].count()
