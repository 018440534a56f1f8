"""Every operation of the OpenAPI document refuses what is hostile, in the same words, with the place (I-6, I-32)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from reviewqueue.accounts.actions import create_key
from reviewqueue.api.parsing import MAX_BATCH, MAX_BODY
from reviewqueue.api.schema import document
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.intake.models import Item
from tests.api.conforming import SCOPES, parts_of
from tests.api.conftest import Api
from tests.api.test_hostile import assert_problem
from tests.cast import NOW, Cast
from tests.house.routes import Things

Operation = tuple[str, str, dict[str, Any]]

OPERATIONS: list[Operation] = [
    (method.upper(), path, operation)
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
]
WRITES = [one for one in OPERATIONS if one[0] in {"POST", "PATCH", "PUT"}]
READS = [one for one in OPERATIONS if one[0] in {"GET", "DELETE"}]
BATCH = "/api/v1/items/batch"

#: What no body may hold: its name -> the bytes of a value, and what is said of it.
VALUES: dict[str, tuple[bytes, str]] = {
    "invalid UTF-8": (b'"\xff"', "UTF-8"),
    "a surrogate in UTF-8": (b'"\xed\xa0\x80"', "UTF-8"),
    "U+0000": (rb'"a\u0000b"', "U+0000"),
    "a lone surrogate": (rb'"\ud800"', "surrogate"),
    "NaN": (b"NaN", ""),
    "Infinity": (b"-Infinity", ""),
    "an overflowing number": (b"1e400", ""),
    "5,000 digits": (b"9" * 5_000, "digits"),
    "a name twice": (b'{"a": 1, "a": 1}', "twice"),
    "depth 65": (b"[" * 65 + b"0" + b"]" * 65, "deep"),
    "10,001 values": (b"[" + b",".join([b"0"] * 10_001) + b"]", "10,000"),
    "cut short": (b'{"a": ', ""),
}
TYPES = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml")
QUERIES = ("a__b__password__startswith=x", "_connector=OR", "source__workspace__secret__startswith=x", "unknown=")


@pytest.fixture
def things(cast: Cast) -> Things:
    """One of everything, so that an operation reaches what it would do."""
    return Things(cast, "ours")


@pytest.fixture
def asks(cast: Cast, things: Things) -> Callable[..., Any]:
    """Send something to an operation with a key that may do it: an admin's, or that of who has the turn."""
    made = {"workspace": cast.workspace, "name": "all", "scopes": SCOPES, "by": SYSTEM, "now": NOW}
    keys = {who: create_key(**made, user=getattr(cast, who).user)[1] for who in ("admin", "reviewer")}

    def send(operation: Operation, body: bytes | None = None, query: str = "", **more: str) -> Any:
        method, path, described = operation
        api = Api(keys["reviewer" if described["tags"] == ["reviews"] else "admin"])
        return api.send(method, path.format(**dict(parts_of(path, things))) + query, body, **more)

    return send


def refused(answer: Any, status: int, *where: Any) -> dict[str, Any]:
    """Check that an answer is a whole problem document with this status, and return it."""
    assert answer.status_code == status, (*where, answer.content[:300])
    assert_problem(answer, status)
    problem: dict[str, Any] = answer.json()
    return problem


def test_a_body_that_cannot_be_read_is_refused_with_what_is_wrong(asks: Callable[..., Any]) -> None:
    before = Item.objects.count()
    for operation in WRITES:
        for name, (value, said) in VALUES.items():
            for body in (value, b'{"note": ' + value + b"}"):
                problem = refused(asks(operation, body), 400, operation[:2], name)
                assert operation[1] == BATCH or said in problem["detail"], (operation[:2], name, problem)
    assert Item.objects.count() == before


def test_a_body_of_another_type_or_too_large_is_refused(asks: Callable[..., Any]) -> None:
    for operation in WRITES:
        for type in TYPES:
            refused(asks(operation, b"{}", type=type), 415, operation[:2], type)
        longest = MAX_BATCH if operation[1] == BATCH else MAX_BODY
        refused(asks(operation, b" " * (longest + 1)), 413, operation[:2])


def test_a_body_that_is_no_object_is_refused_with_the_place(asks: Callable[..., Any]) -> None:
    for operation in WRITES:
        for body in (b"null", b"[]", b"3", b'"x"', b"true"):
            problem = refused(asks(operation, body), 400 if operation[1] == BATCH else 422, operation[:2], body)
            assert problem["errors"], (operation[:2], problem)


def test_fields_that_are_not_known_are_refused_each_with_its_place(asks: Callable[..., Any]) -> None:
    names = ["__class__", "workspace_id", "a__b", "x" * 500]
    for operation in WRITES:
        if operation[1] != BATCH:
            problem = refused(asks(operation, json.dumps(dict.fromkeys(names, 1)).encode()), 422, operation[:2])
            places = [one["pointer"] for one in problem["errors"]]
            assert {"#/__class__", "#/workspace_id", "#/a__b"} <= set(places), (operation[:2], places)
            assert max(map(len, places)) < 100, operation[:2]


def test_a_query_that_is_not_known_is_refused(asks: Callable[..., Any]) -> None:
    for operation in OPERATIONS:
        for query in QUERIES:
            answer = asks(operation, b"{}" if operation in WRITES else None, f"?{query}")
            problem = refused(answer, 400, operation[:2], query)
            assert problem["errors"][0]["pointer"] == f"?{query.partition('=')[0]}", operation[:2]


def test_a_query_that_stands_twice_or_cannot_be_read_is_refused(asks: Callable[..., Any]) -> None:
    for operation in READS:
        for parameter in operation[2].get("parameters", []):
            if parameter["in"] == "query":
                for value in (f"1&{parameter['name']}=2", "%00", "x" * 2_001):
                    refused(asks(operation, None, f"?{parameter['name']}={value}"), 400, operation[:2], value)


def test_an_idempotency_key_that_is_not_allowed_is_refused(asks: Callable[..., Any]) -> None:
    for operation in WRITES:
        for key in ("", "x" * 256, "a\tb", "é"):
            if operation[0] == "POST":
                refused(asks(operation, b"{}", **{"idempotency-key": key}), 400, operation[:2], key)
