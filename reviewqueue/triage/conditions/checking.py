"""Is a condition tree well formed? Each fault is told with its place, before anything is stored."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import available_timezones

import re2
from django.utils.translation import gettext as _

from reviewqueue.common.errors import Place
from reviewqueue.detectors import known

from .tree import FIELDS, GROUPS, Field

MOST_LEAVES, MOST_DEPTH, MOST_CHARACTERS = 100, 8, 500


def faults(stored: Any, at: str = "#") -> list[Place]:
    """Return every fault of a tree as it was sent, with its place below ``at``; an empty list when it is sound."""
    found = list(
        _faults({"all": stored} if isinstance(stored, list) else stored, at, 1, listed=isinstance(stored, list))
    )
    if not found and _count(stored) > MOST_LEAVES:
        return [Place(at, _("At most %(n)s conditions.") % {"n": MOST_LEAVES})]
    return found


def _faults(tree: Any, at: str, depth: int, *, listed: bool = False) -> Iterator[Place]:
    if not isinstance(tree, dict):
        yield Place(at, _("A condition or a group is required."))
        return
    groups = [name for name in GROUPS if name in tree]
    if not groups:
        if fault := _leaf_fault(tree):
            yield Place(at, fault)
        return
    if len(tree) != 1:
        yield Place(at, _("A group is one of all, any, not, and nothing beside it."))
    elif depth > MOST_DEPTH:
        yield Place(at, _("Groups are nested too deeply."))
    else:
        yield from _inside(groups[0], tree[groups[0]], at if listed else f"{at}/{groups[0]}", depth)


def _inside(group: str, inside: Any, at: str, depth: int) -> Iterator[Place]:
    if group == "not":
        yield from _faults(inside, at, depth + 1)
    elif not isinstance(inside, list):
        yield Place(at, _("A list of conditions is required."))
    elif group == "any" and not inside:
        yield Place(at, _("A group of which any must hold needs a condition."))
    else:
        for number, one in enumerate(inside):
            yield from _faults(one, f"{at}/{number}", depth + 1)


def _count(tree: Any) -> int:
    if isinstance(tree, list):
        return sum(map(_count, tree))
    if "field" in tree:
        return 1
    return sum(_count(tree[group]) for group in GROUPS if group in tree)


def _leaf_fault(leaf: dict[str, Any]) -> str:
    name = leaf.get("field")
    field = FIELDS.get(name) if isinstance(name, str) else None
    if field is None:
        return _("A field is required: one of %(fields)s.") % {"fields": ", ".join(FIELDS)}
    if unknown := leaf.keys() - {"field", "op", "value", "name"}:
        return _("Unknown: %(names)s.") % {"names": ", ".join(sorted(map(str, unknown)))}
    if leaf.get("op") not in field.ops:
        return _("For %(field)s the operator is one of %(ops)s.") % {"field": name, "ops": ", ".join(field.ops)}
    return _name_fault(leaf, field) or _value_fault(leaf, field)


def _name_fault(leaf: dict[str, Any], field: Field) -> str:
    name = leaf.get("name")
    if not field.named:
        return _("A name belongs to attributes, queues, detectors and times only.") if name is not None else ""
    if field.sort == "moment":
        return "" if name is None or name in _zones() else _("A time zone such as Europe/Berlin is required.")
    if field.path[0] == "findings" and name not in known():
        return _("A detector is required: one of %(names)s.") % {"names": ", ".join(known())}
    return "" if _is_word(name) else _("A name is required.")


def _zones() -> set[str]:
    return {name for name in available_timezones() if name == "UTC" or "/" in name}


def _value_fault(leaf: dict[str, Any], field: Field) -> str:
    op: str = leaf["op"]
    value: Any = leaf.get("value")
    if op in {"below", "at_least"}:
        return "" if is_number(value) and abs(value) < 1e15 else _("A number is required.")
    if field.sort == "moment":
        return _time_fault(op, value)
    if field.sort == "text":
        return _text_fault(op, value)
    plain = _is_word if field.sort in {"word", "words"} else _is_plain
    if op == "in":
        sound = isinstance(value, list) and 0 < len(value) <= MOST_LEAVES and all(map(plain, value))
        return "" if sound else _("A list of values is required.")
    return "" if plain(value) else _("A single value is required.")


def _time_fault(op: str, value: Any) -> str:
    whole = isinstance(value, list) and value and all(type(one) is int for one in value)
    if op == "in":
        return (
            "" if whole and all(1 <= one <= 7 for one in value) else _("Weekdays from 1 (Monday) to 7 are required.")
        )
    sound = whole and len(value) == 2 and 0 <= value[0] <= 23 and 0 <= value[1] <= 24 and value[0] != value[1]
    return "" if sound else _("Two hours are required: from (0 to 23) and before (0 to 24).")


def _text_fault(op: str, value: Any) -> str:
    if not _is_word(value):
        return _("Words to look for are required.")
    if op == "matches":
        try:
            re2.compile(value, _quiet())
        except re2.error:
            return _(
                "This pattern is not understood (RE2 syntax, which knows no look-around and no back-references)."
            )
    return ""


def _quiet() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


def is_number(value: Any) -> bool:
    """Return whether a fact or a limit is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _is_plain(value: Any) -> bool:
    return isinstance(value, bool) or (is_number(value) and abs(value) < 1e15) or _is_word(value)


def _is_word(value: Any) -> bool:
    """Return whether it is a text that can be stored and compared: not empty, no NUL, no half of a character."""
    if not isinstance(value, str) or not 0 < len(value) <= MOST_CHARACTERS or "\0" in value:
        return False
    return not any("\ud800" <= one <= "\udfff" for one in value)
