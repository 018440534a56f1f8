"""A policy as a replay reads it: its rules and rates in order, each with what it does to an item."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from reviewqueue.triage.conditions import Columns, asks, condition_sql
from reviewqueue.triage.models import RoutingPolicy, RoutingRule, SamplingRate

#: A place in a policy is the number of the rule that takes an item (0: none) and of the rate that it is sampled at.
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Fate:
    """What a policy does to an item: in which queue, how likely it is that a person sees it, and how it waits."""

    queue_id: UUID
    probability: float
    waits: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """One policy, read once."""

    policy: RoutingPolicy
    rules: Sequence[RoutingRule]
    rates: Sequence[SamplingRate]

    @classmethod
    def of(cls, policy: RoutingPolicy) -> "Plan":
        """Read a policy; the most specific rate stands first."""
        rates = sorted(policy.rates.all(), key=lambda one: -one.specificity)
        return cls(policy, list(policy.rules.select_related("queue").order_by("position")), rates)

    @property
    def asks_text(self) -> bool:
        """Whether a rule looks at text, which is not among the recorded facts."""
        return any(asks(rule.conditions, "text") for rule in self.rules)

    def place(self, facts: Mapping[str, Any]) -> Place:
        """Return the place of an item by the predicate."""
        taker = next((n for n, rule in enumerate(self.rules, start=1) if rule.fits(facts)), 0)
        pair = facts.get("source") or "", facts.get("model_version")
        return taker, next((n for n, rate in enumerate(self.rates, start=1) if rate.covers(*pair)), 0)

    def taker_sql(self, columns: Columns) -> str:
        """Return the number of the rule in SQL."""
        return first_that_holds([condition_sql(rule.tree, columns) for rule in self.rules])

    def rate_sql(self, columns: Columns) -> str:
        """Return the number of the rate in SQL."""
        return first_that_holds([_covers(rate, columns) for rate in self.rates])

    def fate(self, place: Place) -> Fate:
        """Return what the policy does at a place."""
        taker, sampled = place
        rule = self.rules[taker - 1] if taker else None
        if rule is not None and rule.queue is not None:
            waits = rule.urgency, rule.due_minutes, rule.reviews_required, tuple(rule.required_skills), rule.language
            return Fate(rule.queue.pk, 1.0, (*waits, rule.blind, rule.owner_id))
        if rule is not None and rule.sample_rate is not None:
            return Fate(self.policy.audit_queue_id, rule.sample_rate)
        rate = self.rates[sampled - 1].rate if sampled else self.policy.audit_rate
        return Fate(self.policy.audit_queue_id, rate)

    def kind(self, place: Place) -> Fate | None:
        """Return what happens at a place, as far as it is to be told apart: what nobody ever sees fares alike."""
        fate = self.fate(place)
        return fate if fate.probability > 0 else None

    def places(self) -> Iterator[Place]:
        """Yield every place there is."""
        for taker in range(len(self.rules) + 1):
            for rate in range(len(self.rates) + 1):
                yield taker, rate


def first_that_holds(conditions: Sequence[str]) -> str:
    """Return an SQL expression for the number of the first condition that holds, 0 when none does."""
    if not conditions:
        return "0"
    return "CASE " + " ".join(f"WHEN {asked} THEN {n}" for n, asked in enumerate(conditions, start=1)) + " ELSE 0 END"


def _covers(rate: SamplingRate, columns: Columns) -> str:
    named = {"source": rate.source, "model_version": rate.model_version}
    tree = {"all": [{"field": name, "op": "is", "value": value} for name, value in named.items() if value]}
    return condition_sql(tree, columns)
