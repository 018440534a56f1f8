"""What every resource of the API has in common: JSON in, JSON out, a key with the right scope."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import Membership, User
from reviewqueue.common.errors import NotAllowed

from .parsing import StrictJSONParser


class JSONRenderer(BaseRenderer):
    """JSON in UTF-8; times as RFC 3339 in UTC. Understands ``orjson.Fragment``: text kept as it was sent."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """Return the body; nothing for an empty answer."""
        return b"" if data is None else orjson.dumps(data, option=orjson.OPT_UTC_Z)


class OnlyJSON(DefaultContentNegotiation):
    """Answers are JSON, whatever a client says it prefers; the body's type is checked by the parsers."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """Return the one renderer."""
        return renderers[0], renderers[0].media_type


class Resource(APIView):
    """One address. ``scopes`` says which scope each method needs."""

    scopes: ClassVar[Mapping[str, str]] = {}
    parser_classes: Sequence[type[BaseParser]] = (StrictJSONParser,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = OnlyJSON
    metadata_class = None

    def viewer(self, request: Request) -> Viewer:
        """Return who asks."""
        return request.auth  # type: ignore[return-value]


def person_of(viewer: Viewer) -> User:
    """Return the person a key acts as. Raises NotAllowed for keys that act as nobody, or see one source only."""
    if viewer.user is None:
        raise NotAllowed("This key acts as no person; claims and reviews need a key made with --user.")
    if viewer.source_slug:
        raise NotAllowed("A key bound to one source cannot review: queues hold items of every source.")
    return viewer.user


def membership_of(viewer: Viewer) -> Membership:
    """Return the membership of the person a key acts as. Raises NotAllowed unless their role reviews."""
    user = person_of(viewer)
    if not viewer.may("review"):
        raise NotAllowed("Your role does not review.")
    return Membership.objects.select_related("user").get(workspace_id=viewer.workspace_id, user=user, ended_at=None)
