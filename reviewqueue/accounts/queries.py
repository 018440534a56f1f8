"""Reading people and keys."""

from functools import lru_cache
from uuid import UUID

from django.db.models import QuerySet

from .access import Viewer, viewer_of_key
from .actions import digest_of
from .models import ApiKey, Membership, User, Workspace


def memberships_of(user: User) -> QuerySet[Membership]:
    """Return a person's open memberships, oldest first."""
    return (
        Membership.objects.filter(user=user, ended_at=None).select_related("workspace", "user").order_by("created_at")
    )


def only_workspace() -> Workspace | None:
    """Return the workspace when there is one alone: its name then greets whoever signs in."""
    found = Workspace.objects.all()[:2]
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=1_000)
def workspace_of(workspace_id: UUID) -> Workspace:
    """Return a workspace. Kept for the life of the process: its id, slug and secret never change."""
    return Workspace.objects.get(pk=workspace_id)


def members_visible_to(viewer: Viewer) -> QuerySet[Membership]:
    """Return the workspace's members, for those who may see people."""
    members = Membership.objects.filter(workspace_id=viewer.workspace_id, ended_at=None).select_related("user")
    members = members.order_by("user__name")
    return members if viewer.may("see_people") or viewer.may("administer") else members.filter(user=viewer.user)


def keys_visible_to(viewer: Viewer) -> QuerySet[ApiKey]:
    """Return the workspace's keys, for those who administer it."""
    keys = ApiKey.objects.filter(workspace_id=viewer.workspace_id).select_related("user", "created_by")
    return keys.order_by("-created_at") if viewer.may("administer") else keys.none()


def viewer_with_key(secret: str) -> Viewer | None:
    """Return the viewer that a key lets in, or None for an unknown or revoked one.

    A key that acts as a person is worth nothing once that person's membership has ended.
    """
    row = ApiKey.objects.filter(digest=digest_of(secret), revoked_at=None).select_related("user", "workspace").first()
    if row is None:
        return None
    if row.user_id is None:
        return viewer_of_key(row, role="")
    membership = Membership.objects.filter(
        workspace_id=row.workspace_id, user_id=row.user_id, ended_at=None, user__deactivated_at=None
    ).first()
    return viewer_of_key(row, role=membership.role) if membership else None
