"""Thinning: a share of what a rule asks for is seen, with a chance that is recorded and never nothing."""

from typing import Any
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from reviewqueue.queues.models import Queue
from reviewqueue.triage.models import LEAST_RATE, RoutingPolicy, RoutingRule
from reviewqueue.triage.rules import Decided, Thinning, decide, explain, share

SECRET = b"a workspace's own secret"
SUPPORT = Queue(slug="support", name="Support")
UNSURE = RoutingRule(
    position=1, name="Unsure", conditions=[{"field": "confidence", "op": "below", "value": 0.6}], queue=SUPPORT
)
FACTS: dict[str, Any] = {
    "confidence": 0.4,
    "risk_level": "low",
    "risk_tags": [],
    "kind": "chat",
    "source": "support-chatbot",
    "model_version": "v1",
    "attributes": {},
}
#: Ids that are the same in every run.
MANY = [UUID(int=number * 2**64 + 7) for number in range(5_000)]


def decided(rate: float, *, audit: float = 0.0, item_id: UUID | None = None, **facts: Any) -> Decided:
    return decide(
        item_id=item_id or uuid4(),
        facts={**FACTS, **facts},
        policy=RoutingPolicy(version=7, audit_rate=audit, audit_queue=SUPPORT),
        rules=[UNSURE],
        secret=SECRET,
        thinning=Thinning(run_id=UUID(int=1), rates={"Unsure": rate}),
    )


def test_the_recorded_chance_is_the_share_that_is_seen() -> None:
    for rate, audit in ((0.2, 0.0), (0.2, 0.05), (0.01, 0.0), (0.5, 0.5)):
        found = [decided(rate, audit=audit, item_id=one) for one in MANY]
        seen = sum(one.result == "review" for one in found) / len(found)
        (chance,) = {one.probability for one in found}
        assert chance == 1 - (1 - rate) * (1 - audit)
        # five standard deviations of a share of so many draws
        assert abs(seen - chance) <= 5 * (chance * (1 - chance) / len(MANY)) ** 0.5


def test_the_two_draws_are_independent() -> None:
    """With one hash for both, the audit sample would lie within what is kept and find nothing of what passes."""
    audited = [one for one in MANY if share(SECRET, "audit", one) < 0.2]
    kept = sum(share(SECRET, "overload", one) < 0.2 for one in audited) / len(audited)
    assert abs(kept - 0.2) < 0.05


@given(rate=st.floats(0, 1), audit=st.floats(0, 1))
@settings(max_examples=200, deadline=None)
def test_nothing_is_thinned_to_nothing(rate: float, audit: float) -> None:
    found = decided(rate, audit=audit)
    assert LEAST_RATE <= found.probability <= 1
    assert found.design == ("rule" if rate >= 1 else "sample")


@given(low=st.floats(0.01, 1), high=st.floats(0.01, 1), number=st.integers(0, 2**127))
@settings(max_examples=200, deadline=None)
def test_a_higher_share_sees_everything_that_a_lower_one_saw(low: float, high: float, number: int) -> None:
    low, high = sorted((low, high))
    seen_before = decided(low, item_id=UUID(int=number)).result == "review"
    assert not seen_before or decided(high, item_id=UUID(int=number)).result == "review"


def test_high_risk_is_never_thinned() -> None:
    found = [decided(LEAST_RATE, item_id=one, risk_level="high") for one in MANY[:500]]
    assert {(one.result, one.design, one.probability, one.stratum) for one in found} == {
        ("review", "rule", 1.0, "policy-7/rule-1")
    }


def test_a_rule_that_the_plan_does_not_name_stays_as_it_is() -> None:
    other = Thinning(run_id=UUID(int=1), rates={"Another": 0.01})
    found = decide(
        item_id=MANY[0],
        facts=FACTS,
        policy=RoutingPolicy(version=7, audit_rate=0.0, audit_queue=SUPPORT),
        rules=[UNSURE],
        secret=SECRET,
        thinning=other,
    )
    assert (found.result, found.design, found.probability) == ("review", "rule", 1.0)


def test_what_is_recorded_names_the_run_and_the_share_and_a_stratum_of_its_own() -> None:
    found = decided(0.25)
    assert found.facts["thinned"] == {"run": str(UUID(int=1)), "rate": 0.25}
    assert found.stratum == "policy-7/rule-1/thinned"


def test_reviewers_are_not_told_that_an_item_was_drawn() -> None:
    drawn = next(one for number in MANY if (one := decided(0.2, item_id=number)).result == "review")
    passed = next(one for number in MANY if (one := decided(0.2, item_id=number)).result == "pass")
    assert explain(drawn.reasons) == ["confidence 0.40 is below 0.60 (rule 1, policy 7)"]
    assert "the overload plan lets a share of these pass" in " ".join(explain(passed.reasons))
