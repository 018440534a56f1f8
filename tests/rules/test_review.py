"""What a judgement must hold, and what several add up to."""

import json
from typing import Any
from uuid import uuid4

import pytest

from reviewqueue.common.errors import Invalid
from reviewqueue.intake.models import Declaration
from reviewqueue.review.models import Review
from reviewqueue.review.rules import Judgement, check, disagreement_of, final_output, settle

OUTPUT = {"content": "It will arrive on Friday."}


def faults(
    judgement: Judgement,
    *,
    kind: str = "chat",
    output: dict[str, Any] = OUTPUT,
    declaration: Declaration | None = None,
) -> list[str]:
    """Return the places that are wrong with a judgement."""
    try:
        declared = declaration or Declaration(labels=["spam", "ham"])
        check(judgement, kind=kind, output=output, declaration=declared, reasons=["tone"])
    except Invalid as error:
        return [place.pointer for place in error.places]
    return []


@pytest.mark.parametrize(
    ("judgement", "places"),
    [
        (Judgement("approve"), []),
        (Judgement("reject", "critical", reason_codes=["tone"], cause="model"), []),
        (Judgement("edit", "none", {"content": "Better."}), []),
        (Judgement("delete"), ["#/decision"]),
        (Judgement("approve", "minor"), ["#/severity"]),
        (Judgement("reject", "none"), ["#/severity"]),
        (Judgement("reject", "awful"), ["#/severity"]),
        (Judgement("approve", correction={"content": "x"}), ["#/correction"]),
        (Judgement("edit", "minor"), ["#/correction/content"]),
        (Judgement("edit", "minor", {"content": "  "}), ["#/correction/content"]),
        (Judgement("edit", "minor", {"content": OUTPUT["content"]}), ["#/correction/content"]),
        (Judgement("edit", "minor", {"content": "a\x00b"}), ["#/correction/content"]),
        (Judgement("edit", "minor", {"content": "x" * 600_000}), ["#/correction/content"]),
        (Judgement("reject", "minor", reason_codes=["nonsense"]), ["#/reason_codes"]),
        (Judgement("reject", "minor", cause="weather"), ["#/cause"]),
        (Judgement("reject", "minor", note="x" * 10_001), ["#/note"]),
    ],
)
def test_a_judgement_is_whole_or_says_where_it_is_not(judgement: Judgement, places: list[str]) -> None:
    assert faults(judgement) == places


def test_a_correction_of_a_class_is_a_declared_label_and_another_one() -> None:
    given = {"kind": "classification", "output": {"label": "spam"}}
    assert faults(Judgement("edit", "minor", {"label": "ham"}), **given) == []  # type: ignore[arg-type]
    assert faults(Judgement("edit", "minor", {"label": "eggs"}), **given) == ["#/correction/label"]  # type: ignore[arg-type]
    assert faults(Judgement("edit", "minor", {"label": "spam"}), **given) == ["#/correction/label"]  # type: ignore[arg-type]


FACTS = {"kind": "extraction", "output": {"order": "AB-1", "total": 3}}
REFUND = {"kind": "action", "output": {"tool": "refund", "arguments": {"amount": 12}}}
TWO = {
    "kind": "comparison",
    "output": {"candidates": [{"id": "a", "content": "Hello."}, {"id": "b", "content": "Hi."}]},
}
DECLARED = Declaration(
    id=uuid4(),
    labels=["spam", "ham"],
    json_schema={"type": "object", "required": ["order"], "properties": {"total": {"type": "number"}}},
    tools={"refund": {"type": "object", "properties": {"amount": {"maximum": 50}}}, "close": None},
)


@pytest.mark.parametrize(
    ("given", "correction", "places"),
    [
        (FACTS, {"order": "AB-2", "total": 3}, []),
        (FACTS, {"total": 3.0, "order": "AB-1"}, ["#/correction"]),  # says the same
        (FACTS, {"total": "three"}, ["#/correction/order", "#/correction/total"]),
        (FACTS, {"order": "AB\x00"}, ["#/correction/order"]),
        (FACTS, {"order": "AB-1", "n\x00": 1}, ["#/correction"]),
        (FACTS, {"order": "x" * 600_000}, ["#/correction/order"]),
        (REFUND, {"arguments": {"amount": 9}}, []),
        (REFUND, {"tool": "refund", "arguments": {"amount": 9}}, []),
        (REFUND, {"arguments": {"amount": 12}}, ["#/correction/arguments"]),
        (REFUND, {"arguments": {"amount": 90}}, ["#/correction/arguments/amount"]),
        (REFUND, {"arguments": [1]}, ["#/correction/arguments"]),
        (REFUND, {}, ["#/correction/arguments"]),
        (REFUND, {"tool": "close", "arguments": {}}, ["#/correction/tool"]),
        (REFUND, {"arguments": {"amount": 9}, "plan": ""}, ["#/correction/plan"]),
        (TWO, {"preferred": "b"}, []),
        (TWO, {"content": "Good morning."}, []),
        (TWO, {"preferred": "c"}, ["#/correction/preferred"]),
        (TWO, {"preferred": ["a"]}, ["#/correction/preferred"]),
        (TWO, {"content": " "}, ["#/correction/content"]),
        (TWO, {"content": "Hi."}, ["#/correction/content"]),
        (TWO, {"preferred": "a", "content": "Good morning."}, ["#/correction"]),
        (TWO, {}, ["#/correction"]),
    ],
)
def test_a_correction_has_the_form_of_its_kind(given: dict[str, Any], correction: Any, places: list[str]) -> None:
    assert faults(Judgement("edit", "minor", correction), declaration=DECLARED, **given) == places


def test_a_comparison_is_not_approved_as_it_is() -> None:
    assert faults(Judgement("approve"), **TWO) == ["#/decision"]  # type: ignore[arg-type]
    assert faults(Judgement("reject", "minor"), **TWO) == []  # type: ignore[arg-type]


def test_what_stands_in_the_end_has_the_form_of_its_kind() -> None:
    def final(given: dict[str, Any], correction: dict[str, Any]) -> Any:
        text = final_output(
            decision="edit",
            kind=given["kind"],
            correction=json.dumps(correction),
            output=json.dumps(given["output"]),
        )
        return json.loads(text or "")

    assert final(FACTS, {"order": "AB-2"}) == {"order": "AB-2"}
    assert final(REFUND, {"arguments": {"amount": 9}}) == {"tool": "refund", "arguments": {"amount": 9}}
    assert final(TWO, {"preferred": "b"}) == {"preferred": "b", "content": "Hi."}
    assert final(TWO, {"content": "Good morning."}) == {"content": "Good morning."}


def test_two_who_extract_the_same_agree_whatever_the_order_of_the_fields() -> None:
    one, other = ((Review(id=uuid4(), decision="edit", severity="minor"), text) for text in SAME)
    assert settle(reviews=[one, other], adjudicated=False) is not None


SAME = ('{"order":"AB-2","total":3}', '{"total":3.0,"order":"AB-2"}')


def review(decision: str, severity: str = "none", text: str = "") -> tuple[Review, str]:
    return Review(id=uuid4(), decision=decision, severity=severity), json.dumps({"content": text})


def test_one_review_stands_by_itself() -> None:
    only = review("edit", "major", "a")
    found = settle(reviews=[only], adjudicated=False)
    assert found is not None
    assert (found.review, found.basis) == (only[0], "review")


def test_two_who_say_the_same_agree_and_the_worse_severity_stands() -> None:
    mild, bad = review("edit", "minor", "same"), review("edit", "critical", "same")
    for order in ([mild, bad], [bad, mild]):
        found = settle(reviews=order, adjudicated=False)
        assert found is not None
        assert (found.review, found.basis) == (bad[0], "agreement")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (review("approve"), review("reject", "minor")),
        (review("edit", "minor", "a"), review("edit", "minor", "b")),
        (review("approve"), review("edit", "none", "a")),
    ],
)
def test_two_who_differ_settle_nothing(one: tuple[Review, str], other: tuple[Review, str]) -> None:
    assert settle(reviews=[one, other], adjudicated=False) is None


APPROVE, EDIT, OTHER = review("approve"), review("edit", "minor", "a"), review("edit", "major", "b")
AS_EDIT = review("edit", "critical", "a")


@pytest.mark.parametrize(
    ("reviews", "required", "stands"),
    [
        ([EDIT], 3, None),
        ([EDIT, AS_EDIT], 3, AS_EDIT),
        ([APPROVE, EDIT], 3, None),
        ([APPROVE, EDIT, AS_EDIT], 3, AS_EDIT),
        ([APPROVE, EDIT, OTHER], 3, None),
        ([EDIT, AS_EDIT], 2, AS_EDIT),
        ([APPROVE, EDIT], 2, None),
        ([EDIT, AS_EDIT, APPROVE, review("approve")], 4, None),
        ([EDIT, AS_EDIT], 5, None),
        ([EDIT, AS_EDIT, APPROVE, OTHER, review("edit", "none", "a")], 5, AS_EDIT),
    ],
)
def test_a_majority_is_more_than_half_of_those_asked_for_and_a_tie_is_none(reviews, required, stands) -> None:
    found = settle(reviews=reviews, adjudicated=False, agreement="majority", required=required)
    assert (found and (found.review, found.basis)) == (stands and (stands[0], "agreement"))


def test_unanimity_waits_for_all_of_them() -> None:
    assert settle(reviews=[EDIT, AS_EDIT], adjudicated=False, required=3) is None
    assert settle(reviews=[EDIT, AS_EDIT, APPROVE], adjudicated=False, required=3) is None


def test_whatever_is_still_to_come_a_majority_once_reached_stands() -> None:
    """Settling early is the same as waiting: no third review changes what two of three have said."""
    for last in (APPROVE, OTHER, review("reject", "critical"), review("edit", "none", "a")):
        found = settle(reviews=[EDIT, AS_EDIT, last], adjudicated=False, agreement="majority", required=3)
        assert found is not None
        assert found.review.decision == "edit"
        assert found.review.severity == "critical"


def test_a_disagreement_says_who_gave_which_answer_and_nothing_else() -> None:
    said = disagreement_of([APPROVE, EDIT, AS_EDIT])
    assert [(one["decision"], one["answer"]) for one in said] == [("approve", 1), ("edit", 2), ("edit", 2)]
    assert {key for one in said for key in one} == {"review", "user", "decision", "severity", "answer"}
    assert disagreement_of([EDIT, AS_EDIT]) == []


def test_a_lead_has_the_last_word() -> None:
    last = review("reject", "major")
    found = settle(reviews=[review("approve"), last], adjudicated=True)
    assert found is not None
    assert (found.review, found.basis) == (last[0], "adjudication")


def test_what_the_ai_system_gets_back() -> None:
    given = {"kind": "chat", "correction": '{"content":"Better."}', "output": '{ "content":"It will arrive" }'}
    assert final_output(decision="approve", **given) == '{ "content":"It will arrive" }'
    assert final_output(decision="edit", **given) == '{"content":"Better."}'
    assert final_output(decision="reject", **given) is None
    assert final_output(decision="reject", fallback='{"content": "Later."}', **given) == '{"content": "Later."}'
