"""Reading turns and the line."""

from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet

from reviewqueue.accounts.access import Viewer

from .models import Assignment, Slot


def visible_to(viewer: Viewer) -> QuerySet[Assignment]:
    """Return a person's own turns; those who see people see all of the workspace."""
    turns = Assignment.objects.filter(workspace_id=viewer.workspace_id)
    return turns if viewer.may("see_people") else turns.filter(user=viewer.user)


def held_by(viewer: Viewer) -> QuerySet[Assignment]:
    """Return the person's open turns, oldest first, with what a workbench shows."""
    return (
        Assignment.objects.filter(workspace_id=viewer.workspace_id, user=viewer.user, ended_at=None)
        .select_related("slot", "entry__queue", "item__source", "item__model_version", "item__content")
        .order_by("opened_at")
    )


def ready_in_lanes(lanes: list[UUID]) -> int:
    """Return how many slots wait in these lanes (not who may take them)."""
    return Slot.objects.filter(lane_id__in=lanes, holder=None, closed_at=None, held_until=None).count()


def slots_visible_to(viewer: Viewer) -> QuerySet[Slot]:
    """Return the slots of the viewer's workspace."""
    return Slot.objects.filter(workspace_id=viewer.workspace_id)


def snoozed_by(viewer: Viewer) -> QuerySet[Slot]:
    """Return what the person has put aside."""
    return Slot.objects.filter(
        workspace_id=viewer.workspace_id, held_by=viewer.user, held_until__isnull=False, closed_at=None
    ).select_related("item", "entry__queue")


def turns_ended(*, viewer: Viewer, since: datetime) -> dict[str, int]:
    """Return how the person's turns since a time ended, by reason."""
    rows = (
        Assignment.objects.filter(workspace_id=viewer.workspace_id, user=viewer.user, ended_at__gte=since)
        .values_list("end_reason")
        .annotate(Count("id"))
    )
    return dict(rows.order_by())
