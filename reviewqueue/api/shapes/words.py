"""The words that shapes are made of, and parameters."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter

Shape = dict[str, Any]


def ref(name: str) -> Shape:
    """Return a reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def obj(properties: Shape, optional: tuple[str, ...] = (), *, closed: bool = False, about: str = "") -> Shape:
    """Return an object's shape; ``optional`` names may be missing, a ``closed`` one has no others."""
    required = [name for name in properties if name not in optional]
    shape: Shape = {"type": "object", "properties": properties, "required": required}
    if not required:
        del shape["required"]
    return shape | ({"additionalProperties": False} if closed else {}) | ({"description": about} if about else {})


def text(longest: int | None = None, **more: Any) -> Shape:
    """Return a text's shape."""
    return {"type": "string"} | ({"maxLength": longest} if longest else {}) | more


def choice(values: list[str], *, nullable: bool = False) -> Shape:
    """Return the shape of one of some words."""
    return {"type": ["string", "null"], "enum": [*values, None]} if nullable else {"type": "string", "enum": values}


def nullable(shape: Shape) -> Shape:
    """Return the shape, or null."""
    return {**shape, "type": [shape["type"], "null"]}


def optional(name: str) -> Shape:
    """Return the shape of a component, or null."""
    return {"anyOf": [ref(name), {"type": "null"}]}


def listed(of: Shape, most: int | None = None) -> Shape:
    """Return a list's shape."""
    return {"type": "array", "items": of} | ({"maxItems": most} if most else {})


def page_of(of: str) -> Shape:
    """Return the shape of one page of a list."""
    return obj({"results": listed(ref(of)), "next": nullable(text(format="uri"))})


ID = text(format="uuid")
TIME = text(format="date-time")
FLAG: Shape = {"type": "boolean"}
COUNT: Shape = {"type": "integer", "minimum": 0}
REQUIRED_TEXT = text(255, minLength=1)
FREE: Shape = {"type": "object", "additionalProperties": True}
NAMED = text(200, minLength=1)
FENCE: Shape = {"type": "integer", "minimum": 0, "maximum": 2147483647}


def in_query(name: str, shape: Shape, about: str) -> OpenApiParameter:
    """Return a query parameter."""
    return OpenApiParameter(name, shape, OpenApiParameter.QUERY, description=about)


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    text(255, minLength=1, pattern="^[!-~]([ -~]*[!-~])?$"),
    OpenApiParameter.HEADER,
    description="A name of your own for this request, kept for 7 days: the same request again is not done again, its "
    "answer is repeated with `Idempotency-Replayed: true`. Another request under the same name is a 422, one whose "
    "first is still running a 409.",
)
PAGE_PARAMETERS = [
    in_query("cursor", ID, "Where the page begins; follow `next` instead of making one."),
    in_query("limit", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}, "Rows on a page."),
]
