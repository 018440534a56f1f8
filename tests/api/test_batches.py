"""Many items in one request: a JSON list, or a line each."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reviewqueue.common.strictjson import read_lines
from reviewqueue.intake.models import Item, ItemContent
from tests.api.conftest import Api
from tests.cast import item

NDJSON = "application/x-ndjson"


def lines(*items: Any) -> bytes:
    return b"\n".join(one if isinstance(one, bytes) else json.dumps(one).encode() for one in items)


def results(api: Api, body: bytes) -> list[dict[str, Any]]:
    answer = api.post("items/batch", body, type=NDJSON)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_each_line_has_its_own_answer_in_order(api: Api) -> None:
    api.post("items", item("known"))
    sent = lines(item("a"), b"{", item("known"), item("known", confidence=0.1), b"\xff", item("a"), b"", item("b"))
    answers = results(api, sent + b"\n")
    assert [one["index"] for one in answers] == list(range(8))
    assert [one["status"] for one in answers] == [201, 400, 200, 409, 400, 200, 400, 201]
    assert answers[0]["id"] == answers[5]["id"]
    assert Item.objects.count() == 3


def test_lines_may_end_as_on_any_system(api: Api) -> None:
    sent = [json.dumps(item(name)).encode() for name in "abc"]
    assert [one["status"] for one in results(api, b"\r\n".join(sent) + b"\r\n")] == [201] * 3
    assert [one["status"] for one in results(api, b"\n".join(sent))] == [200] * 3
    assert ItemContent.objects.get(item__external_id="a").body.encode() == sent[0]


def test_no_body_is_no_batch(api: Api) -> None:
    assert api.post("items/batch", b"", type=NDJSON).status_code == 400


def test_a_thousand_lines_and_no_more(api: Api) -> None:
    many = [json.dumps(item(f"conv-{number}")).encode() for number in range(1_001)]
    assert api.post("items/batch", b"\n".join(many), type=NDJSON).status_code == 422
    assert Item.objects.count() == 0
    assert {one["status"] for one in results(api, b"\n".join(many[:1_000]) + b"\n")} == {201}


def test_lines_are_at_most_sixteen_mebibytes(api: Api) -> None:
    assert api.post("items/batch", b" " * (16 * 1024 * 1024 + 1), type=NDJSON).status_code == 413


def test_another_type_is_refused(api: Api) -> None:
    assert api.post("items/batch", lines(item()), type="text/plain").status_code == 415


def test_what_is_nested_too_deeply_spoils_only_itself(api: Api) -> None:
    deep = b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    assert [one["status"] for one in results(api, lines(item("a"), deep, item("b")))] == [201, 400, 201]
    whole = b'{"items": [' + b", ".join([lines(item("c")), deep, lines(item("d"))]) + b"]}"
    answers = api.post("items/batch", whole).json()["results"]
    assert [one["status"] for one in answers] == [201, 400, 201]


@given(st.lists(st.binary(max_size=30).filter(lambda one: b"\n" not in one), min_size=1, max_size=8))
def test_there_are_as_many_answers_as_lines(given_lines: list[bytes]) -> None:
    assert len(list(read_lines(b"\n".join(given_lines) + b"\n"))) == len(given_lines)
