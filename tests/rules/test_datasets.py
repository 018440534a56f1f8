"""What a released line looks like, and what a definition may ask for."""

import json
from dataclasses import replace
from typing import Any

import pytest

from reviewqueue.common.errors import Invalid
from reviewqueue.datasets.rules import Judged, check_query, line

CHAT = Judged(
    position=3,
    item_id="0193",
    version=1,
    decision="edit",
    severity="major",
    basis="review",
    reason_codes=["wrong-fact"],
    kind="chat",
    group="conv-1",
    external_id="conv-1:4",
    source="support-chatbot",
    model_version="v1",
    body=json.dumps(
        {
            "input": {"messages": [{"role": "user", "content": "When?", "name": "Kim"}]},
            "output": {"content": "Friday."},
        }
    ),
    final='{"content": "Monday, naïvely."}',
)


def read(judged: Judged, format: str = "sft") -> dict[str, Any]:
    return json.loads(line(judged, format))


def test_a_correction_becomes_the_answer_to_learn() -> None:
    assert read(CHAT)["messages"] == [
        {"role": "user", "content": "When?"},
        {"role": "assistant", "content": "Monday, naïvely."},
    ]


def test_a_preference_holds_both_answers() -> None:
    pair = read(CHAT, "preference")
    assert pair["chosen"] == [{"role": "assistant", "content": "Monday, naïvely."}]
    assert pair["rejected"] == [{"role": "assistant", "content": "Friday."}]
    assert pair["prompt"] == [{"role": "user", "content": "When?"}]


def test_a_class_is_its_input_and_label() -> None:
    body = json.dumps({"input": {"text": "buy now"}, "output": {"label": "ham"}})
    judged = replace(CHAT, kind="classification", body=body, final='{"label": "spam"}')
    assert {name: read(judged)[name] for name in ("input", "label")} == {
        "input": {"text": "buy now"},
        "label": "spam",
    }


def test_a_line_says_where_it_comes_from() -> None:
    told = read(replace(CHAT, group=""))["metadata"]
    assert (told["external_id"], told["group"], told["position"]) == ("conv-1:4", None, 3)


def test_the_same_row_gives_the_same_bytes_on_one_line() -> None:
    assert line(CHAT, "sft") == line(replace(CHAT), "sft")
    assert b"\n" not in line(replace(CHAT, final='{"content": "a\\nb"}'), "sft")


def test_a_query_is_put_in_order() -> None:
    assert check_query({"sources": ["b", "a", "b"], "kinds": []}, "sft") == {"sources": ["a", "b"]}
    assert check_query(None, "sft") == {}
    assert check_query({"kinds": ["classification"]}, "preference") == {"kinds": ["chat"]}


@pytest.mark.parametrize(
    ("query", "format"),
    [
        ({}, "csv"),
        ({"password": ["x"]}, "sft"),
        ({"sources__slug": ["x"]}, "sft"),
        ({"sources": "x"}, "sft"),
        ({"sources": [1]}, "sft"),
        ([], "sft"),
        ("x", "sft"),
    ],
)
def test_a_query_that_is_not_known_is_refused(query: Any, format: str) -> None:
    with pytest.raises(Invalid):
        check_query(query, format)
