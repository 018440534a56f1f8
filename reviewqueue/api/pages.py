"""Lists: allow-listed filters, and pages by id, newest first."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from rest_framework.request import Request

from reviewqueue.common.errors import Invalid, Malformed, Place

Row = TypeVar("Row", bound=Model)
PAGE, LONGEST_PAGE = 100, 500
PAGING = ("cursor", "limit")


def query_of(request: Request, known: Collection[str]) -> dict[str, str]:
    """Return the query's values by name. Raises Malformed for names not allowed here, or given twice."""
    asked = request.query_params
    for name, values in asked.lists():
        if name not in known:
            allowed = ", ".join(known) or "none"
            detail = f"The query parameter {name[:80]!a} is not known; known are: {allowed}."
            raise Malformed(detail, places=[_place(name[:80], "Not known here.")])
        if len(values) > 1:
            raise Malformed(f"The query parameter {name} stands twice.", places=[_place(name, "It stands twice.")])
        if "\x00" in values[0] or len(values[0]) > 2_000:
            raise Malformed(f"The query parameter {name} cannot be read.", places=[_place(name, "Not a short text.")])
    return asked.dict()


def page(rows: QuerySet[Row], request: Request, query: dict[str, str], shown: Callable[[Row], Any]) -> dict[str, Any]:
    """Return one page of ``rows`` by id, newest first, and the address of the next."""
    limit = whole_number(query, "limit", default=PAGE, least=1, most=LONGEST_PAGE)
    if "cursor" in query:
        rows = rows.filter(pk__lt=_cursor(query["cursor"]))
    found = list(rows.order_by("-pk")[: limit + 1])
    more = len(found) > limit
    return {
        "results": [shown(row) for row in found[:limit]],
        "next": _next(request, found[limit - 1].pk) if more else None,
    }


def whole_number(query: dict[str, str], name: str, *, default: int, least: int, most: int) -> int:
    """Return a query's whole number. Raises Invalid outside its bounds."""
    if name not in query:
        return default
    given = query[name]
    if not (given.isascii() and given.isdigit() and len(given) <= 9 and least <= int(given) <= most):
        detail = f"A whole number from {least} to {most} is required."
        raise Invalid(f"The query parameter {name} is wrong.", places=[_place(name, detail)])
    return int(given)


def one_of(query: dict[str, str], name: str, known: Collection[str]) -> str:
    """Return a query's value out of a few. Raises Invalid for another."""
    if query[name] not in known:
        detail = f"One of {', '.join(known)} is required."
        raise Invalid(f"The query parameter {name} is wrong.", places=[_place(name, detail)])
    return query[name]


def _cursor(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid("The cursor is not one of ours.", places=[_place("cursor", "Follow next.")]) from None


def _next(request: Request, last: UUID) -> str:
    parameters = request.query_params.copy()
    parameters["cursor"] = str(last)
    return request.build_absolute_uri(f"{request.path}?{parameters.urlencode()}")


def _place(name: str, detail: str) -> Place:
    return Place(f"?{name}", detail)
