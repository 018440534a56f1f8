"""The verbs that make workspaces and their members."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from reviewqueue.audit.actions import SYSTEM, Actor, record
from reviewqueue.common.errors import Conflict, Invalid, Place

from ..models import Membership, Role, User, Workspace
from ..rules import LANGUAGE

MOST_SKILLS, LONGEST_SKILL = 50, 40


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


def change_member(
    *, membership: Membership, role: str, skills: Sequence[str], languages: Sequence[str], by: Actor, now: datetime
) -> None:
    """Say anew what a member may do, which skills they have and which languages they review in.

    What they hold they go on with; what they may take next goes by this. Raises Invalid with every place that is
    wrong, Conflict when the membership has ended.
    """
    if places := _member_faults(role, skills, languages):
        raise Invalid("This is no description of a member.", places=places)
    wanted = {"role": role, "skills": sorted({*skills}), "languages": sorted({*languages})}
    with transaction.atomic():
        held = Membership.objects.select_for_update(no_key=True).filter(pk=membership.pk, ended_at=None).first()
        if held is None:
            raise Conflict("This membership has ended already.")
        changed = {
            name: {"was": getattr(held, name), "is": value}
            for name, value in wanted.items()
            if getattr(held, name) != value
        }
        if changed:
            Membership.objects.filter(pk=held.pk).update(**{name: wanted[name] for name in changed})
            record(
                workspace_id=held.workspace_id,
                verb="change",
                subject=("user", held.user_id),
                by=by,
                at=now,
                data=changed,
            )


def _member_faults(role: str, skills: Sequence[str], languages: Sequence[str]) -> list[Place]:
    places = []
    if role not in Role.values:
        places.append(Place("#/role", f"One of {', '.join(Role.values)}."))
    if len(skills) > MOST_SKILLS or any(not 1 <= len(one) <= LONGEST_SKILL or "\0" in one for one in skills):
        places.append(Place("#/skills", f"At most {MOST_SKILLS} skills of at most {LONGEST_SKILL} characters."))
    if any(not LANGUAGE.fullmatch(one) for one in languages):
        places.append(Place("#/languages", "Codes such as en, de or de-AT."))
    return places


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
