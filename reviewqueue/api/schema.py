"""The OpenAPI document, and the page that shows it to people."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from .shapes import COMPONENTS, IDEMPOTENCY_KEY, ref

View = TypeVar("View", bound=Callable[..., Any])
PROBLEM = "application/problem+json"
_PROBLEMS = {
    400: "The request could not be read.",
    401: "No key, or one that is not known or revoked.",
    403: "The key lacks the scope, or its person's role does not allow it.",
    404: "Not there, or not yours.",
    409: "It no longer fits the present state.",
    413: "The body is too large.",
    415: "The body is not of the right type.",
    410: "It was there, and has been erased.",
    422: "Well formed, but wrong; `errors` has every place.",
    429: "Your quota, which `detail` names: try again after `Retry-After` seconds.",
    503: "Our state: try again after `Retry-After` seconds.",
}
_ANSWERS = {200: "Done.", 201: "Made.", 202: "Not yet.", 204: "Nothing for this reviewer."}


class KeyScheme(OpenApiAuthenticationExtension):
    """How a key is sent."""

    target_class = "reviewqueue.api.keys.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return the security scheme."""
        return {"type": "http", "scheme": "bearer", "description": "An API key of one workspace."}


def described(
    summary: str,
    *,
    answers: Mapping[int, str | None],
    about: str = "",
    body: str = "",
    problems: Sequence[int] = (),
    parameters: Sequence[OpenApiParameter] = (),
    media_type: str = "application/json",
) -> Callable[[View], View]:
    """Describe a method for the OpenAPI document; names are those of components."""
    responses: dict[Any, Any] = {
        (status, media_type) if name else status: OpenApiResponse(_shape(name, media_type), _ANSWERS[status])
        for status, name in answers.items()
    }

    def describe(view: View) -> View:
        writes = view.__name__ == "post"
        refusals = (
            {400, 401, 403, 429, 503, *problems} | ({415} if body else set()) | ({409, 422} if writes else set())
        )
        problem_answers = {(one, PROBLEM): _refusal(one) for one in sorted(refusals)}
        return extend_schema(
            summary=summary,
            description=about,
            request={"application/json": ref(body)} if body else None,
            responses=responses | problem_answers,
            parameters=[*parameters, IDEMPOTENCY_KEY] if writes else list(parameters),
        )(view)

    return describe


def _refusal(status: int) -> OpenApiResponse:
    return OpenApiResponse(ref("Problem"), _PROBLEMS[status])


def _shape(name: str | None, media_type: str) -> dict[str, Any] | None:
    if not name:
        return None
    return ref(name) if name in COMPONENTS else {"type": "string", "contentMediaType": media_type}


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document; it is the same for everybody, so it is made once."""
    with patched_settings({"APPEND_COMPONENTS": {"schemas": COMPONENTS}, "POSTPROCESSING_HOOKS": []}):
        return SchemaGenerator().get_schema(request=None, public=True)


@cache
def _text() -> bytes:
    return json.dumps(document(), indent=1, default=str).encode()


def openapi(request: HttpRequest) -> HttpResponse:
    """Answer with the OpenAPI document."""
    return HttpResponse(_text(), content_type="application/json")


def docs(request: HttpRequest) -> HttpResponse:
    """Show the API to people: made on the server from the same document, no script needed."""
    return render(request, "api/docs.html", {"operations": _operations(), "shapes": _shapes()})


@cache
def _operations() -> list[dict[str, Any]]:
    return [
        {"method": method.upper(), "path": path, "anchor": operation["operationId"], **_readable(operation)}
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


def _readable(operation: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": operation["summary"],
        "about": operation.get("description", ""),
        "parameters": operation.get("parameters", []),
        "body": _named(operation.get("requestBody", {})),
        "answers": [
            {"status": status, "about": answer["description"], "shape": _named(answer)}
            for status, answer in sorted(operation["responses"].items())
        ],
    }


def _named(holder: dict[str, Any]) -> str:
    """Return the component that a body or answer has."""
    for content in holder.get("content", {}).values():
        return str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2]
    return ""


@cache
def _shapes() -> list[tuple[str, str]]:
    shapes = document()["components"]["schemas"]
    return [(name, json.dumps(shape, indent=2, default=str)) for name, shape in sorted(shapes.items())]
