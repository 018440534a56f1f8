"""One condition tree: what is a sound one, what it says, and that predicate and SQL are of one mind."""

from typing import Any

import orjson
import pytest
from django.db import connection
from django.utils import translation
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reviewqueue.triage.conditions import (
    Columns,
    as_tree,
    condition_sql,
    faults,
    holds,
    known_first,
    leaves,
    sentence,
)

UNSURE = {"field": "confidence", "op": "below", "value": 0.6}
GOLD = {"field": "attribute", "name": "tier", "op": "is", "value": "gold"}
MONDAY_NOON = 1_795_435_200  # 2026-11-23 12:00 UTC


# --- random trees and facts: of the right sort, of a wrong one, or absent -----------------------------------------

WORDS = st.sampled_from(["gold", "de", "high", "1", "120", "true", "null", "it's 100 %", '"', "{}", "Ünal"])
DETECTORS = st.sampled_from(["abuse", "language"])
NUMBERS = st.one_of(st.integers(-3, 200), st.sampled_from([0.0, 0.42, 0.6, 1.0, 120.5, 1e-9, 1e14]))
PLAIN = st.one_of(WORDS, NUMBERS, st.booleans())
ANYTHING = st.one_of(PLAIN, st.none(), st.lists(PLAIN, max_size=3), st.dictionaries(WORDS, PLAIN, max_size=2))
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Los_Angeles"])
MOMENTS = st.one_of(st.integers(0, 3_999_999_999), st.just(MONDAY_NOON))


def leaf(field: str, op: str, value: st.SearchStrategy, **more: st.SearchStrategy) -> st.SearchStrategy:
    return st.fixed_dictionaries({"field": st.just(field), "op": st.just(op), "value": value, **more})


LEAVES = st.one_of(
    *(leaf(field, op, NUMBERS) for field in ("confidence", "length") for op in ("below", "at_least")),
    *(leaf(field, "is", WORDS) for field in ("risk_level", "kind", "source", "model_version", "language")),
    leaf("kind", "in", st.lists(WORDS, min_size=1, max_size=3)),
    leaf("risk_tags", "has", WORDS),
    leaf("attribute", "is", PLAIN, name=WORDS),
    leaf("attribute", "in", st.lists(PLAIN, min_size=1, max_size=3), name=WORDS),
    *(leaf("attribute", op, NUMBERS, name=WORDS) for op in ("below", "at_least")),
    leaf("hour", "between", st.tuples(st.integers(0, 11), st.integers(12, 24)).map(list), name=ZONES),
    leaf("hour", "between", st.tuples(st.integers(13, 23), st.integers(0, 12)).map(list), name=ZONES),
    leaf("weekday", "in", st.lists(st.integers(1, 7), min_size=1, max_size=3), name=ZONES),
    *(leaf("queue_load", op, NUMBERS, name=WORDS) for op in ("below", "at_least")),
    *(leaf("finding", op, NUMBERS, name=DETECTORS) for op in ("below", "at_least")),
    leaf("finding_kind", "has", WORDS, name=DETECTORS),
)
TREES = st.recursive(
    LEAVES,
    lambda inside: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inside, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inside, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inside}),
        st.lists(LEAVES, max_size=3),
    ),
    max_leaves=8,
).filter(lambda tree: not faults(tree))
BUSY = {"field": "queue_load", "name": "gold", "op": "at_least", "value": 12}
#: What the fact may look like: counted, at the bound, of another queue only, not read, or of the wrong sort.
LOADS: list[dict[str, Any]] = [
    *({"queue_load": {"gold": count, "de": 99}} for count in (0, 11, 12, 13, 12.5, "12", None, True, [12])),
    *({"queue_load": odd} for odd in ({}, {"de": 99}, None, 12, "gold", ["gold"])),
    {},
]
PLAIN_WORDS = ("risk_level", "kind", "source", "model_version", "language")
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "confidence": st.one_of(NUMBERS, ANYTHING),
        "length": st.one_of(NUMBERS, ANYTHING),
        **{
            name: st.one_of(WORDS, ANYTHING) for name in ("risk_level", "kind", "source", "model_version", "language")
        },
        "risk_tags": st.one_of(st.lists(WORDS, max_size=3), ANYTHING),
        "attributes": st.one_of(st.dictionaries(WORDS, ANYTHING, max_size=4), ANYTHING),
        "received_at": st.one_of(MOMENTS, ANYTHING),
        "queue_load": st.one_of(st.dictionaries(WORDS, st.one_of(NUMBERS, ANYTHING), max_size=9), ANYTHING),
        "findings": st.dictionaries(
            DETECTORS, st.fixed_dictionaries({}, optional={"score": ANYTHING, "kinds": ANYTHING}), max_size=2
        ),
    },
)


def by_sql(tree: Any, facts: list[dict[str, Any]]) -> list[bool]:
    """Ask PostgreSQL about each of these facts."""
    columns = Columns()
    asked = condition_sql(tree, columns)
    rows = "jsonb_array_elements(%(rows)s::jsonb) WITH ORDINALITY AS r (facts, place)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {asked} FROM {columns.over(rows, 'place')} q ORDER BY place",
            {**columns.parameters, "rows": orjson.dumps(facts).decode()},
        )
        return [one for (one,) in cursor.fetchall()]


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)
@given(tree=TREES, facts=st.lists(FACTS, min_size=1, max_size=12))
@example(
    tree=UNSURE, facts=[{"confidence": None}, {}, {"confidence": "0.5"}, {"confidence": 0.6}, {"confidence": True}]
)
@example(tree={**BUSY, "op": "below"}, facts=LOADS)
@example(tree={"all": [BUSY, {"not": {**BUSY, "value": 13}}]}, facts=LOADS)
@example(tree={"not": {**GOLD, "value": 1}}, facts=[{"attributes": {"tier": one}} for one in (True, 1, "1", None)])
@example(tree={"not": GOLD}, facts=[{}, {"attributes": ["tier"]}, {"attributes": "tier"}, {"attributes": {}}])
def test_predicate_and_sql_agree_on_every_tree_and_all_facts(
    db: None, tree: Any, facts: list[dict[str, Any]]
) -> None:
    assert by_sql(tree, facts) == [holds(tree, one) for one in facts]
    wary = known_first(tree)
    assert by_sql(wary, facts) == [holds(wary, one) for one in facts]
    asked = {leaf["name"] for leaf in leaves(tree) if leaf["field"] in {"finding", "finding_kind"}}
    for one in facts:
        known = all(is_known(one, name) for name in asked)
        assert not holds(wary, one) or (known and holds(tree, one)), "nothing passes for what nobody looked for"


def is_known(facts: dict[str, Any], detector: str) -> bool:
    """Return whether a detector has looked: its score is a number, and scores are never below zero."""
    score = facts.get("findings", {}).get(detector, {}).get("score")
    return type(score) in {int, float} and score >= 0


def test_the_comparison_would_notice_a_difference(db: None) -> None:
    """The tooth: SQL that forgets that an unknown confidence counts as below gives another answer."""
    columns = Columns()
    asked = condition_sql(UNSURE, columns)
    unknown = columns.over("(SELECT '{}'::jsonb AS facts) r")
    forgetful = unknown.replace("WHEN 'null' THEN '-Infinity'", "WHEN 'null' THEN 'Infinity'")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {asked} FROM {forgetful} q", columns.parameters)
        assert cursor.fetchone() == (False,)
        cursor.execute(f"SELECT {asked} FROM {unknown} q", columns.parameters)
        assert cursor.fetchone() == (True,)
    assert holds(UNSURE, {})


# --- what holds ---------------------------------------------------------------------------------------------------


def test_the_older_list_form_is_read_as_all() -> None:
    facts = {"confidence": 0.5, "attributes": {"tier": "gold"}}
    assert holds([UNSURE, GOLD], facts)
    assert not holds([UNSURE, GOLD], {**facts, "confidence": 0.9})
    assert holds([], facts), "a rule that asks for nothing takes everything"
    assert as_tree([UNSURE]) == {"all": [UNSURE]}


def test_groups_nest() -> None:
    tree = {"any": [{"all": [UNSURE, GOLD]}, {"not": {"field": "kind", "op": "is", "value": "chat"}}]}
    assert faults(tree) == []
    assert holds(tree, {"confidence": 0.5, "attributes": {"tier": "gold"}, "kind": "chat"})
    assert not holds(tree, {"confidence": 0.5, "attributes": {"tier": "silver"}, "kind": "chat"})
    assert holds(tree, {"confidence": 0.9, "kind": "action"})
    assert [one["field"] for one in leaves(tree)] == ["confidence", "attribute", "kind"]


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ({"field": "text", "op": "contains", "value": "REFUND"}, True),
        ({"field": "text", "op": "contains", "value": "voucher"}, False),
        ({"field": "text", "op": "matches", "value": r"\b\d+ (EUR|€)"}, True),
        ({"field": "text", "op": "matches", "value": r"^EUR"}, False),
        ({"field": "hour", "op": "between", "value": [13, 14], "name": "Europe/Berlin"}, True),
        ({"field": "hour", "op": "between", "value": [22, 6]}, False),
        ({"field": "hour", "op": "between", "value": [12, 6]}, True),
        ({"field": "weekday", "op": "in", "value": [1]}, True),
        ({"field": "weekday", "op": "in", "value": [6, 7]}, False),
        ({"field": "queue_load", "name": "support", "op": "at_least", "value": 10}, True),
        ({"field": "queue_load", "name": "unknown", "op": "at_least", "value": 10}, False),
        ({"field": "language", "op": "is", "value": "de"}, True),
        ({"field": "length", "op": "at_least", "value": 500}, False),
    ],
)
def test_every_field_holds_or_not(condition: dict[str, Any], answer: bool) -> None:
    facts = {
        "text": "A refund of 40 EUR is on its way.",
        "received_at": MONDAY_NOON,
        "queue_load": {"support": 12},
        "language": "de",
        "length": 33,
    }
    assert faults(condition) == []
    assert holds(condition, facts) is answer


def test_a_pattern_that_would_hang_other_engines_takes_linear_time() -> None:
    slow = {"field": "text", "op": "matches", "value": "(a+)+$"}
    assert not holds(slow, {"text": "a" * 100_000 + "b"})


# --- what is told -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        ("gold", "#"),
        ({"all": [UNSURE, {"field": "password"}]}, "#/all/1"),
        ({"any": []}, "#/any"),
        ({"any": [UNSURE], "all": [UNSURE]}, "#"),
        ({"not": [UNSURE]}, "#/not"),
        ([UNSURE, {"all": [{"any": [{**UNSURE, "value": "0.6"}]}]}], "#/1/all/0/any/0"),
        ({**UNSURE, "also": 1}, "#"),
        ({**UNSURE, "name": "x"}, "#"),
        ({**UNSURE, "value": float("nan")}, "#"),
        ({"field": ["confidence"], "op": "below", "value": 1}, "#"),
        ({"field": "text", "op": "matches", "value": "(?=x)"}, "#"),
        ({"field": "hour", "op": "between", "value": [8, 8]}, "#"),
        ({"field": "hour", "op": "between", "value": [8, 18], "name": "Mars/Base"}, "#"),
        ({"field": "weekday", "op": "in", "value": [0]}, "#"),
        ({**GOLD, "value": "half of \ud800"}, "#"),
        ({**GOLD, "value": "nul \0"}, "#"),
    ],
)
def test_a_fault_is_told_with_its_place(tree: Any, place: str) -> None:
    assert [one.pointer for one in faults(tree)] == [place]


def test_too_many_and_too_deep_conditions_are_refused() -> None:
    deep: Any = UNSURE
    for _level in range(9):
        deep = {"not": deep}
    assert faults(deep)
    assert faults([UNSURE] * 101)


def test_a_tree_is_said_in_words() -> None:
    tree = {"all": [{"any": [GOLD, {"field": "risk_tags", "op": "has", "value": "legal"}]}, {"not": UNSURE}]}
    said = "(tier is gold or it is marked legal) and not (confidence is below 0.6)"
    assert sentence(tree) == said
    with translation.override("de"):
        assert sentence(tree) != said


@given(tree=TREES)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_every_sound_tree_can_be_said(tree: Any) -> None:
    assert isinstance(sentence(tree), str)
