"""Who calls: API keys and their scopes."""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.queries import remembered_viewer, viewer_with_key
from reviewqueue.common.errors import NotAllowed

NO_KEY = "Send Authorization: Bearer <key> with a key that is not revoked."


class KeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer <key>``; ``request.auth`` is the viewer.

    It asks the database whether the key holds, unless the view proves that itself where it does its work.
    """

    def authenticate(self, request: Request) -> tuple[Any, Viewer]:
        """Return the key's person (or None) and viewer. Raises AuthenticationFailed."""
        scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        look_up = remembered_viewer if request.parser_context["view"].proves_key(request) else viewer_with_key
        viewer = look_up(secret.strip()) if scheme.lower() == "bearer" and secret.isascii() else None
        if viewer is None:
            raise AuthenticationFailed(NO_KEY)
        return viewer.user, viewer

    def authenticate_header(self, request: Request) -> str:
        """Return what a 401 asks for."""
        return "Bearer"


#: What a person's role must allow as well, when a key acts as that person. Other scopes are checked by their verbs.
ROLE_NEEDS = {"items:read": "see_items", "items:write": "administer"}


class HasScope(BasePermission):
    """The view says which scope each method needs: ``scopes = {"GET": "items:read"}``.

    A key that acts as a person can do no more than that person.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raise NotAllowed, naming the scope or the role that is missing."""
        viewer: Viewer = request.auth  # type: ignore[assignment]
        needed = view.scopes.get("GET" if request.method == "HEAD" else request.method)
        if needed and needed not in viewer.scopes:
            raise NotAllowed(f"This key lacks the scope {needed}.")
        capability = ROLE_NEEDS.get(needed or "")
        if capability and viewer.user is not None and not viewer.may(capability):
            raise NotAllowed(f"This key acts as a {viewer.role}, whose role does not allow {needed}.")
        return True
