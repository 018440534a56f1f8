"""The verbs that make teams: who belongs to them, who leads them, how much is dealt to their people."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction

from reviewqueue.audit.actions import record
from reviewqueue.common.errors import Conflict, Invalid, Place

from ..access import Viewer
from ..models import Membership, Team, TeamMember
from ..rules import LANGUAGE
from ..teams import require_lead_of, require_lead_of_person

MOST_IN_HAND = 50
MOST_A_DAY = 10_000


def create_team(*, by: Viewer, now: datetime, **given: Any) -> Team:
    """Make a team: ``name``, and if given ``site``, ``language``, ``time_zone``, ``lead_id``, ``deputy_id``.

    Raises Invalid with the place of what is wrong, Conflict when a team has the name already.
    """
    by.require("lead")
    fields = _checked(by.workspace_id, given)
    try:
        with transaction.atomic():
            team = Team.objects.create(workspace_id=by.workspace_id, created_at=now, **fields)
            tell(team, "create", by, now)
    except IntegrityError:
        raise Conflict(f"There is a team {fields['name']} already.") from None
    return team


def change_team(*, team: Team, by: Viewer, now: datetime, **given: Any) -> None:
    """Change what a team is, fields as in :func:`create_team`. Raises Invalid, Conflict."""
    by.require("lead")
    fields = _checked(by.workspace_id, given)
    try:
        with transaction.atomic():
            if not Team.objects.filter(pk=team.pk, ended_at=None).update(**fields):
                raise Conflict("This team has ended.")
            tell(team, "change", by, now)
    except IntegrityError:
        raise Conflict(f"There is a team {fields['name']} already.") from None


def _checked(workspace_id: UUID, given: dict[str, Any]) -> dict[str, Any]:
    """Return a team's fields as they are stored. Raises Invalid with every place that is wrong."""
    name = given["name"].strip()
    fields = {
        "name": name,
        "site": given.get("site", "").strip(),
        "language": given.get("language", "").strip(),
        "time_zone": given.get("time_zone") or "UTC",
        "lead_id": given.get("lead_id"),
        "deputy_id": given.get("deputy_id"),
    }
    people = [one for one in (fields["lead_id"], fields["deputy_id"]) if one]
    here = set(_members(workspace_id, people))
    wrong = {
        "name": "" if 1 <= len(name) <= 80 and "\0" not in name else "From 1 to 80 characters.",
        "site": "" if len(fields["site"]) <= 80 and "\0" not in fields["site"] else "At most 80 characters.",
        "language": "" if LANGUAGE.fullmatch(fields["language"] or "en") else "A code such as en or de-AT.",
        "time_zone": "" if fields["time_zone"] in available_timezones() else "A zone such as Europe/Berlin.",
        "lead": "" if fields["lead_id"] in {None, *here} else "Not a member of this workspace.",
        "deputy": "" if fields["deputy_id"] in {None, *here} else "Not a member of this workspace.",
    }
    places = [Place(f"#/{field}", detail) for field, detail in wrong.items() if detail]
    if places:
        raise Invalid("This is no team.", places=places)
    return fields


def _members(workspace_id: UUID, people: list[UUID]) -> list[UUID]:
    members = Membership.objects.filter(workspace_id=workspace_id, user_id__in=people, ended_at=None)
    return list(members.values_list("user_id", flat=True))


def end_team(*, team: Team, by: Viewer, now: datetime) -> None:
    """End a team: its people work on, by themselves. Raises Conflict."""
    by.require("lead")
    with transaction.atomic():
        over = {"ended_at": now, "ended_by": by.user, "dealing_begun_at": None, "dealing_begun_by": None}
        if not Team.objects.filter(pk=team.pk, ended_at=None).update(**over):
            raise Conflict("This team has ended.")
        TeamMember.objects.filter(team=team, ended_at=None).update(ended_at=now)
        tell(team, "end", by, now)


def join_team(*, team: Team, user_id: UUID, by: Viewer, now: datetime) -> TeamMember:
    """Let a member of the workspace belong to a team. Raises Invalid, Conflict.

    For leads of the workspace alone: who leads a team has a say over its people, and may not choose them.
    """
    by.require("lead")
    if not _members(team.workspace_id, [user_id]):
        raise Invalid("The person is no member.", places=[Place("#/user", "Not a member of this workspace.")])
    try:
        with transaction.atomic():
            if not Team.objects.select_for_update(no_key=True).filter(pk=team.pk, ended_at=None).first():
                raise Conflict("This team has ended.")
            member = TeamMember.objects.create(workspace_id=team.workspace_id, team=team, user_id=user_id, since=now)
            tell(team, "join", by, now, user=str(user_id))
    except IntegrityError:
        raise Conflict("This person is in the team already.") from None
    return member


def leave_team(*, member: TeamMember, by: Viewer, now: datetime) -> None:
    """Let a person belong to a team no more. Raises Conflict."""
    by.require("lead")
    with transaction.atomic():
        if not TeamMember.objects.filter(pk=member.pk, ended_at=None).update(ended_at=now):
            raise Conflict("This person is not in the team any more.")
        tell(member.team, "leave", by, now, user=str(member.user_id))


def begin_dealing(*, team: Team, by: Viewer, now: datetime) -> None:
    """Let workers keep the hands of a team's people filled from now on. Raises Conflict."""
    require_lead_of(team, by)
    _switch(team, by, now, "begin_dealing", begun_at=now)


def end_dealing(*, team: Team, by: Viewer, now: datetime) -> None:
    """Leave it to a team's people to claim. What was dealt stays with them. Raises Conflict."""
    require_lead_of(team, by)
    _switch(team, by, now, "end_dealing", begun_at=None)


def _switch(team: Team, by: Viewer, now: datetime, verb: str, *, begun_at: datetime | None) -> None:
    with transaction.atomic():
        before = Team.objects.filter(pk=team.pk, ended_at=None, dealing_begun_at__isnull=begun_at is not None)
        if not before.update(dealing_begun_at=begun_at, dealing_begun_by=by.user if begun_at else None):
            raise Conflict("This has been switched meanwhile, or the team has ended.")
        tell(team, verb, by, now)


def limit_hands(*, team: Team, hand_limit: int, by: Viewer, now: datetime) -> None:
    """Set how many dealt items each person of a team holds at a time. Raises Invalid."""
    require_lead_of(team, by)
    _check_number("hand_limit", hand_limit, MOST_IN_HAND)
    with transaction.atomic():
        Team.objects.filter(pk=team.pk).update(hand_limit=hand_limit)
        tell(team, "limit", by, now, hand_limit=hand_limit)


def limit_person(
    *, membership: Membership, hand_limit: int | None, daily_capacity: int | None, by: Viewer, now: datetime
) -> None:
    """Set how much is dealt to a person: items at a time, and reviews a day; None for no limit of their own.

    Raises Invalid.
    """
    require_lead_of_person(by, membership.user_id)
    _check_number("hand_limit", hand_limit, MOST_IN_HAND)
    _check_number("daily_capacity", daily_capacity, MOST_A_DAY)
    with transaction.atomic():
        Membership.objects.filter(pk=membership.pk).update(hand_limit=hand_limit, daily_capacity=daily_capacity)
        record(
            workspace_id=membership.workspace_id,
            verb="limit",
            subject=("user", membership.user_id),
            by=by.actor,
            at=now,
            data={"hand_limit": hand_limit, "daily_capacity": daily_capacity},
        )


def _check_number(field: str, number: int | None, most: int) -> None:
    if number is not None and not 1 <= number <= most:
        raise Invalid("This is no limit.", places=[Place(f"#/{field}", f"From 1 to {most:,}.")])


def tell(team: Team, verb: str, by: Viewer, now: datetime, **data: Any) -> None:
    """Record what was done to a team."""
    record(workspace_id=team.workspace_id, verb=verb, subject=("team", team.pk), by=by.actor, at=now, data=data)
