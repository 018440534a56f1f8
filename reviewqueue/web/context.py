"""What every page knows: who looks, in which workspace, language and time zone, and where they may go."""

import logging
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import DatabaseError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from reviewqueue.accounts.access import Viewer, viewer_of_member
from reviewqueue.accounts.models import Membership, Role, User
from reviewqueue.accounts.queries import memberships_of
from reviewqueue.assignment.actions import be_here
from reviewqueue.assignment.hands import dealt_unseen
from reviewqueue.assignment.queries import duty_of
from reviewqueue.common.background import ring
from reviewqueue.common.clock import now
from reviewqueue.edgecases.queries import cases_calling
from reviewqueue.queues.queries import stops_of
from reviewqueue.queues.rules import stopped_words
from reviewqueue.review.queries import follow_ups_calling

from .access import not_ready
from .words import clock

log = logging.getLogger(__name__)

THEMES = ("light", "dark")

ROLES = {
    Role.REVIEWER: _("Reviewer"),
    Role.LEAD: _("Lead"),
    Role.ML_ENGINEER: _("ML engineer"),
    Role.AUDITOR: _("Auditor"),
    Role.ADMIN: _("Admin"),
}

#: Groups of (address name, words, icon, capabilities of which one is needed; everybody's when none is named).
NAVIGATION = (
    (
        ("my_queue", _("My queue"), "inbox", ("review", "lead")),
        ("board", _("Queue board"), "board", ("see_queues",)),
        ("promises", _("Promises"), "clock", ("see_queues",)),
        ("teams", _("Teams"), "people", ("review", "lead", "see_people")),
        ("items", _("Items"), "search", ("see_items",)),
        ("follow_ups", _("Follow-ups"), "reply", ("review", "lead", "see_items")),
        ("edge_cases", _("Edge cases"), "balance", ("lead", "see_items")),
        ("knowledge", _("Knowledge fixes"), "layers", ("review", "see_items")),
    ),
    (
        ("policies", _("Routing"), "route", ("lead",)),
        ("quality", _("Quality"), "chart", ("see_quality",)),
        ("datasets", _("Datasets"), "layers", ("datasets", "see_datasets")),
    ),
    (
        ("report", _("Report an answer"), "flag", ()),
        ("settings", _("Settings"), "gear", ("administer", "lead")),
    ),
)


class MemberRequest(HttpRequest):
    """A request by a signed-in member."""

    user: User
    htmx: bool
    membership: Membership
    viewer: Viewer


def member_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Give each page's request its membership and viewer (None when nobody is signed in)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.membership = None  # type: ignore[attr-defined]
        request.viewer = None  # type: ignore[attr-defined]
        timezone.deactivate()
        if not request.path.startswith(("/api/", "/static/", "/assets/", "/healthz", "/readyz", "/metrics")):
            try:
                _recognise(request)
            except OperationalError:
                log.exception("the database was not reached")
                return not_ready()
        return get_response(request)

    return middleware


def _recognise(request: HttpRequest) -> None:
    user = request.user
    if not isinstance(user, User):
        return
    _speak_to(request, user)
    memberships = list(memberships_of(user))
    wanted = request.session.get("workspace")
    chosen = next((one for one in memberships if str(one.workspace_id) == wanted), None)
    membership = chosen or (memberships[0] if memberships else None)
    if membership:
        request.membership = membership  # type: ignore[attr-defined]
        request.viewer = viewer_of_member(membership)  # type: ignore[attr-defined]
        _note_presence(membership)


def _note_presence(membership: Membership) -> None:
    """Note that a member looks at a page. A database that takes no writes now still lets pages be read."""
    try:
        if be_here(membership=membership):
            ring("deal", membership.workspace_id)
    except OperationalError:
        raise
    except DatabaseError:
        log.warning("presence not noted", extra={"workspace": str(membership.workspace_id)})


def _speak_to(request: HttpRequest, user: User) -> None:
    """Use the person's own language and time zone for this request."""
    if user.language in dict(settings.LANGUAGES):
        translation.activate(user.language)
        request.LANGUAGE_CODE = user.language
    try:
        timezone.activate(ZoneInfo(user.time_zone))
    except (ZoneInfoNotFoundError, ValueError):
        timezone.deactivate()


def everywhere(request: HttpRequest) -> dict[str, Any]:
    """Return what base.html needs."""
    membership = getattr(request, "membership", None)
    viewer = getattr(request, "viewer", None)
    theme = request.COOKIES.get("theme", "")
    return {
        "membership": membership,
        "viewer": viewer,
        "theme": theme if theme in THEMES else "",
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "me": _me(membership) if membership else None,
        "navigation": list(_navigation(viewer, request.path)) if viewer else [],
        "duty": _duty(viewer) if viewer else None,
        "stopped": list(_stopped(viewer)) if viewer else [],
        "dealt": dealt_unseen(viewer) if viewer else 0,
    }


def _duty(viewer: Viewer) -> dict[str, bool] | None:
    """Return whether this person is here for held answers; None for those who review nothing."""
    return {"here": duty_of(viewer=viewer, now=now()) is not None} if viewer.may("review") else None


def _stopped(viewer: Viewer) -> Iterator[dict[str, Any]]:
    """Yield what is stopped for now, for those whose work it touches."""
    if viewer.may("review") or viewer.may("see_queues"):
        for one in stops_of(viewer.workspace_id).stops:
            since = clock(timezone.localtime(one.begun_at), timezone.localtime())
            yield {
                "stop": one,
                "words": stopped_words(one),
                "since_words": since,
                "may_see": viewer.may("see_queues"),
                "may_end": viewer.may("lead"),
            }


def _me(membership: Membership) -> dict[str, Any]:
    user = membership.user
    return {
        "id": user.pk,
        "initials": user.initials,
        "name": user.name,
        "role": ROLES[Role(membership.role)],
        "workspace": membership.workspace.name,
    }


#: What stands beside an entry as a number: how much there calls for this person.
_COUNTS: dict[str, Callable[[Viewer], int]] = {"follow_ups": follow_ups_calling, "edge_cases": cases_calling}


def _navigation(viewer: Viewer, path: str) -> Iterator[list[dict[str, Any]]]:
    for group in NAVIGATION:
        entries = [
            {
                "name": name,
                "label": label,
                "icon": icon,
                "url": reverse(name),
                "here": path.startswith(reverse(name)),
                "count": _COUNTS[name](viewer) if name in _COUNTS else 0,
            }
            for name, label, icon, capabilities in group
            if not capabilities or any(viewer.may(one) for one in capabilities)
        ]
        if entries:
            yield entries
