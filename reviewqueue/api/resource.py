"""What every resource of the API has in common: JSON in, JSON out, a key with the right scope."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponseBase
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import AskedOnce, Membership, User
from reviewqueue.accounts.queries import KeyGone, require_key
from reviewqueue.audit.actions import came_with, one_request
from reviewqueue.common.errors import NotAllowed, ProductError
from reviewqueue.common.quotas import MINUTE, Standing

from .callers import let_in
from .keys import NO_KEY
from .limits import OverLimit, take_request
from .once import once
from .pages import query_of
from .parsing import StrictJSONParser, idempotency_key_of
from .rendering import JSONRenderer, OnlyJSON

_WRITING = {"POST", "PUT", "PATCH", "DELETE"}


class Resource(APIView):
    """One address. ``scopes`` says which scope each method needs.

    Every POST honours an ``Idempotency-Key`` (see once.py): its answer is kept and given again. A resource whose
    answer is to be made anew defines ``again``, and sets ``made_id`` on the Response of its POST.
    """

    scopes: ClassVar[Mapping[str, str]] = {}
    again: Callable[[Any, AskedOnce], Response] | None = None
    parser_classes: Sequence[type[BaseParser]] = (StrictJSONParser,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = OnlyJSON
    metadata_class = None
    #: how the key stands with its quota after this request; None when it has none
    standing: Standing | None = None

    def viewer(self, request: Request) -> Viewer:
        """Return who asks."""
        return request.auth  # type: ignore[return-value]

    def proves_key(self, request: Request) -> bool:
        """Return whether this request's work itself proves that the key holds: nobody need ask before.

        Then ``viewer.remembered`` may be set, which means that the view must see to it (``remembered_viewer``).
        """
        return False

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        """Return what answers errors; whose key no longer holds is told that alone, not what else is wrong."""
        answer = super().get_exception_handler()
        return lambda error, context: answer(self._or_no_key(error), context)

    def _or_no_key(self, error: Exception) -> Exception:
        viewer: Viewer | None = self.request.auth  # type: ignore[assignment]
        faulty = isinstance(error, ProductError | APIException) and not isinstance(error, OverLimit)
        try:
            if faulty and viewer is not None and viewer.remembered and viewer.key_id:
                require_key(viewer.key_id)
        except KeyGone as gone:
            error = gone
        if not isinstance(error, KeyGone):
            return error
        self.standing = None
        refusal = AuthenticationFailed(NO_KEY)
        refusal.auth_header = self.get_authenticate_header(self.request)  # type: ignore[attr-defined]
        return refusal

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, and let go: a view, its request and its answer hold each other in the framework, and so the body.

        Without this a body of many megabytes stays until the collector of cycles comes by.
        """
        with one_request():
            answer = super().dispatch(request, *args, **kwargs)
        if isinstance(answer, Response):
            answer.render()
            answer.renderer_context.clear()  # type: ignore[attr-defined]
        self.request.parser_context.clear()
        vars(self).clear()
        return answer

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the key and its scope, then let what is asked under an Idempotency-Key be done once."""
        super().initial(request, *args, **kwargs)
        came_with(self.viewer(request).key_id)
        let_in(request.META["HTTP_AUTHORIZATION"])
        self.standing = take_request(self.viewer(request))
        if request.META.get("QUERY_STRING") and request.method in _WRITING and hasattr(self, request.method.lower()):
            query_of(request, ())  # only reading takes parameters
        if request.method == "POST" and "HTTP_IDEMPOTENCY_KEY" in request.META:
            post = partial(self._post_once, getattr(self, "post"))  # noqa: B009 - not every resource has one
            setattr(self, "post", post)  # noqa: B010

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Say how the key stands with its quota (the IETF's draft for rate limit headers)."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        if self.standing is not None:
            answer.headers["RateLimit-Policy"] = f'"key";q={self.standing.size};w={MINUTE}'
            answer.headers["RateLimit"] = f'"key";r={self.standing.left};t={MINUTE}'
        return answer

    def _post_once(self, post: Callable[..., Response], request: Request, **parts: Any) -> HttpResponseBase:
        key = idempotency_key_of(request)
        again = partial(self.again, request) if self.again else None
        return once(request, self.viewer(request), key, partial(post, request, **parts), again)


def person_of(viewer: Viewer) -> User:
    """Return the person a key acts as. Raises NotAllowed for keys that act as nobody, or see one source only."""
    if viewer.user is None:
        raise NotAllowed("This key acts as no person; claims and reviews need a key made with --user.")
    if viewer.source_slug:
        raise NotAllowed("A key bound to one source cannot review: queues hold items of every source.")
    return viewer.user


def membership_of(viewer: Viewer) -> Membership:
    """Return the membership of the person a key acts as. Raises NotAllowed unless their role reviews.

    A key of one source reviews nothing: turns show items of every source.
    """
    user = person_of(viewer)
    if viewer.source_slug:
        raise NotAllowed("This key is bound to one source; items to review come from all of them.")
    if not viewer.may("review"):
        raise NotAllowed("Your role does not review.")
    if viewer.membership is not None:
        return viewer.membership
    return Membership.objects.select_related("user").get(workspace_id=viewer.workspace_id, user=user, ended_at=None)
