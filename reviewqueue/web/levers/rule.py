"""A rule: let one group's confident answers pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from reviewqueue.metrics.rules import (
    Change,
    Passing,
    kept_shares,
    pass_rule,
    proposals,
    rules_with,
)
from reviewqueue.triage.models import RoutingRule

from ..parameters import fraction
from ..words import share
from .desk import Desk, Lever

CONFIDENCE, RATE = 0.85, 0.1


@dataclass(frozen=True, slots=True)
class NewRule:
    """A policy's next version as a lever would write it."""

    passing: Passing
    rules: Sequence[RoutingRule]
    name: str


def a_rule(desk: Desk, asked: Mapping[str, Any]) -> Lever:
    """Return the rule that was asked for; without a choice, the one for the group that saves most late items."""
    return _proposed(desk, asked) if asked else usual_rule(desk)


def usual_rule(desk: Desk) -> Lever:
    """Return the rule that is proposed when nobody has chosen another; a page asks for it several times."""
    if desk.usual is None:
        desk.usual = _proposed(desk, {})
    return desk.usual


def _proposed(desk: Desk, asked: Mapping[str, Any]) -> Lever:
    lever = Lever("rule", _("A rule"), "route", _("No group of confident answers is large enough for a rule."), False)
    confidence = fraction(asked.get("confidence"), CONFIDENCE, least=0.5)
    rate = fraction(asked.get("rate"), 100 * RATE, most=100) / 100
    groups = proposals(desk.seen, confidence=confidence, rate=rate)
    lever.fields = {
        "groups": [(one.key, group_words(one)) for one in groups],
        "confidence": confidence,
        "rate": 100 * rate,
    }
    if not groups or desk.policy is None:
        return lever
    chosen = next((one for one in groups if one.key == asked.get("group")), None)
    passing = chosen or max(groups, key=lambda one: _saved(desk, one))
    lever.fields["group"] = passing.key
    lever.doing = _new_rule(desk, passing)
    kept = kept_shares(policy=desk.policy, rules=lever.doing.rules, rates=desk.rates, seen=desk.seen)
    lever.possible, lever.change = True, Change(kept=kept)
    lever.sentence = _(
        "Pass %(group)s answers with confidence %(confidence)s or more; still review %(rate)s of them at random."
    ) % {
        "group": group_words(passing),
        "confidence": f"{passing.confidence:.2f}",
        "rate": share(passing.rate, 1),
    }
    return lever


def group_words(passing: Passing) -> str:
    """Name a group of items."""
    return passing.value if passing.field == "risk_tags" else f"{passing.name} {passing.value}"


def _new_rule(desk: Desk, passing: Passing) -> NewRule:
    name = _("Pass confident %(group)s answers") % {"group": group_words(passing)}
    return NewRule(passing, rules_with(desk.rules, pass_rule(passing, name=name), desk.seen), name)


def _saved(desk: Desk, passing: Passing) -> float:
    """Return how much of what will be late a rule takes away, roughly: enough to choose a group by."""
    assert desk.policy is not None
    rules = _new_rule(desk, passing).rules
    kept = kept_shares(policy=desk.policy, rules=rules, rates=desk.rates, seen=desk.seen)
    return sum((1 - kept.get(one.id, 1.0)) * desk.before.queues[one.id].late for one in desk.board.queues)


def rule_facts(desk: Desk, lever: Lever) -> list[tuple[str, str]]:
    """Return what one should know before pulling this lever."""
    new, kept = lever.doing, lever.change.kept
    position = next(place for place, rule in enumerate(new.rules, start=1) if rule.policy_id is None)
    facts = [
        (
            _("Where it stands"),
            _("rule %(n)s of the next policy version; the rules before it are as they were") % {"n": position},
        ),
        (_("Applies to"), _("new items only; what waits already goes on waiting")),
    ]
    for queue in desk.board.queues:
        if kept.get(queue.id, 1.0) < 0.995:
            words = _("%(share)s of its new items would still need a person") % {"share": share(kept[queue.id], 1)}
            facts.append((queue.name, words))
    return facts
