"""Does a condition tree hold for an item's facts? Pure; `sql` says the same in SQL, and a property test compares."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import re2

from .checking import is_number
from .tree import FIELDS, NAME, Facts, Leaf, Tree

#: Moments beyond which nothing was received: the same bound in SQL.
MOMENTS = (0, 4_000_000_000)


def holds(tree: Tree, facts: Facts) -> bool:
    """Return whether a checked tree holds. Facts of another sort than asked for hold nothing, and break nothing.

    A fact that is not known counts as below every threshold, so that what nobody measured goes to people.
    """
    if isinstance(tree, list):
        return all(holds(one, facts) for one in tree)
    if "field" in tree:
        return _leaf_holds(tree, facts)
    if "all" in tree:
        return all(holds(one, facts) for one in tree["all"])
    if "any" in tree:
        return any(holds(one, facts) for one in tree["any"])
    return not holds(tree["not"], facts)


def fact(leaf: Leaf, facts: Facts) -> Any:
    """Return the fact that a leaf speaks of, None when it is not known."""
    found: Any = facts
    for step in FIELDS[leaf["field"]].path:
        found = found.get(leaf["name"] if step is NAME else step) if isinstance(found, dict) else None
    return found


def _leaf_holds(leaf: Leaf, facts: Facts) -> bool:
    value, wanted = fact(leaf, facts), leaf["value"]
    match FIELDS[leaf["field"]].sort, leaf["op"]:
        case _, "below":
            return value is None or (is_number(value) and value < wanted)
        case _, "at_least":
            return is_number(value) and value >= wanted
        case "words", _:
            return isinstance(value, list) and any(same(one, wanted) for one in value)
        case "moment", op:
            return _time_holds(op, value, wanted, leaf.get("name") or "UTC")
        case "text", op:
            return isinstance(value, str) and _text_holds(op, value, wanted)
        case _, "is":
            return same(value, wanted)
    return any(same(value, one) for one in wanted)


def same(value: Any, wanted: Any) -> bool:
    """Return whether two plain values are the same: 1 is 1.0, but neither is true, and "1" is no number."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if is_number(value) or is_number(wanted):
        return is_number(value) and is_number(wanted) and value == wanted
    return isinstance(value, str) and value == wanted


def _time_holds(op: str, value: Any, wanted: Any, zone: str) -> bool:
    if not is_number(value) or not MOMENTS[0] <= value < MOMENTS[1]:
        return False
    moment = datetime.fromtimestamp(int(value), _zone(zone))
    if op == "in":
        return moment.isoweekday() in wanted
    first, before = wanted
    inside = first <= moment.hour, moment.hour < before
    return all(inside) if first < before else any(inside)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _text_holds(op: str, text: str, wanted: str) -> bool:
    if op == "contains":
        return wanted.casefold() in text.casefold()
    return bool(_pattern(wanted).search(text))


@lru_cache(maxsize=512)
def _pattern(pattern: str) -> Any:
    """Compile a pattern on an engine with linear time: nobody's pattern can hang triage."""
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)
