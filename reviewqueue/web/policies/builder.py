"""The builder's form: rows of conditions in groups, read from what was posted and written from a stored tree.

It works without JavaScript: each button posts the whole form, and the page comes back with a row more or less.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from reviewqueue.triage.conditions import FIELDS, Tree, as_tree

from .offering import asks

MODES = ("all", "any", "none")
MOST_GROUPS, MOST_ROWS = 10, 12


@dataclass(slots=True)
class Row:
    """One condition as typed."""

    what: str = "confidence.below"
    name: str = ""
    value: str = ""

    @property
    def field(self) -> str:
        """Which fact it looks at."""
        return self.what.partition(".")[0]

    @property
    def asks(self) -> str:
        """Which name it asks for."""
        return asks(self.what)


@dataclass(slots=True)
class Group:
    """Conditions of which all, any or none must hold."""

    mode: str = "all"
    rows: list[Row] = field(default_factory=lambda: [Row()])


@dataclass(slots=True)
class Form:
    """Groups of which all, or any, must hold."""

    top: str = "all"
    groups: list[Group] = field(default_factory=list)

    @property
    def tree(self) -> dict[str, Any]:
        """The condition tree that was typed; what is wrong with it is told by `faults`."""
        return {self.top: [_group_tree(one) for one in self.groups]}

    def press(self, button: str) -> None:
        """Do what a button of the form asks for; an unknown one does nothing."""
        verb, *places = button.split(":")
        numbers = [int(one) for one in places if one.isascii() and one.isdigit() and len(one) < 4]
        if verb == "add-group" and len(self.groups) < MOST_GROUPS:
            self.groups.append(Group())
        elif numbers and numbers[0] < len(self.groups):
            self._press_in(verb, numbers)

    def _press_in(self, verb: str, numbers: Sequence[int]) -> None:
        rows = self.groups[numbers[0]].rows
        if verb == "remove-group":
            del self.groups[numbers[0]]
        elif verb == "add-row" and len(rows) < MOST_ROWS:
            rows.append(Row())
        elif verb == "remove-row" and len(numbers) == 2 and numbers[1] < len(rows):
            del rows[numbers[1]]
            if not rows:
                del self.groups[numbers[0]]


def _group_tree(group: Group) -> dict[str, Any]:
    inside = [_leaf(one) for one in group.rows]
    if group.mode == "none":
        return {"not": {"any": inside}}
    return inside[0] if len(inside) == 1 else {group.mode: inside}


def _leaf(row: Row) -> dict[str, Any]:
    name, _dot, op = row.what.partition(".")
    leaf: dict[str, Any] = {"field": name, "op": op, "value": _value(name, op, row.value)}
    known = FIELDS.get(name)
    if known and known.named and row.name.strip():
        leaf["name"] = row.name.strip()
    return leaf


def _value(name: str, op: str, typed: str) -> Any:
    typed = typed.strip()
    if op == "between":
        return [_number(one) for one in typed.replace("–", "-").split("-")]
    if op == "in":
        parts = [one.strip() for one in typed.split(",") if one.strip()]
        return [_number(one) for one in parts] if name in {"weekday", "attribute"} else parts
    if op in {"below", "at_least"} or (name == "attribute" and op == "is"):
        return _number(typed)
    return typed


def _number(typed: str) -> Any:
    """Return a number where one was typed; true and false, which attributes may be; else the text itself."""
    if typed in {"true", "false"}:
        return typed == "true"
    try:
        value = float(typed.strip().replace(",", "."))
    except ValueError:
        return typed.strip()
    if value != value or abs(value) >= 1e15:
        return typed
    return int(value) if value == int(value) and "." not in typed else value


def posted(typed: Mapping[str, Any]) -> Form:
    """Return the form as it was posted."""
    top = typed.get("top", "all")
    return Form(top if top in {"all", "any"} else "all", list(_groups(typed)))


def _groups(typed: Mapping[str, Any]) -> Iterator[Group]:
    for g in range(MOST_GROUPS):
        rows = [
            Row(*(str(typed.get(f"g{g}-{r}-{part}", ""))[:500] for part in ("what", "name", "value")))
            for r in range(MOST_ROWS)
            if f"g{g}-{r}-what" in typed
        ]
        if rows:
            mode = typed.get(f"g{g}-mode", "all")
            yield Group(mode if mode in MODES else "all", rows)


def form_of(stored: Tree) -> Form | None:
    """Return the form of a stored tree, or None when it is nested more deeply than the builder shows."""
    tree = as_tree(stored)
    top = next((one for one in ("all", "any") if one in tree), None)
    if top is None:
        top, inside = "all", [tree]
    else:
        inside = tree[top]
    groups = [_group_of(one) for one in inside]
    return Form(top, [one for one in groups if one]) if all(groups) and len(groups) <= MOST_GROUPS else None


def _group_of(tree: Mapping[str, Any]) -> Group | None:
    if "field" in tree:
        return Group("all", [_row(tree)])
    mode, inside = next(((one, tree[one]) for one in ("all", "any") if one in tree), ("none", []))
    if mode == "none":
        held = tree["not"]
        inside = held.get("any", [held])
    sound = 0 < len(inside) <= MOST_ROWS and all("field" in one for one in inside)
    return Group(mode, [_row(one) for one in inside]) if sound else None


def _row(leaf: Mapping[str, Any]) -> Row:
    value, op = leaf["value"], leaf["op"]
    parts = value if isinstance(value, list) else [value]
    typed = ("-" if op == "between" else ", ").join(map(_typed, parts))
    return Row(f"{leaf['field']}.{op}", leaf.get("name", ""), typed)


def _typed(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def choices() -> list[tuple[str, str, str]]:
    """Return what a condition can ask, in words, and which name it asks for."""
    return [(what, words, asks(what)) for what, words in _choices()]


def _choices() -> list[tuple[str, str]]:
    return [
        ("confidence.below", _("confidence is below")),
        ("confidence.at_least", _("confidence is at least")),
        ("risk_level.is", _("risk is")),
        ("risk_level.in", _("risk is one of")),
        ("risk_tags.has", _("it is marked")),
        ("kind.is", _("kind is")),
        ("kind.in", _("kind is one of")),
        ("source.is", _("source is")),
        ("source.in", _("source is one of")),
        ("model_version.is", _("model version is")),
        ("model_version.in", _("model version is one of")),
        ("language.is", _("language is")),
        ("language.in", _("language is one of")),
        ("attribute.is", _("the attribute … is")),
        ("attribute.in", _("the attribute … is one of")),
        ("attribute.below", _("the attribute … is below")),
        ("attribute.at_least", _("the attribute … is at least")),
        ("text.contains", _("the text contains")),
        ("text.matches", _("the text matches the pattern")),
        ("length.below", _("the text has fewer characters than")),
        ("length.at_least", _("the text has at least so many characters")),
        ("hour.between", _("it came between the hours")),
        ("weekday.in", _("it came on the weekdays (1 is Monday)")),
        ("queue_load.below", _("in the queue … wait fewer than")),
        ("queue_load.at_least", _("in the queue … wait at least")),
        ("finding.below", _("the detector … scores below")),
        ("finding.at_least", _("the detector … scores at least")),
        ("finding_kind.has", _("the detector … found")),
    ]
