"""A condition tree in words, in the reader's language."""

from typing import Any

from django.utils.translation import gettext as _

from ..detector_words import detector_words, kind_words
from .tree import Leaf, Tree, as_tree


def sentence(stored: Tree) -> str:
    """Return a checked tree in words; an empty text when it asks for nothing."""
    return _said(as_tree(stored), outer=True)


def _said(tree: Any, *, outer: bool = False) -> str:
    if "field" in tree:
        return _leaf_words(tree)
    if "not" in tree:
        return _("not (%(condition)s)") % {"condition": _said(tree["not"], outer=True)}
    group = "all" if "all" in tree else "any"
    inside = [_said(one) for one in tree[group] if not _is_empty(one)]
    joined = (_(" and ") if group == "all" else _(" or ")).join(inside)
    return joined if outer or len(inside) < 2 else f"({joined})"


def _is_empty(tree: Any) -> bool:
    return tree.get("all") == []


def _leaf_words(leaf: Leaf) -> str:
    told = {"name": leaf.get("name") or "UTC", "value": _value_words(own_words(leaf["field"], leaf["value"]))}
    if leaf["field"] in {"finding", "finding_kind"}:
        told["name"] = detector_words(leaf["name"])
    if leaf["field"] == "finding_kind":
        told["value"] = kind_words(leaf["value"])
    if leaf["field"] == "hour":
        told |= {"first": f"{leaf['value'][0]:02d}:00", "before": f"{leaf['value'][1]:02d}:00"}
    if leaf["field"] == "weekday":
        told["value"] = _or(weekdays()[day] for day in leaf["value"])
    return _sentences()[f"{leaf['field']}.{leaf['op']}"] % told


def _sentences() -> dict[str, str]:
    return {
        "confidence.below": _("confidence is below %(value)s"),
        "confidence.at_least": _("confidence is at least %(value)s"),
        "risk_level.is": _("risk is %(value)s"),
        "risk_level.in": _("risk is %(value)s"),
        "risk_tags.has": _("it is marked %(value)s"),
        "kind.is": _("it is of kind %(value)s"),
        "kind.in": _("it is of kind %(value)s"),
        "source.is": _("it comes from %(value)s"),
        "source.in": _("it comes from %(value)s"),
        "model_version.is": _("model version %(value)s answered"),
        "model_version.in": _("model version %(value)s answered"),
        "language.is": _("it is in %(value)s"),
        "language.in": _("it is in %(value)s"),
        "attribute.is": _("%(name)s is %(value)s"),
        "attribute.in": _("%(name)s is %(value)s"),
        "attribute.below": _("%(name)s is below %(value)s"),
        "attribute.at_least": _("%(name)s is at least %(value)s"),
        "text.contains": _("the text contains “%(value)s”"),
        "text.matches": _("the text matches %(value)s"),
        "length.below": _("the text is shorter than %(value)s characters"),
        "length.at_least": _("the text has at least %(value)s characters"),
        "hour.between": _("it came between %(first)s and %(before)s (%(name)s)"),
        "weekday.in": _("it came on %(value)s (%(name)s)"),
        "queue_load.below": _("fewer than %(value)s wait in %(name)s"),
        "queue_load.at_least": _("at least %(value)s wait in %(name)s"),
        "finding.below": _("the detector of %(name)s scores below %(value)s"),
        "finding.at_least": _("the detector of %(name)s scores at least %(value)s"),
        "finding_kind.has": _("the detector of %(name)s found: %(value)s"),
    }


def weekdays() -> dict[int, str]:
    """Return the days of the week by their numbers, Monday first."""
    names = _("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")
    return dict(enumerate(names, start=1))


def own_words(field: str, value: Any) -> Any:
    """Return a value of a field whose values are our own words, in the reader's language; any other as it is."""
    if isinstance(value, list):
        return [own_words(field, one) for one in value]
    known = {
        "kind": {
            "chat": _("chat"),
            "text": _("text"),
            "classification": _("classification"),
            "extraction": _("extraction"),
            "action": _("action"),
            "comparison": _("comparison"),
        },
        "risk_level": {"low": _("low"), "medium": _("medium"), "high": _("high")},
    }
    return known.get(field, {}).get(value, value) if isinstance(value, str) else value


def _value_words(value: Any) -> str:
    if isinstance(value, list):
        return _or(map(_value_words, value))
    if isinstance(value, bool):
        return _("true") if value else _("false")
    return f"{value:g}" if isinstance(value, float) else str(value)


def _or(words: Any) -> str:
    return _(" or ").join(words)
