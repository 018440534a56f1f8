"""What triage decides: pure functions over the facts of one item and one policy."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from reviewqueue.intake.models import Risk

from .conditions import Facts, Leaf, Tree, as_tree, fact, holds, own_words, sentence
from .models import LEAST_RATE, RoutingPolicy, RoutingRule, SamplingRate, TriageDecision

#: How far risk may pull a slot ahead of its deadline: bounded, so that waiting work always comes to its turn.
HEAD_START = {"high": timedelta(minutes=60), "medium": timedelta(minutes=15)}
URGENT_HEAD_START = timedelta(minutes=30)
#: Never further than this share of the time promised: where promises are short, all others would be late for it.
HEAD_START_SHARE = 2 / 3
#: How far ahead of all others a held answer lies, in milliseconds (317 years): an AI system waits for it.
HELD_AHEAD = 10**13


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


@dataclass(frozen=True, slots=True)
class Thinning:
    """An overload plan at work, as triage heeds it: shares and fallbacks by the names of the rules that it names."""

    run_id: UUID
    rates: Mapping[str, float] = field(default_factory=dict)
    fallbacks: frozenset[str] = frozenset()

    def rate_of(self, rule: RoutingRule, facts: Facts) -> float | None:
        """Return the share of a rule's items that people still see, None for all. High risk is never thinned."""
        rate = self.rates.get(rule.name)
        if rate is None or rate >= 1 or facts["risk_level"] == Risk.HIGH:
            return None
        return max(rate, LEAST_RATE)


def decide(
    *,
    item_id: UUID,
    facts: Facts,
    policy: RoutingPolicy,
    rules: Sequence[RoutingRule],
    secret: bytes,
    rates: Sequence[SamplingRate] = (),
    thinning: Thinning | None = None,
) -> Decided:
    """Return the decision for one item: the first rule whose conditions hold, else the audit sample.

    ``rates`` are the policy's sampling rates of single sources and model versions; ``thinning`` is the overload plan
    that is at work.
    """
    rule = next((one for one in rules if one.fits(facts)), None)
    if rule is not None and rule.queue_id is not None:
        if thinning and (kept := thinning.rate_of(rule, facts)) is not None:
            audit = rate_for(facts=facts, policy=policy, rule=rule, rates=rates)
            return _thinned(item_id, facts, policy, rules, rule, secret, (kept, audit), thinning.run_id)
        return Decided(
            result=TriageDecision.Result.REVIEW,
            rule=rule,
            stratum=stratum_of(policy, rule),
            design=TriageDecision.Design.RULE,
            probability=1.0,
            reasons=[*why(rule.conditions, facts), _named(policy, rule)],
            facts=_kept(facts, rules),
        )
    rate = rate_for(facts=facts, policy=policy, rule=rule, rates=rates)
    return _sampled(item_id, facts, policy, rules, rule, secret, rate)


def rate_for(
    *, facts: Facts, policy: RoutingPolicy, rule: RoutingRule | None, rates: Sequence[SamplingRate]
) -> float:
    """Return the share that people see of what passes: the rule's own, else the most specific, else the policy's."""
    if rule is not None and rule.sample_rate is not None:
        return rule.sample_rate
    ours = [one for one in rates if one.covers(facts["source"], facts["model_version"])]
    return max(ours, key=lambda one: one.specificity).rate if ours else policy.audit_rate


def _sampled(
    item_id: UUID,
    facts: Facts,
    policy: RoutingPolicy,
    rules: Sequence[RoutingRule],
    rule: RoutingRule | None,
    secret: bytes,
    rate: float,
) -> Decided:
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


def _thinned(
    item_id: UUID,
    facts: Facts,
    policy: RoutingPolicy,
    rules: Sequence[RoutingRule],
    rule: RoutingRule,
    secret: bytes,
    rates: tuple[float, float],
    run_id: UUID,
) -> Decided:
    """Return the decision for an item of which people see a share only: drawn for it, or for the audit sample.

    The two draws have a hash each, so they are independent, and the chance of either is known.
    """
    kept, audit = rates
    drawn = share(secret, "overload", item_id) < kept or share(secret, "audit", item_id) < audit
    reasons = [*why(rule.conditions, facts), _named(policy, rule)]
    return Decided(
        result=TriageDecision.Result.REVIEW if drawn else TriageDecision.Result.PASS,
        rule=rule,
        stratum=f"{stratum_of(policy, rule)}/thinned",
        design=TriageDecision.Design.SAMPLE,
        probability=1 - (1 - kept) * (1 - audit),
        reasons=reasons if drawn else [*reasons, {"code": "overload"}],
        facts={**_kept(facts, rules), "thinned": {"run": str(run_id), "rate": kept}},
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


def _kept(facts: Facts, rules: Sequence[RoutingRule]) -> dict[str, Any]:
    """Return the facts to store: no text, and of the attributes those asked for (they may say who it was)."""
    asked = {name for rule in rules for name in rule.attributes_asked}
    attributes = {name: value for name, value in facts["attributes"].items() if name in asked}
    return {**{name: value for name, value in facts.items() if name != "text"}, "attributes": attributes}


def why(stored: Tree, facts: Facts) -> list[dict[str, Any]]:
    """Return the reasons for which a tree holds, as codes and values that can be said in any language.

    Of a group of which any may hold, those that do.
    """
    tree = as_tree(stored)
    if "field" in tree:
        return [_reason(tree, facts)]
    if "not" in tree:
        return [{"code": "condition", "condition": tree}]
    if "all" in tree:
        return [one for inside in tree["all"] for one in why(inside, facts)]
    return [one for inside in tree["any"] if holds(inside, facts) for one in why(inside, facts)]


#: Fields of which a reason tells what was found; of the others the condition says it all.
_TOLD = {"confidence", "risk_level", "risk_tags", "kind", "source", "model_version", "attribute"}


def _reason(leaf: Leaf, facts: Facts) -> dict[str, Any]:
    if leaf["field"] not in _TOLD:
        return {"code": "condition", "condition": dict(leaf)}
    told = {"code": f"{leaf['field']}.{leaf['op']}", "limit": leaf["value"]}
    if leaf["field"] == "attribute":
        told["name"] = leaf["name"]
    return {**told, "value": fact(leaf, facts)}


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
    if "thinned" in decision.facts:
        return explain(decision.reasons)
    return explain([*why(rule.conditions, decision.facts), _named(policy, rule)])


# made once, translated one by one: every claim asks for some
_SENTENCES = {
    "confidence.below": gettext_noop("confidence %(value)s is below %(limit)s"),
    "confidence.at_least": gettext_noop("confidence %(value)s is at least %(limit)s"),
    "hidden_confidence.below": gettext_noop("confidence is below %(limit)s"),
    "hidden_confidence.at_least": gettext_noop("confidence is at least %(limit)s"),
    "risk_level.is": gettext_noop("risk is %(limit)s"),
    "risk_level.in": gettext_noop("risk is %(value)s"),
    "risk_tags.has": gettext_noop("it is marked %(limit)s"),
    "kind.is": gettext_noop("it is of kind %(limit)s"),
    "kind.in": gettext_noop("it is of kind %(value)s"),
    "source.is": gettext_noop("it comes from %(limit)s"),
    "source.in": gettext_noop("it comes from %(value)s"),
    "model_version.is": gettext_noop("model version %(limit)s answered"),
    "model_version.in": gettext_noop("model version %(value)s answered"),
    "attribute.is": gettext_noop("%(name)s is %(limit)s"),
    "attribute.in": gettext_noop("%(name)s is %(value)s"),
    "attribute.below": gettext_noop("%(name)s %(value)s is below %(limit)s"),
    "attribute.at_least": gettext_noop("%(name)s %(value)s is at least %(limit)s"),
    "policy": gettext_noop("policy %(policy)s sends it to people"),
    "triage_failed": gettext_noop("triage failed three times, so a person decides"),
    "no_policy": gettext_noop("there is no routing policy yet, so a person decides"),
    "stopped": gettext_noop("it would have passed, but passing was stopped"),
    "overload": gettext_noop("more came than people can review, and the overload plan lets a share of these pass"),
    "escalated": gettext_noop("a reviewer asked a lead"),
    "disagreement": gettext_noop("two reviewers disagree"),
    "signal.thumbs_down": gettext_noop("somebody gave the answer a thumbs down"),
    "signal.recontact": gettext_noop("the customer came back about the same matter"),
    "signal.complaint": gettext_noop("somebody complained about the answer"),
    "signal.report": gettext_noop("a colleague reported the answer as wrong"),
    "finding": gettext_noop("detectors found something once it had been answered"),
    "nobody_left": gettext_noop("everybody who may review it has had it in hand"),
    "appeal": gettext_noop("the person affected contests what was decided"),
}


def _words(one: Mapping[str, Any]) -> str:
    if one["code"] == "condition":
        return sentence(one["condition"])
    if one["code"].endswith("confidence.below") and one["value"] is None:
        return _("no confidence was given")
    asked = one["code"].partition(".")[0]
    told = {key: _shown(own_words(asked, value)) for key, value in one.items()}
    known = _SENTENCES.get(one["code"])
    return (_(known) if known else one["code"]) % told


def _shown(value: Any) -> Any:
    return f"{value:.2f}" if isinstance(value, float) else value


def rank_of(
    *, placed_at: datetime, due_at: datetime, risk_level: str, urgency: str, deadline_at: datetime | None = None
) -> int:
    """Return a slot's place in the line: its promise in milliseconds, pulled earlier by a bounded amount.

    Held answers lie ahead of everything else, in the order of their deadlines: their ranks are below zero.
    """
    if deadline_at is not None:
        return int(deadline_at.timestamp() * 1000) - HELD_AHEAD
    ahead = HEAD_START.get(risk_level, timedelta())
    if urgency == RoutingRule.Urgency.HIGH:
        ahead += URGENT_HEAD_START
    promised = max(due_at - placed_at, timedelta())
    return int((due_at - min(ahead, HEAD_START_SHARE * promised)).timestamp() * 1000)
