"""What every page knows: who looks, in which workspace, and what they may do."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from reviewqueue.accounts.access import Viewer, viewer_of_member
from reviewqueue.accounts.models import Membership
from reviewqueue.accounts.queries import memberships_of


class MemberRequest(HttpRequest):
    """A request by a signed-in member."""

    membership: Membership
    viewer: Viewer


def member_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Give each page's request its membership and viewer (None when nobody is signed in)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.membership = None  # type: ignore[attr-defined]
        request.viewer = None  # type: ignore[attr-defined]
        if not request.path.startswith(("/api/", "/static/", "/healthz", "/readyz")):
            _recognise(request)
        return get_response(request)

    return middleware


def _recognise(request: HttpRequest) -> None:
    if not request.user.is_authenticated:
        return
    memberships = list(memberships_of(request.user))
    wanted = request.session.get("workspace")
    chosen = next((one for one in memberships if str(one.workspace_id) == wanted), None)
    membership = chosen or (memberships[0] if memberships else None)
    if membership:
        request.membership = membership  # type: ignore[attr-defined]
        request.viewer = viewer_of_member(membership)  # type: ignore[attr-defined]


def everywhere(request: HttpRequest) -> dict[str, Any]:
    """Return what base.html needs."""
    return {"membership": getattr(request, "membership", None), "viewer": getattr(request, "viewer", None)}
