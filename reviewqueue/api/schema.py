"""The OpenAPI document: what each operation takes, gives and refuses."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from .operations import PROBLEM, TAGS
from .shapes import COMPONENTS, IDEMPOTENCY_KEY, ref

View = TypeVar("View", bound=Callable[..., Any])
_PROBLEMS = {
    400: "The request could not be read: not JSON in UTF-8, a name twice, U+0000, a lone surrogate, a number that "
    "overflows, too deep; or a query parameter that is not known.",
    401: "No key, or one that is not known or revoked.",
    403: "The key lacks the scope, or its person's role does not allow it.",
    404: "Not there, or not yours.",
    409: "It no longer fits the present state.",
    410: "It was there, and has been erased.",
    413: "The body is too large.",
    415: "The body is not of the right type.",
    422: "Well formed, but wrong; `errors` has every place.",
    429: "Your quota, which `detail` names: try again after `Retry-After` seconds.",
    503: "Our state: try again after `Retry-After` seconds.",
}
_ANSWERS = {200: "Done.", 201: "Made.", 202: "Not yet.", 204: "Nothing to tell."}
#: Refusals that any operation may answer, those that have a body, those that are done once, those with a query.
_EVERY, _WITH_BODY, _ONCE, _WITH_QUERY = {400, 401, 403, 429, 503}, {413, 415, 422}, {409, 410}, {422}
_JSON, NDJSON = "application/json", "application/x-ndjson"


def described(
    summary: str,
    *,
    answers: Mapping[int, str | None],
    name: str = "",
    about: str = "",
    body: str = "",
    lines: str = "",
    problems: Sequence[int] = (),
    parameters: Sequence[OpenApiParameter] = (),
    media_type: str | Sequence[str] = _JSON,
) -> Callable[[View], View]:
    """Describe a method for the OpenAPI document; shapes are the names of components.

    ``name`` is the operation's id, which generated clients call it by: never change it. Without one it is made of
    the summary. ``lines``: what each line of an ``application/x-ndjson`` body may be, besides the JSON body.
    ``media_type`` is that of the answers, or those of which one is given.
    """
    responses: dict[Any, Any] = {
        (status, one) if shape else status: OpenApiResponse(_shape(shape, one), _ANSWERS[status])
        for status, shape in answers.items()
        for one in ([media_type] if isinstance(media_type, str) else media_type)
    }
    bodies = ({_JSON: ref(body)} if body else {}) | ({NDJSON: _lines_of(lines)} if lines else {})

    def describe(view: View) -> View:
        refusals = _EVERY | set(problems) | _refusals_of(view.__name__) | (_WITH_QUERY if parameters else set())
        problem_answers = {(one, PROBLEM): _refusal(one) for one in sorted(refusals)}
        return extend_schema(
            operation_id=name or _name_of(summary),
            summary=summary,
            description=about,
            request=bodies or None,
            responses=responses | problem_answers,
            parameters=[*parameters, IDEMPOTENCY_KEY] if view.__name__ == "post" else list(parameters),
        )(view)

    return describe


def _refusals_of(method: str) -> set[int]:
    """Return what a method may refuse because of its body (one that needs none may be sent one), or its key."""
    return (_WITH_BODY if method in {"post", "put", "patch"} else set()) | (_ONCE if method == "post" else set())


def _name_of(summary: str) -> str:
    words = re.findall(r"[a-z0-9]+", summary.lower())
    return "_".join(word for word in words if word not in {"a", "an", "the", "its"})


def _refusal(status: int) -> OpenApiResponse:
    return OpenApiResponse(ref("Problem"), _PROBLEMS[status])


def _shape(name: str | None, media_type: str) -> dict[str, Any] | None:
    if not name:
        return None
    if name in COMPONENTS:
        return ref(name)
    return {"type": "object"} if media_type == _JSON else {"type": "string", "contentMediaType": media_type}


def _lines_of(name: str) -> dict[str, Any]:
    """Return the shape of lines of JSON: OpenAPI 3.1 has no word for it but a text."""
    return {"type": "string", "contentMediaType": NDJSON, "description": f"A {name} on each line."}


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document; it is the same for everybody, so it is made once."""
    about = {
        "APPEND_COMPONENTS": {"schemas": COMPONENTS},
        "POSTPROCESSING_HOOKS": [],
        "SERVERS": [{"url": "/", "description": "The server that this document comes from."}],
        "LICENSE": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        "TAGS": [{"name": name, "description": text} for name, text in TAGS.items()],
    }
    with patched_settings(about):
        return SchemaGenerator().get_schema(request=None, public=True)


@cache
def _text() -> bytes:
    return json.dumps(document(), indent=1, default=str).encode()


def openapi(request: HttpRequest) -> HttpResponse:
    """Answer with the OpenAPI document."""
    return HttpResponse(_text(), content_type=_JSON)
