"""A rule that lets confident answers of one group pass: what it says, where it goes, how much work it saves."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from reviewqueue.triage.conditions import holds
from reviewqueue.triage.models import RoutingPolicy, RoutingRule, SamplingRate
from reviewqueue.triage.rules import rate_for

#: A group is worth a rule when at least this many of the items seen are in it.
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """An item that a policy placed: what it looked at, where the item went, and how likely that was."""

    facts: Mapping[str, Any]
    queue_id: UUID
    probability: float


@dataclass(frozen=True, slots=True)
class Passing:
    """Pass a group's answers from a confidence on, and still review a share of them at random."""

    field: str
    name: str
    value: str
    confidence: float = 0.85
    rate: float = 0.1

    @property
    def key(self) -> str:
        """The group as one text, for an address."""
        return f"{self.field}:{self.name}:{self.value}"

    @property
    def conditions(self) -> list[dict[str, Any]]:
        """The rule's conditions."""
        group: dict[str, Any] = {"field": self.field, "op": "is", "value": self.value}
        if self.field == "risk_tags":
            group["op"] = "has"
        if self.field == "attribute":
            group["name"] = self.name
        return [group, {"field": "confidence", "op": "at_least", "value": self.confidence}]


def pass_rule(passing: Passing, *, name: str) -> RoutingRule:
    """Return the unsaved rule."""
    return RoutingRule(name=name, conditions=passing.conditions, queue=None, sample_rate=passing.rate)


def rules_with(rules: Sequence[RoutingRule], new: RoutingRule, seen: Sequence[Seen]) -> list[RoutingRule]:
    """Return a policy's rules with a new one before the rule that takes most of its items today.

    Items that earlier rules take (legal threats, say) are taken as before.
    """
    takers = Counter(
        taker for one in seen if _all_hold(new, one.facts) and (taker := _taker(rules, one.facts)) is not None
    )
    place = takers.most_common(1)[0][0] if takers else len(rules)
    return [*rules[:place], new, *rules[place:]]


def _taker(rules: Sequence[RoutingRule], facts: Mapping[str, Any]) -> int | None:
    return next((place for place, rule in enumerate(rules) if _all_hold(rule, facts)), None)


def _all_hold(rule: RoutingRule, facts: Mapping[str, Any]) -> bool:
    return holds(rule.conditions, facts)


def kept_shares(
    *,
    policy: RoutingPolicy,
    rules: Sequence[RoutingRule],
    seen: Sequence[Seen],
    rates: Sequence[SamplingRate] = (),
) -> dict[UUID, float]:
    """Return, by queue, the share of items that would still need a person under ``rules``.

    ``rates`` are the policy's sampling rates of single sources and model versions.

    Each item counts with its chance under the new rules against the chance it had, so that items which came by the
    audit sample are neither forgotten nor counted twice.
    """
    before: Counter[UUID] = Counter()
    after: dict[UUID, float] = {}
    for one in seen:
        before[one.queue_id] += 1
        chance = _chance(policy, rules, rates, one.facts) / one.probability
        after[one.queue_id] = after.get(one.queue_id, 0.0) + chance
    return {queue_id: after[queue_id] / count for queue_id, count in before.items()}


def _chance(
    policy: RoutingPolicy, rules: Sequence[RoutingRule], rates: Sequence[SamplingRate], facts: Mapping[str, Any]
) -> float:
    taker = _taker(rules, facts)
    rule = None if taker is None else rules[taker]
    if rule is not None and rule.queue_id is not None:
        return 1.0
    return rate_for(facts=facts, policy=policy, rule=rule, rates=rates)


def proposals(seen: Sequence[Seen], *, confidence: float, rate: float) -> list[Passing]:
    """Return the groups that a passing rule could be about, the one with most confident items first."""
    confident = [one.facts for one in seen if (one.facts["confidence"] or 0) >= confidence]
    found: Counter[tuple[str, str, str]] = Counter()
    for facts in confident:
        found.update(("risk_tags", "", tag) for tag in facts["risk_tags"])
        found.update(
            ("attribute", name, value) for name, value in facts["attributes"].items() if isinstance(value, str)
        )
    return [
        Passing(*group, confidence=confidence, rate=rate) for group, count in found.most_common(12) if count >= FEWEST
    ]
