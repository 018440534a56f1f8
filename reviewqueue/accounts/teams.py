"""Reading teams: who leads and belongs to them, who is away, whose hands are kept filled, what was handed over."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from reviewqueue.common.errors import NotAllowed

from .access import CAPABILITIES, Viewer, can
from .models import Absence, HandOver, HandOverRead, Membership, Team, TeamMember
from .queries import calendar_of
from .working_time import workday_began_at, works_at

#: A hand-over note that nobody has read for so long is no news any more.
NEWS = timedelta(days=3)


# --- who has a say ---------------------------------------------------------------------------------------------


def leads(viewer: Viewer, team: Team) -> bool:
    """Return whether the viewer has a say over a team: its lead or deputy, and every lead of the workspace."""
    if viewer.may("lead"):
        return True
    return viewer.user is not None and viewer.user.pk in {team.lead_id, team.deputy_id}


def require_lead_of(team: Team, viewer: Viewer) -> None:
    """Raise NotAllowed unless the viewer has a say over a team."""
    if not leads(viewer, team):
        raise NotAllowed


def leads_person(viewer: Viewer, user_id: UUID) -> bool:
    """Return whether the viewer has a say over a person: a lead of the workspace, or of a team they belong to."""
    return viewer.may("lead") or teams_led_by(viewer).filter(_has(user_id)).exists()


def require_lead_of_person(viewer: Viewer, user_id: UUID) -> None:
    """Raise NotAllowed unless the viewer has a say over a person."""
    if not leads_person(viewer, user_id):
        raise NotAllowed


def belongs_to(user_id: UUID, team: Team) -> bool:
    """Return whether a person is in a team."""
    return TeamMember.objects.filter(team=team, user_id=user_id, ended_at=None).exists()


def _has(user_id: UUID) -> Q:
    return Q(pk__in=TeamMember.objects.filter(user_id=user_id, ended_at=None).values("team_id"))


# --- teams -----------------------------------------------------------------------------------------------------


def teams_visible_to(viewer: Viewer) -> QuerySet[Team]:
    """Return the teams at work, by name: all for those who see people, else the viewer's own."""
    teams = Team.objects.filter(workspace_id=viewer.workspace_id, ended_at=None).select_related("lead", "deputy")
    teams = teams.order_by("name")
    if viewer.may("see_people") or viewer.may("lead"):
        return teams
    return teams.filter(_led(viewer) | _has(viewer.user.pk)) if viewer.user else teams.none()


def teams_led_by(viewer: Viewer) -> QuerySet[Team]:
    """Return the teams that the viewer leads in person, or stands in for."""
    teams = Team.objects.filter(workspace_id=viewer.workspace_id, ended_at=None)
    return teams.filter(_led(viewer)) if viewer.user else teams.none()


def _led(viewer: Viewer) -> Q:
    return Q(lead=viewer.user) | Q(deputy=viewer.user)


def members_of(team: Team) -> QuerySet[TeamMember]:
    """Return the people of a team, by name."""
    here = Membership.objects.filter(
        workspace_id=team.workspace_id, user_id=OuterRef("user_id"), ended_at=None, user__deactivated_at=None
    )
    members = TeamMember.objects.filter(Exists(here), team=team, ended_at=None)
    return members.select_related("user", "team").order_by("user__name")


# --- absences --------------------------------------------------------------------------------------------------


def absent_at(*, workspace_id: UUID, at: datetime) -> frozenset[UUID]:
    """Return who is away at a moment."""
    away = Absence.objects.filter(workspace_id=workspace_id, from_at__lte=at, to_at__gt=at)
    return frozenset(away.values_list("user_id", flat=True))


def absences_of(*, workspace_id: UUID, user_ids: Iterable[UUID], since: datetime) -> QuerySet[Absence]:
    """Return when people are away, now or later, the next first."""
    coming = Absence.objects.filter(workspace_id=workspace_id, user_id__in=list(user_ids), to_at__gt=since)
    return coming.select_related("user").order_by("from_at")


# --- whose hands are kept filled -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seat:
    """A person whose hand is kept filled now, and its bounds; ``day_began_at`` is when their day's count began."""

    membership: Membership
    limit: int
    capacity: int | None
    day_began_at: datetime


def workspaces_dealing() -> list[UUID]:
    """Return the workspaces in which the hands of a team are kept filled."""
    teams = Team.objects.filter(dealing_begun_at__isnull=False, ended_at=None)
    return list(teams.order_by().values_list("workspace_id", flat=True).distinct())


def seats(*, workspace_id: UUID, now: datetime) -> list[Seat]:
    """Return the people of teams that are dealt to and at work now, but for those who are away.

    Whether they are present is not known here.
    """
    away = absent_at(workspace_id=workspace_id, at=now)
    here = _reviewing(workspace_id)
    found: dict[UUID, Seat] = {}
    for team in Team.objects.filter(workspace_id=workspace_id, dealing_begun_at__isnull=False, ended_at=None):
        calendar = calendar_of(team.pk)
        if not works_at(now, calendar):
            continue
        began_at = workday_began_at(now, calendar)
        for user_id in TeamMember.objects.filter(team=team, ended_at=None).values_list("user_id", flat=True):
            if user_id in here and user_id not in away:
                seat = _seat(here[user_id], team, began_at)
                before = found.get(user_id)
                found[user_id] = seat if before is None or before.limit < seat.limit else before
    return list(found.values())


def _reviewing(workspace_id: UUID) -> dict[UUID, Membership]:
    roles = [role for role in CAPABILITIES if can(role, "review")]
    members = Membership.objects.filter(workspace_id=workspace_id, ended_at=None, role__in=roles)
    return {one.user_id: one for one in members.filter(user__deactivated_at=None)}


def _seat(membership: Membership, team: Team, began_at: datetime) -> Seat:
    return Seat(membership, membership.hand_limit or team.hand_limit, membership.daily_capacity, began_at)


# --- hand-over notes -----------------------------------------------------------------------------------------------


def hand_overs_of(team: Team) -> QuerySet[HandOver]:
    """Return what a team was told or told others, newest first."""
    notes = HandOver.objects.filter(Q(to_team=team) | Q(from_team=team))
    return notes.select_related("from_team", "to_team", "written_by", "content").order_by("-written_at")


def hand_overs_for(viewer: Viewer) -> QuerySet[HandOver]:
    """Return every note that the viewer may mark as read: to a team that is theirs, or that they lead."""
    mine = Q(to_team__in=TeamMember.objects.filter(user=viewer.user, ended_at=None).values("team_id"))
    mine |= Q(to_team__lead=viewer.user) | Q(to_team__deputy=viewer.user)
    return HandOver.objects.filter(mine, workspace_id=viewer.workspace_id)


def unread_hand_overs(viewer: Viewer, *, now: datetime) -> QuerySet[HandOver]:
    """Return the notes of the last days that tell the viewer's teams something the viewer has not read yet."""
    if viewer.user is None:
        return HandOver.objects.none()
    read = HandOverRead.objects.filter(hand_over_id=OuterRef("pk"), user=viewer.user)
    news = hand_overs_for(viewer).filter(written_at__gt=now - NEWS, content__redacted_at=None)
    news = news.exclude(written_by=viewer.user).exclude(Exists(read))
    return news.select_related("from_team", "to_team", "written_by", "content").order_by("written_at")
