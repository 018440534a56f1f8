"""What a released line looks like, and what a definition may ask for."""

import json
from dataclasses import replace
from typing import Any

import pytest

from reviewqueue.common.errors import Invalid
from reviewqueue.datasets.rules import Judged, check_query, lines

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
    (only,) = lines(judged, format)
    return json.loads(only)


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


def test_facts_and_actions_are_their_input_and_what_was_right() -> None:
    body = json.dumps({"input": {"text": "Order AB-12"}, "output": {"order": "12"}})
    facts = read(replace(CHAT, kind="extraction", body=body, final='{"order": "AB-12"}'))
    assert (facts["input"], facts["output"]) == ({"text": "Order AB-12"}, {"order": "AB-12"})
    done = '{"tool": "refund", "arguments": {"amount": 9}}'
    action = read(replace(CHAT, kind="action", body=json.dumps({"output": {}}), final=done))
    assert (action["input"], action["output"]) == ({}, json.loads(done))


def test_a_text_is_what_a_user_asked_for_and_the_right_content() -> None:
    body = json.dumps({"input": {"prompt": "Describe it.", "text": "A chair."}, "output": {"content": "Chair."}})
    assert read(replace(CHAT, kind="text", body=body))["messages"] == [
        {"role": "user", "content": "Describe it.\n\nA chair."},
        {"role": "assistant", "content": "Monday, naïvely."},
    ]


THREE = replace(
    CHAT,
    kind="comparison",
    body=json.dumps(
        {
            "input": {"prompt": "Say hello."},
            "output": {"candidates": [{"id": one, "content": f"Hello {one}."} for one in "abc"]},
        }
    ),
    final='{"preferred": "b", "content": "Hello b."}',
)


def test_the_preferred_candidate_makes_a_pair_with_each_of_the_others() -> None:
    pairs = [json.loads(one) for one in lines(THREE, "preference")]
    said = [(one["chosen"][0]["content"], one["rejected"][0]["content"]) for one in pairs]
    assert said == [("Hello b.", "Hello a."), ("Hello b.", "Hello c.")]
    assert read(THREE)["messages"][-1]["content"] == "Hello b."


def test_a_better_answer_is_preferred_to_every_candidate() -> None:
    better = replace(THREE, final='{"content": "Good morning."}')
    assert [json.loads(one)["rejected"][0]["content"][-2:] for one in lines(better, "preference")] == [
        "a.",
        "b.",
        "c.",
    ]


def test_a_line_says_where_it_comes_from() -> None:
    told = read(replace(CHAT, group=""))["metadata"]
    assert (told["external_id"], told["group"], told["position"]) == ("conv-1:4", None, 3)


def test_the_same_row_gives_the_same_bytes_on_one_line() -> None:
    assert lines(CHAT, "sft") == lines(replace(CHAT), "sft")
    assert b"\n" not in lines(replace(CHAT, final='{"content": "a\\nb"}'), "sft")[0]


def test_a_query_is_put_in_order() -> None:
    assert check_query({"sources": ["b", "a", "b"], "kinds": []}, "sft") == {"sources": ["a", "b"]}
    assert check_query(None, "sft") == {}
    assert check_query({"kinds": ["chat"]}, "preference") == {"kinds": ["chat"]}
    assert check_query({}, "preference") == {"kinds": ["chat", "comparison", "text"]}


@pytest.mark.parametrize(
    ("query", "format"),
    [
        ({}, "csv"),
        ({"password": ["x"]}, "sft"),
        ({"sources__slug": ["x"]}, "sft"),
        ({"sources": "x"}, "sft"),
        ({"sources": [1]}, "sft"),
        ([], "sft"),
        ({"kinds": ["extraction"]}, "preference"),
        ("x", "sft"),
    ],
)
def test_a_query_that_is_not_known_is_refused(query: Any, format: str) -> None:
    with pytest.raises(Invalid):
        check_query(query, format)
