"""Teams: who works together, who of them is here, and whether their hands are kept filled."""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from reviewqueue import pipeline
from reviewqueue.accounts import actions as accounts
from reviewqueue.accounts.models import Membership, Team
from reviewqueue.accounts.queries import calendar_of, colleagues_of
from reviewqueue.accounts.teams import absent_at, leads, members_of, teams_visible_to
from reviewqueue.assignment.hands import present
from reviewqueue.assignment.models import Assignment
from reviewqueue.common.background import ring
from reviewqueue.common.clock import database_now, now
from reviewqueue.common.errors import Conflict, NotThere, ProductError
from reviewqueue.metrics.queries.board import board_now

from .access import member_page
from .context import MemberRequest
from .parameters import identifier, whole
from .team_time import calendar_context, hand_over_context, hours_words, there_words


@require_http_methods(["GET", "POST"])
@never_cache
@member_page()
def teams(request: MemberRequest) -> HttpResponse:
    """List the teams; a lead makes one on POST."""
    if request.method == "GET":
        return _teams(request)
    try:
        team = accounts.create_team(by=request.viewer, now=now(), **_typed(request))
    except ProductError as error:
        return _teams(request, error=error)
    messages.success(request, _("%(name)s is there. Now add its people, and its week.") % {"name": team.name})
    return redirect("team", team.pk)


def _teams(request: MemberRequest, error: ProductError | None = None) -> HttpResponse:
    at = now()
    here = present(workspace_id=request.viewer.workspace_id, now=at)
    rows = [_row(team, here, at) for team in teams_visible_to(request.viewer)]
    context = {
        "rows": rows,
        "finding": _finding(rows),
        "may_lead": request.viewer.may("lead"),
        "error": error.detail if error else "",
        "faults": [one.detail for one in error.places] if error else [],
        "typed": request.POST,
        **_choices(request),
    }
    return render(request, "teams/teams.html", context, status=error.status if error else 200)


def _row(team: Team, here: frozenset[UUID], at: datetime) -> dict[str, Any]:
    people = [one.user_id for one in members_of(team)]
    calendar = calendar_of(team.pk)
    return {
        "team": team,
        "people": people,
        "here": sum(one in here for one in people),
        "hours": hours_words(calendar, at),
        "there": there_words(team, at),
    }


def _finding(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return _("There is no team yet.")
    here = len({one for row in rows for one in row["people"]})
    words = ngettext("One team with %(people)s people", "%(n)s teams with %(people)s people", len(rows))
    return words % {"n": len(rows), "people": here}


def _choices(request: MemberRequest) -> dict[str, Any]:
    """Return what the form of a team offers."""
    return {
        "colleagues": [one.user for one in colleagues_of(request.viewer)],
        "zones": sorted(one for one in available_timezones() if "/" in one or one == "UTC"),
    }


def _typed(request: MemberRequest) -> dict[str, Any]:
    sent = request.POST
    return {
        "name": sent.get("name", ""),
        "site": sent.get("site", ""),
        "language": sent.get("language", ""),
        "time_zone": sent.get("zone", ""),
        "lead_id": identifier(sent.get("lead")),
        "deputy_id": identifier(sent.get("deputy")),
    }


# --- one team ------------------------------------------------------------------------------------------------------


@require_GET
@never_cache
@member_page()
def team(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Show a team: its people, its week, and what was handed over."""
    return shown(request, team_of(request, pk))


def team_of(request: MemberRequest, pk: UUID) -> Team:
    """Return a team that the viewer may see. Raises NotThere."""
    found = teams_visible_to(request.viewer).filter(pk=pk).first()
    if found is None:
        raise NotThere
    return found


def shown(request: MemberRequest, one: Team, error: ProductError | None = None) -> HttpResponse:
    """Answer with a team's page, and with what was wrong with a form on it."""
    at, say = now(), leads(request.viewer, one)
    calendar = calendar_of(one.pk)
    people = _people(request, one, at)
    context = {
        "team": one,
        "people": people,
        "outside": _outside(request, one) if request.viewer.may("lead") else [],
        "say": say,
        "may_lead": request.viewer.may("lead"),
        "may_see_queues": request.viewer.may("see_queues"),
        "queues": _queues(request, [row["member"].user_id for row in people], at) if say else [],
        "here": sum(row["here"] for row in people),
        "hours": hours_words(calendar, at),
        "there": there_words(one, at),
        "error": error.detail if error else "",
        "faults": [place.detail for place in error.places] if error else [],
        **calendar_context(one, calendar, [row["member"].user_id for row in people], at),
        **hand_over_context(request.viewer, one),
        **_choices(request),
    }
    return render(request, "teams/team.html", context, status=error.status if error else 200)


def _people(request: MemberRequest, one: Team, at: datetime) -> list[dict[str, Any]]:
    """Return a team's people: who is here or away, and for those with a say over them what each of them holds."""
    workspace_id = one.workspace_id
    here, away = present(workspace_id=workspace_id, now=at), absent_at(workspace_id=workspace_id, at=at)
    members = list(members_of(one))
    ids = [member.user_id for member in members]
    held = Counter(
        Assignment.objects.filter(workspace_id=workspace_id, user_id__in=ids, ended_at=None).values_list(
            "user_id", flat=True
        )
    )
    roles = Membership.objects.filter(workspace_id=workspace_id, user_id__in=ids, ended_at=None)
    memberships = {membership.user_id: membership for membership in roles}
    return [
        {
            "member": member,
            "membership": memberships[member.user_id],
            "here": member.user_id in here,
            "away": member.user_id in away,
            "held": held[member.user_id],
            "leads": member.user_id == one.lead_id,
            "deputises": member.user_id == one.deputy_id,
        }
        for member in members
    ]


def _queues(request: MemberRequest, people: list[UUID], at: datetime) -> list[dict[str, Any]]:
    """Return the queues that a team's people take from, for its lead, who may not see the whole board."""
    waiting = board_now(viewer=request.viewer, now=localtime(at), among=people)
    return [{"name": one.name, "waiting": one.count, "late": one.due_before(at)} for one in waiting.queues]


def _outside(request: MemberRequest, one: Team) -> list[Membership]:
    inside = members_of(one).values("user_id")
    return list(colleagues_of(request.viewer).exclude(user_id__in=inside))


@require_POST
@member_page()
def team_change(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Change what a team is."""
    one = team_of(request, pk)
    try:
        accounts.change_team(team=one, by=request.viewer, now=now(), **_typed(request))
    except ProductError as error:
        return shown(request, one, error)
    return _saved(request, one)


@require_POST
@member_page()
def team_end(request: MemberRequest, pk: UUID) -> HttpResponse:
    """End a team."""
    one = team_of(request, pk)
    accounts.end_team(team=one, by=request.viewer, now=now())
    messages.success(request, _("%(name)s has ended. Its people work on by themselves.") % {"name": one.name})
    return redirect("teams")


@require_POST
@member_page()
def team_join(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Add a colleague to a team."""
    one, user_id = team_of(request, pk), identifier(request.POST.get("to"))
    if user_id is None:
        raise NotThere
    try:
        accounts.join_team(team=one, user_id=user_id, by=request.viewer, now=now())
    except ProductError as error:
        return shown(request, one, error)
    return _saved(request, one)


@require_POST
@member_page()
def team_leave(request: MemberRequest, pk: UUID, user_pk: UUID) -> HttpResponse:
    """Take a person out of a team."""
    one = team_of(request, pk)
    accounts.leave_team(member=_member(one, user_pk), by=request.viewer, now=now())
    return _saved(request, one)


@require_POST
@member_page()
def team_limits(request: MemberRequest, pk: UUID, user_pk: UUID) -> HttpResponse:
    """Set how much is dealt to a person; nothing typed is no limit of their own."""
    one = team_of(request, pk)
    _member(one, user_pk)
    membership = Membership.objects.get(workspace_id=one.workspace_id, user_id=user_pk, ended_at=None)
    try:
        accounts.limit_person(
            membership=membership,
            hand_limit=_limit(request, "hand_limit"),
            daily_capacity=_limit(request, "daily_capacity"),
            by=request.viewer,
            now=now(),
        )
    except ProductError as error:
        return shown(request, one, error)
    return _saved(request, one)


def _limit(request: MemberRequest, name: str) -> int | None:
    text = request.POST.get(name, "").strip()
    return whole(text, 0) if text else None


@require_POST
@member_page()
def team_dealing(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Begin or end dealing to a team's people, or change how many each of them holds."""
    one, sent, at = team_of(request, pk), request.POST, now()
    try:
        if "hand_limit" in sent:
            limit = whole(sent["hand_limit"], 0)
            accounts.limit_hands(team=one, hand_limit=limit, by=request.viewer, now=at)
        if sent.get("on") == "1":
            accounts.begin_dealing(team=one, by=request.viewer, now=at)
            ring("deal", one.workspace_id)
        elif sent.get("on") == "0":
            accounts.end_dealing(team=one, by=request.viewer, now=at)
    except ProductError as error:
        return shown(request, one, error)
    return _saved(request, one)


@require_POST
@member_page()
def team_take_back(request: MemberRequest, pk: UUID, user_pk: UUID) -> HttpResponse:
    """Let everything that a person of the team holds go back to its line."""
    one, taken = team_of(request, pk), 0
    person = _member(one, user_pk).user
    held = Assignment.objects.filter(workspace_id=one.workspace_id, user=person, ended_at=None)
    for turn in held.select_related("slot"):
        try:
            pipeline.take_away(assignment=turn, by=request.viewer, now=database_now())
            taken += 1
        except Conflict:
            continue  # submitted at this moment
    words = ngettext("One item went back to its queue.", "%(n)s items went back to their queues.", taken)
    messages.success(request, words % {"n": taken})
    return redirect("team", one.pk)


def _member(one: Team, user_pk: UUID) -> Any:
    found = members_of(one).filter(user_id=user_pk).first()
    if found is None:
        raise NotThere
    return found


def _saved(request: MemberRequest, one: Team) -> HttpResponse:
    messages.success(request, _("Saved."))
    return redirect("team", one.pk)
