"""The verbs that make workspaces and their members."""

import secrets
from datetime import datetime

from django.db import transaction

from reviewqueue.audit.actions import SYSTEM, Actor, record
from reviewqueue.common.errors import Conflict, Invalid, Place

from ..models import Membership, Role, User, Workspace


class FirstPassword(Conflict):
    """This person still has the first password that somebody gave them; they must change it before they can join."""

    slug = "first-password"


def create_workspace(*, slug: str, name: str, now: datetime) -> Workspace:
    """Create a workspace with a secret of its own. Raises Conflict when the slug is taken."""
    if Workspace.objects.filter(slug=slug).exists():
        raise Conflict(f"There is a workspace {slug} already.")
    with transaction.atomic():
        workspace = Workspace.objects.create(slug=slug, name=name, secret=secrets.token_bytes(32), created_at=now)
        record(workspace_id=workspace.pk, verb="create", subject=("workspace", workspace.pk), by=SYSTEM, at=now)
    return workspace


def add_member(
    *, workspace: Workspace, email: str, name: str, role: str, password: str | None, by: Actor, now: datetime
) -> Membership:
    """Make a person a member; a new person gets the password, one who is known elsewhere keeps theirs.

    Raises Invalid for an unknown role, Conflict when they are a member already, or when somebody of another
    workspace may still know their password.
    """
    if role not in Role.values:
        raise Invalid("This role is not known.", places=[Place("#/role", f"One of {', '.join(Role.values)}.")])
    with transaction.atomic():
        user = User.objects.filter(email=email.strip().lower()).first()
        if user and user.password_changed_at is None and user.memberships.exclude(workspace=workspace).exists():
            raise FirstPassword
        user = user or User.objects.create_user(email, password, name=name)
        if Membership.objects.filter(workspace=workspace, user=user, ended_at=None).exists():
            raise Conflict(f"{email} is a member already.")
        membership = Membership.objects.create(workspace=workspace, user=user, role=role, created_at=now)
        record(
            workspace_id=workspace.pk,
            verb="join",
            subject=("user", user.pk),
            by=by,
            at=now,
            data={"role": role},
        )
    return membership


def end_membership(*, membership: Membership, by: User, actor: Actor, now: datetime) -> None:
    """End a person's membership; what they did stays on record."""
    with transaction.atomic():
        if not Membership.objects.filter(pk=membership.pk, ended_at=None).update(ended_at=now, ended_by=by):
            raise Conflict("This membership has ended already.")
        record(
            workspace_id=membership.workspace_id,
            verb="leave",
            subject=("user", membership.user_id),
            by=actor,
            at=now,
        )
