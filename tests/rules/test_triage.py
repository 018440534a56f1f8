"""What triage decides, said in small stories over facts."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from reviewqueue.queues.models import Queue
from reviewqueue.triage.conditions import faults, holds
from reviewqueue.triage.models import RoutingPolicy, RoutingRule
from reviewqueue.triage.rules import decide, explain, rank_of, share

SECRET = b"a workspace's own secret"
FACTS: dict[str, Any] = {
    "confidence": 0.42,
    "risk_level": "high",
    "risk_tags": ["delivery-promise"],
    "kind": "chat",
    "source": "support-chatbot",
    "model_version": "v1",
    "attributes": {"tier": "gold", "amount": 120},
}
SUPPORT = Queue(slug="support", name="Support")
UNSURE = {"field": "confidence", "op": "below", "value": 0.6}


def policy(rate: float = 0.0) -> RoutingPolicy:
    return RoutingPolicy(version=7, audit_rate=rate, audit_queue=SUPPORT)


def rule(*conditions: dict[str, Any], position: int = 1, queue: Queue | None = SUPPORT, **more: Any) -> RoutingRule:
    return RoutingRule(position=position, conditions=list(conditions), queue=queue, **more)


def decided(*rules: RoutingRule, rate: float = 0.0, item_id: UUID | None = None, **facts: Any):
    return decide(
        item_id=item_id or uuid4(), facts={**FACTS, **facts}, policy=policy(rate), rules=rules, secret=SECRET
    )


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ({"field": "confidence", "op": "below", "value": 0.42}, False),
        ({"field": "confidence", "op": "below", "value": 0.43}, True),
        ({"field": "confidence", "op": "at_least", "value": 0.42}, True),
        ({"field": "risk_level", "op": "is", "value": "high"}, True),
        ({"field": "risk_level", "op": "in", "value": ["low", "medium"]}, False),
        ({"field": "risk_tags", "op": "has", "value": "delivery-promise"}, True),
        ({"field": "attribute", "op": "is", "name": "tier", "value": "gold"}, True),
        ({"field": "attribute", "op": "at_least", "name": "amount", "value": 100}, True),
        ({"field": "attribute", "op": "is", "name": "unknown", "value": "gold"}, False),
    ],
)
def test_a_condition_holds_or_not(condition: dict[str, Any], answer: bool) -> None:
    assert holds(condition, FACTS) is answer
    assert faults(condition) == []


def test_no_confidence_counts_as_below_every_threshold_and_above_none() -> None:
    nothing = {**FACTS, "confidence": None}
    assert holds({"field": "confidence", "op": "below", "value": 0.0}, nothing)
    assert not holds({"field": "confidence", "op": "at_least", "value": 0.0}, nothing)


def test_an_attribute_of_another_kind_neither_holds_nor_breaks_triage() -> None:
    for value in ("much", True, None):
        facts = {**FACTS, "attributes": {"amount": value}}
        for op in ("below", "at_least"):
            assert holds({"field": "attribute", "op": op, "name": "amount", "value": 100}, facts) in {True, False}


@pytest.mark.parametrize(
    "condition",
    [
        None,
        {},
        {"field": "password", "op": "is", "value": "x"},
        {"field": "confidence", "op": "is", "value": 0.5},
        {"field": "confidence", "op": "below", "value": True},
        {"field": "confidence", "op": "below", "value": "0.5"},
        {"field": "risk_level", "op": "in", "value": []},
        {"field": "attribute", "op": "is", "value": "gold"},
        {"field": "source", "op": "is", "value": {"slug": "x"}},
    ],
)
def test_a_wrong_condition_is_told(condition: Any) -> None:
    assert faults(condition)


def test_the_first_rule_whose_conditions_all_hold_decides() -> None:
    never = rule(UNSURE, {"field": "risk_level", "op": "is", "value": "low"})
    first, second = rule(UNSURE, position=2), rule(position=3)
    found = decided(never, first, second)
    assert (found.rule, found.result, found.probability) == (first, "review", 1.0)
    assert found.stratum == "policy-7/rule-2"


def test_what_no_rule_takes_passes_when_nothing_is_sampled() -> None:
    found = decided(rule(UNSURE), confidence=0.99)
    assert (found.result, found.design, found.probability, found.stratum) == ("pass", "none", 0.0, "policy-7/no-rule")


def test_a_rule_without_a_queue_lets_pass_at_its_own_rate() -> None:
    assert decided(rule(UNSURE, queue=None, sample_rate=0.0), rate=1.0).result == "pass"
    assert decided(rule(UNSURE, queue=None, sample_rate=1.0), rate=0.0).result == "review"
    assert decided(rule(UNSURE, queue=None), rate=1.0).result == "review"


def test_the_sample_takes_its_share_and_a_retry_draws_the_same() -> None:
    items = [UUID(int=number) for number in range(20_000)]
    drawn = [one for one in items if decided(rate=0.1, item_id=one).result == "review"]
    assert 1_850 < len(drawn) < 2_150  # five standard deviations
    assert drawn == [one for one in items if decided(rate=0.1, item_id=one).result == "review"]


def test_shares_are_in_the_unit_interval_and_independent_between_stages() -> None:
    items = [UUID(int=number) for number in range(4_000)]
    both = sum(share(SECRET, "audit", one) < 0.5 and share(SECRET, "second", one) < 0.5 for one in items)
    assert all(0 <= share(SECRET, "audit", one) < 1 for one in items)
    assert 850 < both < 1_150
    assert share(SECRET, "audit", items[0]) != share(b"another secret", "audit", items[0])


def test_why_never_says_that_an_item_was_sampled() -> None:
    """A reviewer who knew would judge differently; the words for rule and sample must not give it away."""
    words = explain(decided(rate=1.0, confidence=0.99).reasons)
    assert words == ["policy 7 sends it to people"]
    assert not any(word in words[0] for word in ("sample", "audit", "random"))


def test_why_is_said_in_words_with_the_rule() -> None:
    found = decided(rule(UNSURE, {"field": "attribute", "op": "is", "name": "tier", "value": "gold"}, position=3))
    assert explain(found.reasons) == [
        "confidence 0.42 is below 0.60 (rule 3, policy 7)",
        "tier is gold (rule 3, policy 7)",
    ]
    assert explain(decided(rule(position=2)).reasons) == ["Every item comes here (rule 2, policy 7)"]
    assert explain(decided(rule(UNSURE), confidence=None).reasons) == ["no confidence was given (rule 1, policy 7)"]


def test_attributes_that_no_rule_asks_for_are_not_kept() -> None:
    asked = rule({"field": "attribute", "op": "is", "name": "tier", "value": "silver"})
    assert decided(asked).facts["attributes"] == {"tier": "gold"}


def test_rank_is_the_promise_and_risk_pulls_it_ahead_by_a_bounded_time() -> None:
    came, due = datetime(2026, 11, 23, 8, tzinfo=UTC), datetime(2026, 11, 23, 12, tzinfo=UTC)
    plain = rank_of(placed_at=came, due_at=due, risk_level="", urgency="normal")
    most = rank_of(placed_at=came, due_at=due, risk_level="high", urgency="high")
    assert plain == int(due.timestamp() * 1000)
    assert plain - most == 90 * 60 * 1000
    later = due + timedelta(minutes=91)
    assert plain < rank_of(placed_at=came, due_at=later, risk_level="high", urgency="high"), (
        "waiting work comes to its turn whatever arrives later"
    )


def test_risk_pulls_a_short_promise_ahead_by_two_thirds_of_it_at_most() -> None:
    came = datetime(2026, 11, 23, 8, tzinfo=UTC)

    def ahead(minutes: int, risk_level: str = "high") -> float:
        due = came + timedelta(minutes=minutes)
        rank = rank_of(placed_at=came, due_at=due, risk_level=risk_level, urgency="normal")
        return (due.timestamp() * 1000 - rank) / 60_000

    assert [ahead(minutes) for minutes in (240, 90, 45, 30, 0)] == [60, 60, 30, 20, 0]
    assert [ahead(minutes, "medium") for minutes in (60, 15)] == [15, 10]
    assert ahead(-5) == 0, "what comes when it is due already is neither ahead nor behind"
