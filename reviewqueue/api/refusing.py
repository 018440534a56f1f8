"""What is answered to a request that cannot be worked on now; made without a thread and without the database."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson
from django.template.loader import render_to_string

from reviewqueue.common.bridge import Answer, Headers
from reviewqueue.common.workplace import Refused

from .problems import MEDIA_TYPE, problem

BUSY = problem(503, "busy", "Too many requests wait already.", "Nothing was done; please send the request again.")
SLOW = problem(
    503,
    "unavailable",
    "The answer takes too long.",
    "What was asked may still be done; please send the same request again.",
)


def not_now(scope: Mapping[str, Any], refused: Refused) -> Answer:
    """Return a 503 that says when to come again: a problem document for programs, a page for people."""
    again = b"5" if refused.begun else b"1"
    if scope["path"].startswith("/api/"):
        return _answer(orjson.dumps(SLOW if refused.begun else BUSY), MEDIA_TYPE, again)
    return _answer(_page(), "text/html; charset=utf-8", again)


@cache
def _page() -> bytes:
    return render_to_string("503.html").encode()


def _answer(body: bytes, media_type: str, again: bytes) -> Answer:
    headers: Headers = [
        (b"content-type", media_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", again),
    ]
    return Answer(503, headers, body)
