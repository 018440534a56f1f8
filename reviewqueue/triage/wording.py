"""A policy in words: its rules as sentences, and what differs between two versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .conditions import sentence
from .models import RoutingPolicy, RoutingRule


def rule_words(rule: RoutingRule) -> str:
    """Return a rule as one sentence in the reader's language; its queue and owner should be loaded."""
    asked = sentence(rule.conditions)
    told = {"condition": asked, "effect": ", ".join(_effects(rule))}
    return _("When %(condition)s: %(effect)s.") % told if asked else _("Always: %(effect)s.") % told


def _effects(rule: RoutingRule) -> list[str]:
    if rule.queue is None:
        return [_("let it pass"), *_rate_words(rule.sample_rate)]
    said = [_("send it to %(queue)s") % {"queue": rule.queue.name}]
    if rule.urgency == RoutingRule.Urgency.HIGH:
        said.append(_("with high urgency"))
    if rule.due_minutes is not None:
        said.append(_("due in %(n)s min") % {"n": rule.due_minutes})
    if rule.reviews_required is not None:
        words = ngettext("one reviewer", "%(n)s reviewers", rule.reviews_required)
        said.append(words % {"n": rule.reviews_required})
    if rule.blind is not None:
        said.append(_("who see nothing of each other") if rule.blind else _("who may see each other's judgement"))
    if rule.required_skills:
        said.append(_("for people with %(skills)s") % {"skills": _(" and ").join(rule.required_skills)})
    if rule.language:
        said.append(_("for people who speak %(language)s") % {"language": rule.language})
    if rule.owner:
        said.append(_("owned by %(name)s") % {"name": rule.owner.name})
    return said


def _rate_words(rate: float | None) -> list[str]:
    return [] if rate is None else [_("still review %(rate)s %% at random") % {"rate": f"{100 * rate:g}"}]


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of a comparison: ``same``, ``new``, ``gone`` or ``changed``, with the sentences of either side."""

    kind: str
    before: str = ""
    after: str = ""


def differences(old: RoutingPolicy, new: RoutingPolicy) -> list[Difference]:
    """Return what differs, rule by rule in the order of the new version; rules are known again by their names."""
    before, after = _said(old), _said(new)
    found: list[Difference] = []
    names = [name for name, _words in before], [name for name, _words in after]
    for step, a, b, c, d in SequenceMatcher(None, *names, autojunk=False).get_opcodes():
        if step == "equal":
            pairs = zip(before[a:b], after[c:d], strict=True)
            found += [Difference("same" if one == two else "changed", one[1], two[1]) for one, two in pairs]
        else:
            found += [Difference("gone", before=words) for _name, words in before[a:b]]
            found += [Difference("new", after=words) for _name, words in after[c:d]]
    return found + _sampling_difference(old, new)


def _said(policy: RoutingPolicy) -> list[tuple[str, str]]:
    rules = policy.rules.select_related("queue", "owner").order_by("position")
    return [(rule.name, rule_words(rule)) for rule in rules]


def _sampling_difference(old: RoutingPolicy, new: RoutingPolicy) -> list[Difference]:
    one, two = sampling_words(old), sampling_words(new)
    return [Difference("same" if one == two else "changed", one, two)]


def sampling_words(policy: RoutingPolicy) -> str:
    """Return in one sentence what people see of that which passes."""
    named = [
        _("%(rate)s %% of %(what)s")
        % {"rate": f"{100 * one.rate:g}", "what": " ".join(filter(None, (one.source, one.model_version)))}
        for one in policy.rates.order_by("source", "model_version")
    ]
    rate = _("%(rate)s %% of everything else") % {"rate": f"{100 * policy.audit_rate:g}"}
    told = {"rates": ", ".join([*named, rate]), "queue": policy.audit_queue.name}
    return _("Of what passes, a person reviews at random: %(rates)s, in %(queue)s.") % told


def changed_only(found: Sequence[Difference]) -> list[Difference]:
    """Return what is not the same."""
    return [one for one in found if one.kind != "same"]
