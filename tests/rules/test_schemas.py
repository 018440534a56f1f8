"""Declared schemas: which may be declared, and that no schema and no value can hold a thread."""

import time
from typing import Any

import pytest

from reviewqueue.common.errors import Invalid
from reviewqueue.intake.rules import Effort, Faults, check_declaration
from reviewqueue.intake.rules.schemas import check, check_schema, validator_of

#: A second on a busy machine; without its protection each of these takes minutes, or never ends.
SOON = 5.0


def refused(schema: Any) -> list[str]:
    """Return the places for which a schema may not be declared."""
    faults = Faults("#/json_schema")
    check_schema(schema, faults)
    return [place.pointer.removeprefix("#/json_schema") for place in faults.places]


def said(schema: dict[str, Any], value: Any) -> list[tuple[str, str]]:
    """Return what is wrong with a value."""
    faults = Faults()
    check(validator_of(schema), value, faults)
    return [(place.pointer, place.detail) for place in faults.places]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"$ref": {"type": "string"}}},
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "object"}}},
        {"properties": {"child": {"$ref": "#"}}},
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://shop.example/order"},
        {"properties": {"a": {"$anchor": "name"}, "b": {"$ref": "#name"}}},
        {"pattern": r"^[\u00e4-\u00fc]+$"},
    ],
)
def test_a_schema_in_order_may_be_declared(schema: dict[str, Any]) -> None:
    assert refused(schema) == []


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        (["type"], ""),
        ({"type": "strin"}, "/type"),
        ({"properties": []}, "/properties"),
        ({"multipleOf": 0}, "/multipleOf"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema"),
        ({"$ref": "https://evil.example/schema"}, "/$ref"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "/properties/a/$ref"),
        ({"$ref": "#/$defs/nothing"}, "/$ref"),
        # what lies outside of the schema's own parts was not looked at, so nothing may lead there
        ({"$ref": "#/default", "default": {"$ref": "https://evil.example/"}}, "/$ref"),
        ({"properties": {"a": {"$id": "https://x.example/"}}}, "/properties/a/$id"),
        ({"$dynamicRef": "#a"}, "/$dynamicRef"),
        ({"pattern": "(?=a)b"}, "/pattern"),
        ({"pattern": "("}, "/pattern"),
        ({"pattern": "a" * 501}, "/pattern"),
        ({"patternProperties": {r"(a)\1": {}}}, r"/patternProperties/(a)\1"),
        ({"maximum": 10**30}, ""),
        ({"description": "x" * 70_000}, ""),
        ({"enum": list(range(3_001))}, ""),
        ({"$ref": "#"}, ""),
        ({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"anyOf": [{"$ref": "#"}]}}}, ""),
    ],
)
def test_a_schema_that_cannot_be_run_safely_is_refused_at_its_place(schema: Any, place: str) -> None:
    assert refused(schema) == [place]


def test_a_schema_nested_too_deep_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(20):
        schema = {"properties": {"a": schema}}
    assert refused(schema) == [""]


def _doubling() -> dict[str, Any]:
    """Return 30 steps, each of which asks for the next one twice: a billion checks of one value."""
    steps = {f"s{n}": {"allOf": [{"$ref": f"#/$defs/s{n + 1}"}] * 2} for n in range(30)}
    return {"$ref": "#/$defs/s0", "$defs": {**steps, "s30": {}}}


def _nested(depth: int) -> Any:
    return {"a": _nested(depth - 1)} if depth else {}


HOSTILE: dict[str, tuple[dict[str, Any], Any]] = {
    "doubling": (_doubling(), {}),
    "recursion": ({"properties": {"a": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}}, _nested(60)),
    "itself": ({"$ref": "#"}, {}),
    "pattern": ({"properties": {"a": {"pattern": "^(x+x+)+y$"}}}, {"a": "x" * 400_000}),
    "costly pattern": ({"items": {"pattern": "(.*){1,50}[a-z].{0,40}y$"}}, ["x" * 100_000] * 5),
    "names": ({"patternProperties": {f"^(a+)+{n}$": {} for n in range(200)}}, {"a" * n: n for n in range(1, 400)}),
    "enum": ({"items": {"enum": [[[n] * 20] for n in range(100)]}}, [[[1] * 19 + [2]]] * 400),
    "unique": ({"uniqueItems": True}, [[n] for n in range(9_000)]),
    "long messages": ({"allOf": [{"type": "string"}] * 1_000}, {"t": "x" * 500_000}),
    "huge number": ({"multipleOf": 0.001}, 10**4_000),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_checking_comes_to_an_end_soon_whatever_is_asked(case: str) -> None:
    schema, value = HOSTILE[case]
    began = time.monotonic()
    said(schema, value)
    assert time.monotonic() - began < SOON


def test_a_check_without_end_is_a_fault_of_the_item() -> None:
    assert said(*HOSTILE["doubling"]) == [("#", "Checking this against the declared schema takes too long.")]


def test_a_large_honest_value_is_not_mistaken_for_a_hostile_one() -> None:
    row = {"type": "object", "properties": {"sku": {"type": "string"}, "n": {"minimum": 0}}, "required": ["sku"]}
    schema = {"properties": {"rows": {"items": row}}}
    assert said(schema, {"rows": [{"sku": "a", "n": n} for n in range(3_000)]}) == []


def test_the_items_of_one_request_share_their_effort() -> None:
    effort = Effort(20)
    validator, places = validator_of({"properties": {"a": {"type": "string"}}}), []
    for _ in range(20):
        faults = Faults()
        check(validator, {"a": "x"}, faults, effort)
        places.append(len(faults.places))
    assert places[0] == 0
    assert places[-1] == 1


@pytest.mark.parametrize(
    ("schema", "value", "sentence"),
    [
        ({"type": ["string", "null"]}, 1, "A text or null is required."),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "x", "A whole number or null is required."),
        ({"anyOf": [{"minimum": 3}, {"type": "null"}]}, 1, "This fits none of the declared forms."),
        ({"oneOf": [{}, {}]}, 1, "This fits more than one of the declared forms."),
        ({"enum": ["a", "b", None]}, "c", "One of a, b, null is required."),
        ({"exclusiveMinimum": 0}, 0, "More than 0 is required."),
        ({"uniqueItems": True}, [1, 1.0], "Each entry may stand here once."),
        ({"const": 1}, True, "Exactly 1 is required."),
        ({"multipleOf": 0.1}, 0.35, "A multiple of 0.1 is required."),
        ({"not": {}}, 1, "This does not fit the declared schema (not)."),
        ({"minItems": 1}, [], "At least 1 entries."),
    ],
)
def test_what_is_wrong_is_said_in_words(schema: dict[str, Any], value: Any, sentence: str) -> None:
    assert said(schema, value) == [("#", sentence)]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"uniqueItems": True}, [1, True, "1", [1], {"a": 1}]),
        ({"enum": [{"a": [1]}]}, {"a": [1.0]}),
        ({"multipleOf": 0.1}, 0.3),
        ({"format": "email"}, "none"),
        ({"patternProperties": {"^x": {"type": "string"}}, "additionalProperties": False}, {"x1": "a"}),
        ({"unevaluatedProperties": False, "allOf": [{"properties": {"a": {}}}]}, {"a": 1}),
    ],
)
def test_a_value_that_fits_is_taken(schema: dict[str, Any], value: Any) -> None:
    assert said(schema, value) == []


def test_a_declaration_is_wrong_at_its_places() -> None:
    with pytest.raises(Invalid) as wrong:
        check_declaration(labels=["a", "a", " ", 3], json_schema={"type": 1}, tools={"": None, "b/c": {"$ref": "x"}})
    assert [place.pointer for place in wrong.value.places] == [
        "#/labels/1",
        "#/labels/2",
        "#/labels/3",
        "#/json_schema/type",
        "#/tools/",
        "#/tools/b~1c/$ref",
    ]
