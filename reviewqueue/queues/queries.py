"""Reading queues, their rubrics and members."""

from django.db.models import QuerySet

from reviewqueue.accounts.access import Viewer

from .models import Queue, ReasonCode, Rubric


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


def current_rubric(queue: Queue) -> Rubric | None:
    """Return the queue's newest rubric."""
    return Rubric.objects.filter(queue=queue).order_by("-version").first()


def reason_labels(viewer: Viewer) -> dict[str, str]:
    """Return the workspace's reason codes by slug, retired ones too: old reviews still name them."""
    return dict(ReasonCode.objects.filter(workspace_id=viewer.workspace_id).values_list("slug", "label"))


def reason_codes(viewer: Viewer) -> QuerySet[ReasonCode]:
    """Return the workspace's reason codes in the order of their keys."""
    return ReasonCode.objects.filter(workspace_id=viewer.workspace_id, retired_at=None).order_by("position")
