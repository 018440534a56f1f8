"""Where in a JSON text something stands, as a JSON pointer; asked only when something is wrong with it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

#: So much of a name stands in a pointer.
LONGEST_NAME = 80
#: So far is looked: what is allowed (10,000 values) has fewer tokens, and what is not JSON may have millions.
MOST_TOKENS = 60_000

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{},:]|[^\[\]{},:"\s]++', re.DOTALL)


@dataclass(slots=True)
class _Open:
    """An object or a list that has begun and not ended: where in it we are."""

    is_object: bool
    index: int = 0
    name: str | None = None
    names: set[str] = field(default_factory=set)

    def part(self) -> str:
        """Return the part of the pointer that leads on from here."""
        return escape((self.name or "")[:LONGEST_NAME]) if self.is_object else str(self.index)


@dataclass(frozen=True, slots=True)
class Found:
    """A name or a value of a text: how it is written, and where; ``twice`` is a name that stood here before."""

    written: str
    pointer: str
    position: int
    twice: str | None = None


def walk(text: str) -> Iterator[Found]:
    """Yield every name, and every value that is neither object nor list, with its place; where lists begin too.

    The text may be no JSON at all behind what is looked for; then places mean little, but nothing fails.
    """
    opened: list[_Open] = []
    for match in islice(_TOKEN.finditer(text), MOST_TOKENS):
        written, inner = match.group(), opened[-1] if opened else None
        if written in {"}", "]"}:
            opened = opened[:-1]
        elif written == ",":
            _next(inner)
        elif written != ":":
            named = inner is not None and inner.is_object and inner.name is None and written[0] == '"'
            twice = _twice(inner, written) if named else None  # type: ignore[arg-type]
            yield Found(written, "/".join(("#", *(one.part() for one in opened))), match.start(), twice)
            if written in {"{", "["}:
                opened.append(_Open(written == "{"))


def pointer_at(text: str, position: int) -> str:
    """Return the pointer to the value that begins at a position, or to the next one behind it."""
    return next((found.pointer for found in walk(text) if found.position >= position), "#")


def escape(name: str) -> str:
    """Return a name as a part of a pointer."""
    safe = name.replace("~", "~0").replace("/", "~1")
    return safe.encode("ascii", "backslashreplace").decode()


def _next(inner: _Open | None) -> None:
    if inner is not None:
        inner.index, inner.name = inner.index + 1, None


def _twice(inner: _Open, written: str) -> str | None:
    """Remember a name of an object; return it when it stood there before."""
    try:
        inner.name = str(json.loads(written))
    except json.JSONDecodeError:
        inner.name = written
    before = inner.name if inner.name in inner.names else None
    inner.names.add(inner.name)
    return before
