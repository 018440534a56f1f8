"""A team's calendar: the week's editor, closed days, absences; and notes from one shift to the next."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from reviewqueue.accounts import actions as accounts
from reviewqueue.accounts.models import Absence, ClosedDay, Membership, Team
from reviewqueue.accounts.queries import calendar_of
from reviewqueue.accounts.teams import hand_overs_for, members_of, require_lead_of
from reviewqueue.common.clock import now
from reviewqueue.common.errors import Invalid, NotThere, Place, ProductError

from .access import member_page
from .context import MemberRequest
from .parameters import identifier
from .team_time import MOST_ROWS, SPARE_ROWS, Row, day_names, here_at, rows_of, shifts_in, typed_rows
from .teams import shown, team_of


@require_http_methods(["GET", "POST"])
@never_cache
@member_page()
def team_week(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Show the editor of a team's week; save it on POST."""
    one, error = team_of(request, pk), None
    require_lead_of(one, request.viewer)
    rows = rows_of(calendar_of(one.pk).shifts)
    if request.method == "POST":
        rows = typed_rows(request.POST)
        try:
            accounts.set_shifts(team=one, shifts=shifts_in(rows), by=request.viewer, now=now())
        except Invalid as found:
            error = found
        else:
            messages.success(request, _("The week is saved."))
            return redirect("team", one.pk)
    spare = [Row() for _number in range(SPARE_ROWS)]
    context = {
        "team": one,
        "rows": [_line(row) for row in [*(row for row in rows if row != Row()), *spare][:MOST_ROWS]],
        "error": error.detail if error else "",
        "faults": [place.detail for place in error.places] if error else [],
    }
    return render(request, "teams/week.html", context, status=error.status if error else 200)


def _line(row: Row) -> dict[str, Any]:
    cells = [{"day": day, "people": people} for day, people in zip(day_names(), row.people, strict=True)]
    return {"begins": row.begins, "ends": row.ends, "cells": cells}


@require_POST
@member_page()
def team_close_day(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Close a team on a day."""
    one = team_of(request, pk)
    try:
        day = parse_date(request.POST.get("day", ""))
    except ValueError:
        day = None
    try:
        if day is None:
            raise Invalid(_("Which day?"), places=[Place("#/day", _("A date."))])
        name = request.POST.get("name", "")
        accounts.close_day(team=one, day=day, name=name, by=request.viewer, now=now())
    except ProductError as error:
        return shown(request, one, error)
    return redirect("team", one.pk)


@require_POST
@member_page()
def team_open_day(request: MemberRequest, pk: UUID, day_pk: UUID) -> HttpResponse:
    """Let a team work on a day that was closed."""
    closed = ClosedDay.objects.filter(pk=day_pk, team=team_of(request, pk)).select_related("team").first()
    if closed is None:
        raise NotThere
    accounts.open_day(closed=closed, by=request.viewer, now=now())
    return redirect("team", pk)


@require_POST
@member_page()
def team_away(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Note that a person of the team is away: oneself, or somebody one has a say over."""
    one, sent = team_of(request, pk), request.POST
    user_id = identifier(sent.get("who"))
    if user_id is None:
        return shown(request, one, Invalid(_("Who is away?"), places=[Place("#/who", _("Choose a person."))]))
    if not members_of(one).filter(user_id=user_id).exists():
        raise NotThere
    membership = Membership.objects.get(workspace_id=one.workspace_id, user_id=user_id, ended_at=None)
    try:
        from_at, to_at = here_at(sent.get("from", ""), one), here_at(sent.get("to", ""), one)
        accounts.add_absence(membership=membership, from_at=from_at, to_at=to_at, by=request.viewer, now=now())
    except Invalid as error:
        return shown(request, one, error)
    messages.success(request, _("Noted: nothing is dealt to them in that time."))
    return redirect("team", one.pk)


@require_POST
@member_page()
def team_back(request: MemberRequest, pk: UUID, absence_pk: UUID) -> HttpResponse:
    """Take back that a person is away, or let them be back now."""
    one = team_of(request, pk)
    people = members_of(one).values("user_id")
    absence = Absence.objects.filter(pk=absence_pk, workspace_id=one.workspace_id, user_id__in=people).first()
    if absence is None:
        raise NotThere
    accounts.end_absence(absence=absence, by=request.viewer, now=now())
    return redirect("team", one.pk)


# --- hand-over notes -----------------------------------------------------------------------------------------------


@require_POST
@member_page()
def team_hand_over(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Tell the next shift something, of this team or of another one."""
    one = team_of(request, pk)
    to = _told(request, one.workspace_id) or one
    try:
        accounts.hand_over(from_team=one, to_team=to, text=request.POST.get("text", ""), by=request.viewer, now=now())
    except Invalid as error:
        return shown(request, one, error)
    messages.success(request, _("%(name)s sees it on their queue until they have read it.") % {"name": to.name})
    return redirect("team", one.pk)


def _told(request: MemberRequest, workspace_id: UUID) -> Team | None:
    wanted = identifier(request.POST.get("team"))
    if wanted is None:
        return None
    found = Team.objects.filter(workspace_id=workspace_id, ended_at=None, pk=wanted).first()
    if found is None:
        raise NotThere
    return found


@require_POST
@member_page()
def hand_over_read(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Note that one has read what was handed over."""
    note = hand_overs_for(request.viewer).filter(pk=pk).first()
    if note is None:
        raise NotThere
    accounts.read_hand_over(note=note, by=request.viewer, now=now())
    return redirect("my_queue")
