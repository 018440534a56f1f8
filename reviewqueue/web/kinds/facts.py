"""Objects as people read them: a line for each fact, and which facts changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from reviewqueue.common.exactjson import dumped

from ..difference import difference
from ..safe_text import raw

#: More facts than anybody reads are left to the raw view.
MOST = 300

Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every value inside that is no object and no list, and the empty ones of those, with the way to it."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path, value


def name_of(path: Path) -> str:
    """Return a way as words, entries of lists counted from one: ``lines › 2 › sku``."""
    return " › ".join(str(step + 1) if isinstance(step, int) else step for step in path)


def words_of(value: Any) -> str:
    """Return a value as a person reads it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value in ({}, []):
        return _("none")
    return value if isinstance(value, str) else dumped(value)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: the value, or what became of it; both are safe to show."""

    name: SafeString
    value: SafeString
    changed: bool = False


def facts(value: Any) -> list[Fact]:
    """Return an object as lines."""
    return [Fact(raw(name_of(path)), raw(words_of(leaf))) for path, leaf in islice(leaves(value), MOST)]


def changes(before: Any, after: Any) -> list[Fact]:
    """Return the lines of two objects; where they differ, the line shows both."""
    was, now = dict(islice(leaves(before), MOST)), dict(islice(leaves(after), MOST))
    return [_change(path, was, now) for path in sorted({**now, **was}, key=_order(now, was))]


def _order(now: dict[Path, Any], was: dict[Path, Any]) -> Any:
    """Keep the order of what is there now; what is gone stands at its old place, as near as it can."""
    place = {path: float(n) for n, path in enumerate(now)}
    before = -0.5
    for path in was:
        before = place.setdefault(path, before + 1e-6)
    return lambda path: place[path]


def _change(path: Path, was: dict[Path, Any], now: dict[Path, Any]) -> Fact:
    before = words_of(was[path]) if path in was else ""
    after = words_of(now[path]) if path in now else ""
    if before == after and (path in was) == (path in now):
        return Fact(raw(name_of(path)), raw(after))
    return Fact(raw(name_of(path)), difference(before, after).markup, changed=True)
