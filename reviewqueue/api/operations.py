"""One operation of the OpenAPI document: what drf-spectacular finds at an address, and what it cannot know."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from .shapes import COMPONENTS, EXAMPLES, PROBLEM_EXAMPLES, Shape
from .shapes.links import links_of
from .shapes.parts import example_parts

SCHEME = "key"
PROBLEM = "application/problem+json"
#: The resources, in the order in which people read about them.
TAGS = {
    "items": "What the AI said: submit it, read it, withdraw it; say that it was wrong, or contest what was decided.",
    "outcomes": "What became of it: wait for one, or follow all.",
    "follow-ups": "Wrong answers that somebody already got, until that is made good.",
    "reviews": "A reviewer's turns, for tools of your own: claim the next item, keep it, judge it.",
    "datasets": "Training data out of corrections: definitions, and releases that never change.",
    "sources": "The AI systems that submit items, and what they declare about their outputs.",
    "stops": "The brake: what is stopped for now, and why.",
    "webhooks": "Who is told of what happens, how each endpoint is, and what was sent to it.",
}
_TAG_OF = {
    "items": "items",
    "outcome": "outcomes",
    "corrections": "outcomes",
    "follow-ups": "follow-ups",
    "claims": "reviews",
    "queues": "reviews",
    "assignments": "reviews",
    "duty": "reviews",
    "datasets": "datasets",
    "sources": "sources",
    "stops": "stops",
    "webhooks": "webhooks",
}
#: What a key may do with each scope, as the document says it at every operation.
SCOPES = {
    "items:write": "Needs a key with the scope `items:write`.",
    "items:read": "Needs a key with the scope `items:read`.",
    "reviews:write": "Needs a key with the scope `reviews:write` that acts as a person whose role reviews.",
    "datasets:read": "Needs a key with the scope `datasets:read` that is not bound to one source.",
    "datasets:write": "Needs a key with the scope `datasets:write` that is not bound to one source.",
    "metrics:read": "Needs a key with the scope `metrics:read`.",
    "admin": "Needs a key with the scope `admin`.",
}


def header(about: str, shape: Shape, *, always: bool = False) -> Shape:
    """Return a header of an answer; ``always``: it never misses."""
    return {"description": about, "schema": shape} | ({"required": True} if always else {})


_WAIT = header("Try again after so many seconds.", {"type": "integer", "minimum": 1}, always=True)
_REPLAYED = header(
    "`true` when this was done before: it is the answer of the first time, and nothing was done again.",
    {"type": "string", "enum": ["true"]},
)
_QUOTA = {
    "RateLimit-Policy": header("The key's quota, if any: `q` requests in `w` seconds.", {"type": "string"}),
    "RateLimit": header("What is left of it: `r` requests within `t` seconds.", {"type": "string"}),
}
_OF_STATUS: dict[int, dict[str, Shape]] = {
    401: {"WWW-Authenticate": header("The scheme that is asked for.", {"type": "string"}, always=True)},
    409: {"Retry-After": _WAIT | {"required": False}},
    429: {"Retry-After": _WAIT},
    503: {"Retry-After": _WAIT},
}


class KeyScheme(OpenApiAuthenticationExtension):
    """How a key is sent, and which scope an operation needs of it."""

    target_class = "reviewqueue.api.keys.KeyAuthentication"
    name = SCHEME

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return the security scheme."""
        about = "An API key of one workspace. The words at each operation are the scopes that it needs."
        return {"type": "http", "scheme": "bearer", "description": about}

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        """Return the scheme with the operation's scope, as OpenAPI 3.1 allows it for every scheme."""
        return {SCHEME: scopes_of(auto_schema.view, auto_schema.method)}


def scopes_of(view: Any, method: str) -> list[str]:
    """Return the scopes that a method of a view needs."""
    scope = view.scopes.get(method)
    return [scope] if scope else []


class Operation(AutoSchema):
    """An operation with its resource, scope, headers and examples."""

    def get_tags(self) -> list[str]:
        """Return the resource, by the address: its last part that names one."""
        parts = [part for part in self.path.split("/") if part in _TAG_OF]
        return [_TAG_OF[parts[-1] if parts[-1] == "outcome" else parts[0]]] if parts else super().get_tags()

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Return the operation."""
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            needs = [SCOPES[scope] for scope in scopes_of(self.view, self.method)]
            operation["description"] = "\n\n".join(filter(None, [operation.get("description"), *needs]))
            self._name_parts(operation)
            if "requestBody" in operation:
                operation["requestBody"]["required"] = self.method != "POST" or _needs(operation["requestBody"])
                _exemplify(operation["requestBody"])
            for status, answer in operation["responses"].items():
                self._complete(operation["operationId"], int(status), answer)
        return operation

    def _name_parts(self, operation: Shape) -> None:
        examples = example_parts(self.path)
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path" and parameter["name"] in examples:
                parameter["example"] = examples[parameter["name"]]

    def _complete(self, name: str, status: int, answer: Shape) -> None:
        headers = {**_OF_STATUS.get(status, {}), **(_QUOTA if status != HTTPStatus.UNAUTHORIZED else {})}
        if self.method == "POST" and status < 300:
            headers["Idempotency-Replayed"] = _REPLAYED
        if headers:
            answer["headers"] = {**headers, **answer.get("headers", {})}
        if status in {200, 201} and (links := links_of(name)):
            answer["links"] = links
        _exemplify(answer, PROBLEM_EXAMPLES.get(status, {}))


def _needs(body: Shape) -> bool:
    """Return whether a body has fields that must be there: one that has none may be left out."""
    names = [content["schema"].get("$ref", "").rpartition("/")[2] for content in body["content"].values()]
    return any(not name or "required" in COMPONENTS[name] or "oneOf" in COMPONENTS[name] for name in names)


def _exemplify(holder: Shape, problems: Shape | None = None) -> None:
    """Give a body or an answer its examples."""
    for media_type, content in holder.get("content", {}).items():
        component = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        examples = problems if media_type == PROBLEM else EXAMPLES.get(component)
        if examples:
            content["examples"] = {_word(about): {"summary": about, "value": one} for about, one in examples.items()}


def _word(summary: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in summary.lower())
