"""Reading queues, their rubrics and members."""

import time
from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import Membership

from .models import Queue, QueueMember, ReasonCode, Rubric, Stop
from .rules import Running


def visible_to(viewer: Viewer) -> QuerySet[Queue]:
    """Return the queues a viewer may see: all of the workspace, or only a reviewer's own."""
    queues = Queue.objects.filter(workspace_id=viewer.workspace_id).order_by("name")
    if viewer.may("see_queues") or viewer.user is None:
        return queues
    return queues.filter(queue_members__user=viewer.user, queue_members__ended_at=None)


def own_queues(viewer: Viewer) -> QuerySet[Queue]:
    """Return the queues that the viewer takes items from."""
    return Queue.objects.filter(
        workspace_id=viewer.workspace_id, queue_members__user=viewer.user, queue_members__ended_at=None
    ).order_by("name")


_TAKEN_FROM = """
SELECT q.* FROM queues_queue q JOIN queues_queuemember m ON m.queue_id = q.id
WHERE q.workspace_id = %s AND m.user_id = %s AND m.ended_at IS NULL ORDER BY q.name
"""


def queues_taken_from(membership: Membership) -> list[Queue]:
    """Return the queues that a member takes items from, as :func:`own_queues` does; every claim asks for them."""
    return list(Queue.objects.raw(_TAKEN_FROM, [membership.workspace_id, membership.user_id]))


def queues_of(*, workspace_id: UUID, people: Iterable[UUID]) -> QuerySet[Queue]:
    """Return the queues from which any of these people takes items."""
    theirs = QueueMember.objects.filter(workspace_id=workspace_id, user_id__in=list(people), ended_at=None)
    return Queue.objects.filter(pk__in=theirs.values("queue_id")).order_by("name")


def takers_of(queue: Queue) -> QuerySet[QueueMember]:
    """Return who takes items from a queue, by name."""
    members = QueueMember.objects.filter(queue=queue, ended_at=None, user__deactivated_at=None)
    return members.select_related("user").order_by("user__name")


def current_rubric(queue: Queue) -> Rubric | None:
    """Return the queue's newest rubric."""
    return Rubric.objects.filter(queue=queue).order_by("-version").first()


def reason_labels(viewer: Viewer, language: str) -> dict[str, str]:
    """Return what the reason codes are called in a language, by slug; retired ones too: old reviews name them."""
    return {one.slug: one.words(language) for one in ReasonCode.objects.filter(workspace_id=viewer.workspace_id)}


def reason_codes(viewer: Viewer) -> QuerySet[ReasonCode]:
    """Return the workspace's reason codes in the order of their keys."""
    return ReasonCode.objects.filter(workspace_id=viewer.workspace_id, retired_at=None).order_by("position", "slug")


def reasons_retired(viewer: Viewer) -> QuerySet[ReasonCode]:
    """Return the reason codes that are offered no more, the last one first."""
    codes = ReasonCode.objects.filter(workspace_id=viewer.workspace_id, retired_at__isnull=False)
    return codes.order_by("-retired_at", "slug")


# --- stops ----------------------------------------------------------------------------------------------------

#: For so many seconds a process goes by what it has read: a stop holds everywhere soon after it is committed.
MEMORY_SECONDS = 2.0
_remembered: dict[UUID, tuple[float, Running]] = {}


def stops_of(workspace_id: UUID, *, anew: bool = False) -> Running:
    """Return what is stopped in a workspace, as PostgreSQL says it now, or said it two seconds ago at most."""
    read_at = time.monotonic()
    known = _remembered.get(workspace_id)
    if known and not anew and read_at - known[0] < MEMORY_SECONDS:
        return known[1]
    running = Running(tuple(_running(workspace_id)))
    _remembered[workspace_id] = (read_at, running)
    return running


def forget_stops(workspace_id: UUID) -> None:
    """Let this process read anew what is stopped."""
    _remembered.pop(workspace_id, None)


def _running(workspace_id: UUID) -> QuerySet[Stop]:
    return Stop.objects.filter(workspace_id=workspace_id, ended_at=None).select_related("queue").order_by("begun_at")


def running_stops() -> list[Stop]:
    """Return every stop that runs, in all workspaces."""
    return list(Stop.objects.filter(ended_at=None).order_by("begun_at", "pk"))


def stops_visible_to(viewer: Viewer) -> QuerySet[Stop]:
    """Return the workspace's stops, newest first; a key bound to one source sees those of its source."""
    stops = Stop.objects.filter(workspace_id=viewer.workspace_id).order_by("-begun_at", "-pk")
    stops = stops.select_related("queue", "begun_by", "ended_by", "content")
    return stops.filter(source_slug=viewer.source_slug) if viewer.source_slug else stops


def stops_at_work() -> list[Stop]:
    """Return every stop that is not done with: it runs, or what it held back is not all back in its place."""
    return list(Stop.objects.filter(let_go_at=None).select_related("queue").order_by("begun_at", "pk"))
