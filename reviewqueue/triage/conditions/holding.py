"""Does a condition tree hold for an item's facts? Pure; `sql` says the same in SQL, and a property test compares."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import re2

from .checking import is_number
from .tree import FIELDS, NAME, Facts, Leaf, Tree

#: Moments beyond which nothing was received: the same bound in SQL.
MOMENTS = (0, 4_000_000_000)

#: A tree made into a function of facts.
Condition = Callable[[Facts], bool]
_NUMBERS = (int, float)


def holds(tree: Tree, facts: Facts) -> bool:
    """Return whether a checked tree holds. Facts of another sort than asked for hold nothing, and break nothing.

    A fact that is not known counts as below every threshold, so that what nobody measured goes to people.
    """
    return condition(tree)(facts)


def condition(tree: Tree) -> Condition:
    """Return a checked tree as a function, for those who ask it of many facts: a tenth of the time each."""
    if isinstance(tree, list):
        return _all([condition(one) for one in tree])
    if "field" in tree:
        return _leaf(tree)
    if "all" in tree:
        return _all([condition(one) for one in tree["all"]])
    if "any" in tree:
        return _any([condition(one) for one in tree["any"]])
    inside = condition(tree["not"])
    return lambda facts: not inside(facts)


def _all(inside: list[Condition]) -> Condition:
    def hold(facts: Facts) -> bool:
        for one in inside:  # noqa: SIM110 - a generator costs more than most conditions
            if not one(facts):
                return False
        return True

    return inside[0] if len(inside) == 1 else hold


def _any(inside: list[Condition]) -> Condition:
    def hold(facts: Facts) -> bool:
        for one in inside:  # noqa: SIM110
            if one(facts):
                return True
        return False

    return inside[0] if len(inside) == 1 else hold


def fact(leaf: Leaf, facts: Facts) -> Any:
    """Return the fact that a leaf speaks of, None when it is not known."""
    return _reader(leaf)(facts)


def _reader(leaf: Leaf) -> Callable[[Facts], Any]:
    first, *rest = (leaf["name"] if step is NAME else step for step in FIELDS[leaf["field"]].path)

    def read(facts: Facts) -> Any:
        found = facts.get(first)
        for step in rest:
            found = found.get(step) if isinstance(found, dict) else None
        return found

    return read if rest else lambda facts: facts.get(first)


def _leaf(leaf: Leaf) -> Condition:
    """Return one condition as a function; what it compares with is looked at here, once."""
    read, wanted = _reader(leaf), leaf["value"]
    match FIELDS[leaf["field"]].sort, leaf["op"]:
        case _, "below":
            return lambda facts: (value := read(facts)) is None or (type(value) in _NUMBERS and value < wanted)
        case _, "at_least":
            return lambda facts: type(value := read(facts)) in _NUMBERS and value >= wanted
        case "word", "is":
            return lambda facts: read(facts) == wanted
        case "words", _:
            return lambda facts: isinstance(value := read(facts), list) and any(same(one, wanted) for one in value)
        case "moment", op:
            zone = leaf.get("name") or "UTC"
            return lambda facts: _time_holds(op, read(facts), wanted, zone)
        case "text", op:
            found = _finder(op, wanted)
            return lambda facts: isinstance(value := read(facts), str) and found(value)
        case _, "is":
            return lambda facts: same(read(facts), wanted)
    return lambda facts: any(same(read(facts), one) for one in wanted)


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


def _finder(op: str, wanted: str) -> Callable[[str], bool]:
    if op == "contains":
        folded = wanted.casefold()
        return lambda text: folded in text.casefold()
    search = _pattern(wanted).search
    return lambda text: bool(search(text))


@lru_cache(maxsize=512)
def _pattern(pattern: str) -> Any:
    """Compile a pattern on an engine with linear time: nobody's pattern can hang triage."""
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)
