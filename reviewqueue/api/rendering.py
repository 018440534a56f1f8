"""Answers are JSON, whatever a client says it prefers."""

from typing import Any

import orjson
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class JSONRenderer(BaseRenderer):
    """JSON in UTF-8; times as RFC 3339 in UTC. Understands ``orjson.Fragment``: text kept as it was sent."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """Return the body; nothing for an empty answer."""
        return rendered(data)


class OnlyJSON(DefaultContentNegotiation):
    """There is one renderer; the body's type is checked by the parsers."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """Return the one renderer."""
        return renderers[0], renderers[0].media_type


def rendered(data: Any) -> bytes:
    """Return an answer's bytes."""
    return b"" if data is None else orjson.dumps(data, option=orjson.OPT_UTC_Z)
