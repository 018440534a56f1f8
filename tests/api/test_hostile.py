"""Whatever a client sends, it is told what is wrong and where; nothing is stored, nothing is our fault."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from reviewqueue.intake.models import Item
from tests.api.conftest import Api
from tests.cast import Cast, item
from tests.steps import claim, queued

SOUND = json.dumps(item())


def put(name: str, token: str) -> bytes:
    """Return a sound item with one field's JSON written by hand."""
    rest = {key: value for key, value in item().items() if key != name}
    return (json.dumps(rest)[:-1] + f', "{name}": {token}}}').encode("utf-8", "surrogatepass")


DEEP = "[" * 65 + "]" * 65
UNREADABLE = {
    "nothing": b"",
    "white space": b" \n",
    "no JSON": b"external_id=1",
    "cut short": SOUND.encode()[:-1],
    "two values": SOUND.encode() * 2,
    "invalid UTF-8": put("group", '"x"').replace(b'"x"', b'"\xff"'),
    "an overlong NUL": put("group", '"x"').replace(b'"x"', b'"\xc0\x80"'),
    "a surrogate in UTF-8": put("group", '"\ud800"'),
    "a byte order mark": b"\xef\xbb\xbf" + SOUND.encode(),
    "UTF-16": SOUND.encode("utf-16"),
    "U+0000": put("group", '"a\\u0000b"'),
    "U+0000 alone": put("group", '"\\u0000"'),
    "U+0000 before digits": put("group", '"\\u000042"'),
    "U+0000 as a name": put("attributes", '{"\\u0000": 1}'),
    "a raw NUL": put("group", '"a\x00b"'),
    "a lone high surrogate": put("group", '"\\ud800"'),
    "a lone low surrogate": put("group", '"\\uDC00 x"'),
    "a surrogate as a name": put("attributes", '{"\\udfff": 1}'),
    "NaN": put("confidence", "NaN"),
    "Infinity": put("confidence", "-Infinity"),
    "an overflowing number": put("confidence", "1e400"),
    "5,000 digits": put("confidence", "9" * 5_000),
    "a key twice": put("confidence", '0.1, "confidence": 0.1'),
    "a key twice inside": put("attributes", '{"a": 1, "a": 2}'),
    "depth 65": put("input", '{"x": ' + DEEP + "}"),
    "depth 100,000": put("input", "[" * 100_000 + "]" * 100_000),
    "depth 400,000 left open": put("input", "[" * 400_000),
    "depth 900 and an escape": put("input", "[" * 900 + '"\\u0000"' + "]" * 900),
    "10,001 values": put("input", "[" + ",".join(["0"] * 10_001) + "]"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_400(api: Api, name: str) -> None:
    for path, body in (("items", UNREADABLE[name]), ("datasets", UNREADABLE[name])):
        if not body and path == "datasets":
            continue
        answer = api.post(path, body)
        assert_problem(answer, 400)
    assert not Item.objects.exists()


@pytest.mark.parametrize("name", [name for name in UNREADABLE if name not in {"nothing", "white space", "no JSON"}])
def test_it_spoils_a_batch_with_a_clear_answer_and_never_with_a_fault(api: Api, name: str) -> None:
    answer = api.post("items/batch", b'{"items": [' + UNREADABLE[name] + b"]}")
    if answer.status_code == 200:
        (result,) = answer.json()["results"]
        assert result["status"] == 400
        assert result["error"]["type"].endswith("/malformed")
    else:
        assert_problem(answer, 400)
    assert not Item.objects.exists()


ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    2**63,
    2**64,
    10**4_000,
    1e308,
    "",
    " ",
    "x" * 3_000,
    "\U0001f600",
    [],
    [None],
    {},
]
ODD += [{"": None}, [[]], [{}], {"a": {"b": []}}, "2026-13-45T99:99:99Z", "0001-01-01T00:00:00+14:00", "9999-12-31"]


@pytest.mark.parametrize("field", [*item(), "group", "occurred_at", "risk", "attributes", "subject", "links", "gate"])
def test_any_type_in_any_field_is_answered(api: Api, field: str) -> None:
    bodies = [put(field, json.dumps(odd)) for odd in ODD]
    bodies += [put("kind", '"classification"').replace(b'"output":', b'"x":') + b"" for _ in range(1)]
    for body in bodies:
        assert api.post("items", body).status_code in {200, 201, 400, 409, 413, 422}, body[-200:]
    answer = api.post("items/batch", b'{"items": [' + b",".join(bodies) + b"]}")
    assert answer.status_code == 200
    assert {one["status"] for one in answer.json()["results"]} <= {200, 201, 400, 409, 422}


@pytest.mark.parametrize(
    "part", ["messages", "role", "content", "name", "version", "level", "tags", "label", "scores"]
)
def test_any_type_inside_a_field_is_answered(api: Api, part: str) -> None:
    for odd in ODD:
        message = {"role": "user", "content": "Hi"}
        kind = "classification" if part in {"label", "scores"} else "chat"
        output = {"content": "Hello", "label": "a", **({part: odd} if part in {"content", "label", "scores"} else {})}
        given = item(
            kind=kind,
            input={"messages": odd if part == "messages" else [{**message, part: odd}]},
            output=output,
            model={"name": "m", "version": "v", **({part: odd} if part in {"name", "version"} else {})},
            risk={part: odd} if part in {"level", "tags"} else None,
        )
        assert api.post("items", given).status_code in {200, 201, 400, 409, 413, 422}, odd


@pytest.mark.parametrize("body", [b"null", b"[]", b"3", b'"x"', b"true", b"1e308", b"{}"])
def test_a_body_that_is_no_item_is_422_everywhere(
    api: Api, acting_as: Callable[..., Api], cast: Cast, body: bytes
) -> None:
    assert_problem(api.post("items", body), 422)
    assert_problem(api.post("datasets", body), 422)
    assert api.post("items/batch", body).status_code in {400, 422}


def test_every_wrong_place_is_told_at_once(api: Api) -> None:
    answer = api.post("items", item(confidence=7, source=None, links=[{"url": "javascript:1"}], extra=1))
    assert_problem(answer, 422)
    places = {one["pointer"] for one in answer.json()["errors"]}
    assert places == {"#/confidence", "#/source", "#/links/0", "#/extra"}


def test_an_unknown_source_is_422_at_its_place(api: Api) -> None:
    answer = api.post("items", item(source="nobody"))
    assert_problem(answer, 422)
    assert answer.json()["errors"][0]["pointer"] == "#/source"


def test_too_large_is_413(api: Api) -> None:
    assert_problem(api.post("items", b" " * (1024 * 1024 + 1)), 413)
    assert_problem(api.post("items/batch", b" " * (16 * 1024 * 1024 + 1)), 413)
    assert_problem(api.post("items", item(output={"content": "x" * 600_000})), 422)


@pytest.mark.parametrize(
    "type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_another_type_of_body_is_415(api: Api, type: str) -> None:
    for path in ("items", "items/batch", "datasets"):
        assert_problem(api.post(path, SOUND.encode(), type=type), 415)
    assert api.post("items", SOUND.encode(), type="application/json; charset=utf-8").status_code == 201


def test_a_compressed_body_is_415_and_says_so(api: Api) -> None:
    answer = api.post("items", gzip.compress(SOUND.encode()), **{"content-encoding": "gzip"})
    assert_problem(answer, 415)
    assert "Content-Encoding" in answer.json()["detail"]
    assert api.post("items", SOUND.encode(), **{"content-encoding": "identity"}).status_code == 201


def test_another_host_is_told_to_programs_as_a_problem_and_to_people_on_a_page(api: Api) -> None:
    answer = api.get("items", host="elsewhere.example")
    assert_problem(answer, 400)
    assert "ALLOWED_HOSTS" in answer.json()["detail"]
    assert api.get("/sign-in/", host="elsewhere.example")["Content-Type"].startswith("text/html")


def test_no_key_is_401_and_a_missing_scope_403(cast: Cast, acting_as: Callable[..., Api]) -> None:
    for key in ("", "rq_wrong", "ä", "x" * 10_000):
        answer = Api(key).get("items")
        assert_problem(answer, 401)
        assert answer["WWW-Authenticate"] == "Bearer"
    assert_problem(acting_as(scopes=["items:read"]).post("items", item()), 403)
    assert_problem(acting_as(scopes=["items:write"]).get("items"), 403)
    assert_problem(Api(cast.key).post("claims"), 403)
    assert_problem(acting_as().post("claims"), 403)
    assert_problem(acting_as(cast.auditor).post("claims"), 403)


@pytest.mark.parametrize(
    "query",
    [
        "unknown=1",
        "source__slug=x",
        "external_id__startswith=c",
        "workspace__secret__startswith=x",
        "_connector=OR",
        "state=settled&state=passed",
        "state=nowhere",
        "state=%00",
        "external_id=%00",
        "external_id=%F0%28%8C%28%00",
        "source=%ED%A0%80%00",
        "cursor=x",
        "cursor=%00",
        "limit=0",
        "limit=501",
        "limit=" + "9" * 5_000,
        "limit=%D9%A3",
        "model_version=" + "x" * 2_001,
        "&".join(f"a{number}=1" for number in range(3_000)),
    ],
)
def test_a_query_that_is_not_allowed_is_refused(api: Api, query: str) -> None:
    answer = api.get(f"items?{query}")
    assert answer.status_code in {400, 422}
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("query", ["external_id=%ED%A0%80", "external_id=%FF", "source=%F0%9F%98%80", "external_id="])
def test_a_query_that_names_nothing_finds_nothing(api: Api, query: str) -> None:
    assert api.get(f"items?{query}").json()["results"] == []


@pytest.mark.parametrize(
    "path",
    [
        "items/1",
        "items/%00",
        "items/" + "0" * 5_000,
        "items/..%2F..%2Fetc",
        "nothing",
        "",
        "queues/%00/claims",
        "datasets/x/releases/1",
        "datasets/x/releases/" + "9" * 5_000,
        "datasets/x/releases/1/files/..%2F..%2Fsecret_key",
        "datasets/%ED%A0%80/releases/1",
        "items/",
    ],
)
def test_an_address_that_leads_nowhere_is_404(api: Api, path: str) -> None:
    assert_problem(api.get(path), 404)


def test_another_method_is_405(api: Api) -> None:
    for method in ("DELETE", "PUT", "OPTIONS", "PATCH", "TRACE"):
        assert_problem(api.send(method, "items"), 405)


def test_odd_bodies_at_a_turn_change_nothing(cast: Cast, acting_as: Callable[..., Api]) -> None:
    queued(cast)
    turn = claim(cast, cast.reviewer)
    mine = acting_as(cast.reviewer)
    path = f"assignments/{turn.assignment.pk}"
    for name in (
        "fence",
        "decision",
        "severity",
        "correction",
        "reason_codes",
        "cause",
        "note",
        "follow_up",
        "train",
    ):
        for odd in [*ODD, 0.5]:
            body = {"fence": turn.fence, "decision": "edit", "severity": "minor", "correction": "New.", name: odd}
            body["fence"] = odd if name == "fence" else 999
            assert mine.post(f"{path}/review", body).status_code in {400, 409, 422}, (name, odd)
    for odd in [*ODD, {"n": 2**70}]:
        assert mine.patch(path, {"fence": turn.fence, "draft": odd}).status_code in {200, 400, 422}, odd
        assert mine.patch(path, {"fence": odd}).status_code in {400, 409, 422}, odd
        assert mine.post(f"{path}/return", {"fence": odd, "reason": odd}).status_code in {400, 409, 422}, odd
        assert mine.post(f"{path}/escalation", {"fence": 999, "question": odd}).status_code in {400, 409, 422}, odd
    assert mine.patch(path, {"fence": turn.fence}).status_code == 200


def test_odd_definitions_of_datasets_are_answered(api: Api) -> None:
    for name in ("slug", "name", "format", "query"):
        for number, odd in enumerate([*ODD, {"sources": 1}, {"sources": [1]}, {"drop": []}, "../x", "ä"]):
            body = {"slug": f"d{number}", "name": "D", "format": "sft", "query": {}, name: odd}
            assert api.post("datasets", body).status_code in {201, 400, 409, 422}, (name, odd)


def assert_problem(answer: Any, status: int) -> None:
    """Check that an answer is a whole problem document."""
    assert answer.status_code == status, answer.content[:300]
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["type"].startswith("https://")
    assert body["title"]
    assert body["detail"]
