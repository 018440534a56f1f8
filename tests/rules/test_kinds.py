"""Each kind's form: what is taken, and where it is wrong when it is not."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from reviewqueue.common.errors import Invalid
from reviewqueue.common.ids import new_id
from reviewqueue.common.strictjson import read
from reviewqueue.intake.models import Declaration
from reviewqueue.intake.rules import check_declared, submission

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ASKED = {"messages": [{"role": "user", "content": "Where is my parcel?"}]}
GOOD: dict[str, dict[str, Any]] = {
    "chat": {"input": ASKED, "output": {"content": "On Friday."}},
    "text": {"input": {"prompt": "Describe the red chair."}, "output": {"content": "A red chair."}},
    "classification": {"input": {"text": "Where?"}, "output": {"label": "delivery", "scores": {"delivery": 0.9}}},
    "extraction": {"input": {"text": "Order AB-12 for 3 lamps"}, "output": {"order": "AB-12", "lamps": 3}},
    "action": {"input": {**ASKED, "plan": ["look it up"]}, "output": {"tool": "refund", "arguments": {"amount": 12}}},
    "comparison": {
        "input": {"prompt": "Say hello."},
        "output": {"candidates": [{"id": "a", "content": "Hello."}, {"id": "b", "content": "Hi.", "model": "m2"}]},
    },
}
ORDER = {
    "type": "object",
    "properties": {
        "order": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]+$"},
        "total": {"type": ["number", "null"]},
        "lines": {"type": "array", "items": {"type": "object", "required": ["sku"]}},
    },
    "required": ["order"],
    "additionalProperties": False,
}
DECLARED = Declaration(
    id=new_id(),
    labels=["delivery", "refund"],
    json_schema=ORDER,
    tools={
        "refund": {
            "type": "object",
            "properties": {"amount": {"type": "number", "minimum": 0}},
            "required": ["amount"],
        },
        "close": None,
    },
)


def submitted(kind: str, **changes: Any) -> Any:
    """Return the submission of an item of a kind."""
    item = {"external_id": "x-1", "source": "bot", "kind": kind, **GOOD[kind], **changes}
    return submission(read(json.dumps(item)), secret=b"s", now=NOW)


def faults(kind: str, declared: Declaration | None = None, **changes: Any) -> list[str]:
    """Return the places that are wrong with an item."""
    try:
        one = submitted(kind, **changes)
        check_declared(one, declared)
    except Invalid as error:
        return [place.pointer for place in error.places]
    return []


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_item_of_each_kind_is_taken(kind: str) -> None:
    one = submitted(kind)
    assert one.kind == kind
    assert one.needs_declaration is (kind in {"classification", "extraction", "action"})


@pytest.mark.parametrize(
    ("kind", "changes", "places"),
    [
        ("text", {"input": {}}, ["#/input"]),
        ("text", {"input": "Describe"}, ["#/input"]),
        ("text", {"input": {"prompt": 3}}, ["#/input/prompt"]),
        ("text", {"output": {}}, ["#/output/content"]),
        ("text", {"output": None}, ["#/output/content"]),
        ("classification", {"output": {"label": ""}}, ["#/output/label"]),
        ("classification", {"output": {"label": "refund", "scores": {"a": True}}}, ["#/output/scores"]),
        ("extraction", {"input": {}}, ["#/input/text"]),
        ("extraction", {"output": [1]}, ["#/output"]),
        ("action", {"input": {"messages": []}}, ["#/input/messages"]),
        ("action", {"input": {"messages": [{"role": "robot", "content": ""}]}}, ["#/input/messages/0"]),
        ("action", {"input": {"plan": {"a": 1}}}, ["#/input/plan"]),
        ("action", {"input": "nothing"}, ["#/input"]),
        ("action", {"output": {"tool": "refund"}}, ["#/output/arguments"]),
        ("action", {"output": {"arguments": {}}}, ["#/output/tool"]),
        ("action", {"output": "refund"}, ["#/output/tool", "#/output/arguments"]),
        ("comparison", {"input": {}}, ["#/input"]),
        ("comparison", {"output": {"candidates": [{"id": "a", "content": "x"}]}}, ["#/output/candidates"]),
        ("comparison", {"output": {"candidates": [{"id": "a", "content": "x"}, 7]}}, ["#/output/candidates/1"]),
        (
            "comparison",
            {"output": {"candidates": [{"id": "a", "content": "x"}, {"id": "a", "content": "y"}]}},
            ["#/output/candidates/1/id"],
        ),
        (
            "comparison",
            {"output": {"candidates": [{"id": "", "content": "x"}, {"id": "b", "content": "", "model": {}}]}},
            ["#/output/candidates/0/id", "#/output/candidates/1/content", "#/output/candidates/1/model"],
        ),
    ],
)
def test_a_fault_is_found_at_its_place(kind: str, changes: dict[str, Any], places: list[str]) -> None:
    assert faults(kind, DECLARED, **changes) == places


@pytest.mark.parametrize(
    ("kind", "output", "places"),
    [
        ("classification", {"label": "weather"}, ["#/output/label"]),
        ("extraction", {"order": "AB-12", "total": None}, []),
        ("extraction", {"order": "12"}, ["#/output/order"]),
        ("extraction", {"total": 3}, ["#/output/order"]),
        ("extraction", {"order": "AB-12", "a/b~c": 1}, ["#/output/a~1b~0c"]),
        ("extraction", {"order": "AB-12", "lines": [{"sku": 1}, {}]}, ["#/output/lines/1/sku"]),
        ("action", {"tool": "refund", "arguments": {"amount": -1}}, ["#/output/arguments/amount"]),
        ("action", {"tool": "refund", "arguments": {}}, ["#/output/arguments/amount"]),
        ("action", {"tool": "close", "arguments": {"anything": [1]}}, []),
        ("action", {"tool": "delete", "arguments": {}}, ["#/output/tool"]),
    ],
)
def test_an_output_fits_what_its_source_declares(kind: str, output: dict[str, Any], places: list[str]) -> None:
    assert faults(kind, DECLARED, output=output) == places


def test_what_is_not_declared_is_not_asked_for_except_labels() -> None:
    assert faults("extraction") == []
    assert faults("action") == []
    assert faults("classification") == ["#/output/label"]


def test_a_checked_item_knows_the_version_it_fits() -> None:
    assert check_declared(submitted("extraction", output={"order": "AB-1"}), DECLARED).declaration_id == DECLARED.pk
    assert check_declared(submitted("chat"), DECLARED).declaration_id is None


def test_the_words_of_every_kind_can_be_searched() -> None:
    assert submitted("extraction").search_text == "Order AB-12 for 3 lamps\nAB-12"
    assert submitted("action").search_text == "Where is my parcel?\nlook it up\nrefund"
    assert submitted("comparison").search_text == "Say hello.\nHello.\nHi."
