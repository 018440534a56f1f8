"""What triage decides: pure functions over the facts of one item and one policy."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from .models import RoutingPolicy, RoutingRule, TriageDecision

#: How far risk may pull a slot ahead of its deadline: bounded, so that waiting work always comes to its turn.
HEAD_START = {"high": timedelta(minutes=60), "medium": timedelta(minutes=15)}
URGENT_HEAD_START = timedelta(minutes=30)
#: How far ahead of all others a held answer lies, in milliseconds (317 years): an AI system waits for it.
HELD_AHEAD = 10**13

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decided:
    """What to do with an item, why, and how likely it was that a person sees it."""

    result: str
    rule: RoutingRule | None
    stratum: str
    design: str
    probability: float
    reasons: list[dict[str, Any]]
    facts: dict[str, Any]


def decide(
    *, item_id: UUID, facts: Facts, policy: RoutingPolicy, rules: Sequence[RoutingRule], secret: bytes
) -> Decided:
    """Return the decision for one item: the first rule whose conditions all hold, else the audit sample."""
    rule = next((one for one in rules if all(holds(c, facts) for c in one.conditions)), None)
    if rule is not None and rule.queue_id is not None:
        return Decided(
            result=TriageDecision.Result.REVIEW,
            rule=rule,
            stratum=stratum_of(policy, rule),
            design=TriageDecision.Design.RULE,
            probability=1.0,
            reasons=[*(reason(c, facts) for c in rule.conditions), _named(policy, rule)],
            facts=_kept(facts, rules),
        )
    return _sampled(item_id, facts, policy, rules, rule, secret)


def _sampled(
    item_id: UUID,
    facts: Facts,
    policy: RoutingPolicy,
    rules: Sequence[RoutingRule],
    rule: RoutingRule | None,
    secret: bytes,
) -> Decided:
    rate = policy.audit_rate if rule is None or rule.sample_rate is None else rule.sample_rate
    drawn = share(secret, "audit", item_id) < rate
    design = TriageDecision.Design.SAMPLE if rate > 0 else TriageDecision.Design.NONE
    return Decided(
        result=TriageDecision.Result.REVIEW if drawn else TriageDecision.Result.PASS,
        rule=rule,
        stratum=stratum_of(policy, rule),
        design=design,
        probability=rate,
        reasons=[{"code": "policy", "policy": policy.version}],
        facts=_kept(facts, rules),
    )


def stratum_of(policy: RoutingPolicy, rule: RoutingRule | None) -> str:
    """Return the stratum's name: which rule of which policy version, or what no rule took."""
    return f"policy-{policy.version}/rule-{rule.position}" if rule else f"policy-{policy.version}/no-rule"


def share(secret: bytes, stage: str, item_id: UUID) -> float:
    """Return a number in [0, 1) that is fixed for a stage and an item, and that nobody without the key can guess.

    One hash per stage: a retry draws the same, and nested stages are independent (statistics.md, section 1).
    """
    digest = hmac.digest(secret, stage.encode() + b":" + item_id.bytes, "sha256")
    return int.from_bytes(digest[:8], "big") / 2**64


def holds(condition: Mapping[str, Any], facts: Facts) -> bool:
    """Return whether one condition holds. An item without a confidence counts as below every threshold.

    A text where a number is asked for holds nothing: sources may send what they like in attributes.
    """
    value, wanted = fact(condition, facts), condition["value"]
    match condition["op"]:
        case "below":
            return value is None or (_is_number(value) and value < wanted)
        case "at_least":
            return _is_number(value) and value >= wanted
        case "is":
            return value == wanted
        case "in":
            return value in wanted
        case "has":
            return wanted in (value or ())
    raise ValueError(f"unknown operator {condition['op']!r}")


def fact(condition: Mapping[str, Any], facts: Facts) -> Any:
    """Return the fact that a condition speaks of."""
    if condition["field"] == "attribute":
        return facts["attributes"].get(condition["name"])
    return facts[condition["field"]]


FIELDS = {
    "confidence": ("below", "at_least"),
    "risk_level": ("is", "in"),
    "risk_tags": ("has",),
    "kind": ("is", "in"),
    "source": ("is", "in"),
    "model_version": ("is", "in"),
    "attribute": ("is", "in", "below", "at_least"),
}


def check_condition(condition: Any) -> str:
    """Return what is wrong with a condition, or an empty string."""
    if not isinstance(condition, dict) or condition.get("field") not in FIELDS:
        return f"A field is required: one of {', '.join(FIELDS)}."
    if condition.get("op") not in FIELDS[condition["field"]]:
        return f"For {condition['field']} the operator is one of {', '.join(FIELDS[condition['field']])}."
    if condition["field"] == "attribute" and not isinstance(condition.get("name"), str):
        return "An attribute's name is required."
    return _wrong_value(condition["op"], condition.get("value"))


def _wrong_value(op: str, value: Any) -> str:
    if op in {"below", "at_least"} and not _is_number(value):
        return "A number is required."
    if op == "in" and not (isinstance(value, list) and value):
        return "A list of values is required."
    if op in {"is", "has"} and (value is None or isinstance(value, dict | list)):
        return "A single value is required."
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kept(facts: Facts, rules: Sequence[RoutingRule]) -> dict[str, Any]:
    """Return the facts to store: all but attributes that no rule asks for (they may say who a customer is)."""
    asked = {c["name"] for rule in rules for c in rule.conditions if c["field"] == "attribute"}
    attributes = {name: value for name, value in facts["attributes"].items() if name in asked}
    return {**facts, "attributes": attributes}


def reason(condition: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """Return one reason, stored as a code and values so that it can be said in any language."""
    told = {"code": f"{condition['field']}.{condition['op']}", "limit": condition["value"]}
    if condition["field"] == "attribute":
        told["name"] = condition["name"]
    return {**told, "value": fact(condition, facts)}


def _named(policy: RoutingPolicy, rule: RoutingRule) -> dict[str, Any]:
    return {"code": "rule", "rule": rule.position, "policy": policy.version}


def explain(reasons: Sequence[Mapping[str, Any]], *, hides_confidence: bool = False) -> list[str]:
    """Return reasons in words, in the reader's language. Never says that an item is in the audit sample.

    A queue that hides the AI's confidence until somebody has judged hides its value here too.
    """
    if hides_confidence:
        reasons = [{**one, "code": one["code"].replace("confidence.", "hidden_confidence.")} for one in reasons]
    named = next((one for one in reasons if one["code"] == "rule"), None)
    where = _(" (rule %(rule)s, policy %(policy)s)") % named if named else ""
    return [_words(one) + where for one in reasons if one["code"] != "rule"] or [_("Every item comes here") + where]


def explain_pass(decision: TriageDecision) -> list[str]:
    """Return in words why triage let an item pass; the decision's rule and policy should be loaded."""
    rule, policy = decision.rule, decision.policy
    assert policy is not None
    if rule is None:
        return [_("no rule of policy %(policy)s asks for a person") % {"policy": policy.version}]
    return explain([*(reason(c, decision.facts) for c in rule.conditions), _named(policy, rule)])


def _words(one: Mapping[str, Any]) -> str:
    if one["code"].endswith("confidence.below") and one["value"] is None:
        return _("no confidence was given")
    sentences = {
        "confidence.below": _("confidence %(value)s is below %(limit)s"),
        "confidence.at_least": _("confidence %(value)s is at least %(limit)s"),
        "hidden_confidence.below": _("confidence is below %(limit)s"),
        "hidden_confidence.at_least": _("confidence is at least %(limit)s"),
        "risk_level.is": _("risk is %(limit)s"),
        "risk_level.in": _("risk is %(value)s"),
        "risk_tags.has": _("it is marked %(limit)s"),
        "kind.is": _("it is of kind %(limit)s"),
        "kind.in": _("it is of kind %(value)s"),
        "source.is": _("it comes from %(limit)s"),
        "source.in": _("it comes from %(value)s"),
        "model_version.is": _("model version %(limit)s answered"),
        "model_version.in": _("model version %(value)s answered"),
        "attribute.is": _("%(name)s is %(limit)s"),
        "attribute.in": _("%(name)s is %(value)s"),
        "attribute.below": _("%(name)s %(value)s is below %(limit)s"),
        "attribute.at_least": _("%(name)s %(value)s is at least %(limit)s"),
        "policy": _("policy %(policy)s sends it to people"),
        "triage_failed": _("triage failed three times, so a person decides"),
        "no_policy": _("there is no routing policy yet, so a person decides"),
        "escalated": _("a reviewer asked a lead"),
        "disagreement": _("two reviewers disagree"),
        "signal.thumbs_down": _("somebody gave the answer a thumbs down"),
        "signal.recontact": _("the customer came back about the same matter"),
        "signal.complaint": _("somebody complained about the answer"),
        "signal.report": _("a colleague reported the answer as wrong"),
        "nobody_left": _("everybody who may review it has had it in hand"),
        "appeal": _("the person affected contests what was decided"),
    }
    return sentences.get(one["code"], one["code"]) % {key: _shown(value) for key, value in one.items()}


def _shown(value: Any) -> Any:
    return f"{value:.2f}" if isinstance(value, float) else value


def rank_of(*, due_at: datetime, risk_level: str, urgency: str, deadline_at: datetime | None = None) -> int:
    """Return a slot's place in the line: its promise in milliseconds, pulled earlier by a bounded amount.

    Held answers lie ahead of everything else, in the order of their deadlines: their ranks are below zero.
    """
    if deadline_at is not None:
        return int(deadline_at.timestamp() * 1000) - HELD_AHEAD
    ahead = HEAD_START.get(risk_level, timedelta())
    if urgency == RoutingRule.Urgency.HIGH:
        ahead += URGENT_HEAD_START
    return int((due_at - ahead).timestamp() * 1000)
