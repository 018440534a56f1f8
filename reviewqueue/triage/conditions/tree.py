"""The form of a condition tree, and the fields that its leaves may speak of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Facts = Mapping[str, Any]
Leaf = Mapping[str, Any]
#: A checked tree; a list is read as ``{"all": list}``.
Tree = Mapping[str, Any] | list[Any]

GROUPS = ("all", "any", "not")
#: Stands in a path for the leaf's own name.
NAME = ""


@dataclass(frozen=True, slots=True)
class Field:
    """Where a fact lies in the recorded facts, of which sort it is, and what may be asked of it.

    Sorts: ``number``, ``word``, ``words`` (a list of them), ``any`` (whatever a source sends), ``moment`` (whole
    seconds since 1970, of which a leaf asks the hour or weekday in the time zone ``name``), ``text``.
    """

    path: tuple[str, ...]
    sort: str
    ops: tuple[str, ...]
    named: bool = False


NUMBERS, WORDS = ("below", "at_least"), ("is", "in")

FIELDS: dict[str, Field] = {
    "confidence": Field(("confidence",), "number", NUMBERS),
    "risk_level": Field(("risk_level",), "word", WORDS),
    "risk_tags": Field(("risk_tags",), "words", ("has",)),
    "kind": Field(("kind",), "word", WORDS),
    "source": Field(("source",), "word", WORDS),
    "model_version": Field(("model_version",), "word", WORDS),
    "language": Field(("language",), "word", WORDS),
    "attribute": Field(("attributes", NAME), "any", (*WORDS, *NUMBERS), named=True),
    "text": Field(("text",), "text", ("contains", "matches")),
    "length": Field(("length",), "number", NUMBERS),
    "hour": Field(("received_at",), "moment", ("between",), named=True),
    "weekday": Field(("received_at",), "moment", ("in",), named=True),
    "queue_load": Field(("queue_load", NAME), "number", NUMBERS, named=True),
    "finding": Field(("findings", NAME, "score"), "number", NUMBERS, named=True),
    "finding_kind": Field(("findings", NAME, "kinds"), "words", ("has",), named=True),
}


def as_tree(stored: Tree) -> Mapping[str, Any]:
    """Return a tree in its present form, whichever it is stored in."""
    return {"all": stored} if isinstance(stored, list) else stored


def leaves(stored: Tree) -> Iterator[Leaf]:
    """Yield the leaves of a checked tree in reading order."""
    tree = as_tree(stored)
    if "field" in tree:
        yield tree
        return
    for group in GROUPS:
        if group in tree:
            inside = tree[group]
            for one in [inside] if group == "not" else inside:
                yield from leaves(one)


def asks(stored: Tree, field: str) -> bool:
    """Return whether any leaf of a checked tree speaks of ``field``."""
    return any(leaf["field"] == field for leaf in leaves(stored))


def known_first(stored: Tree) -> Tree:
    """Return a checked tree that holds only where every finding it speaks of is known: where a detector has looked.

    For rules that let items pass: nothing passes because of what nobody looked for.
    """
    named = sorted({leaf["name"] for leaf in leaves(stored) if leaf["field"] in {"finding", "finding_kind"}})
    known = [{"field": "finding", "op": "at_least", "value": 0, "name": one} for one in named]
    return {"all": [as_tree(stored), *known]} if known else stored
