"""What the items of an edge case have in common, as the conditions of a routing rule: pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .rules import COMPARED

#: How many words a phrase has, and which share of other items may hold it: what all say says nothing.
SHORTEST, LONGEST, RARE = 2, 6, 0.05
_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_TELLING = 5  # characters of the longest word at least: "it is" and "of the" are no phrase


@dataclass(frozen=True, slots=True)
class Common:
    """Conditions that hold for every item, and whether they say more than where the items come from."""

    conditions: list[dict[str, Any]] = field(default_factory=list)
    narrow: bool = False


def in_common(
    facts: Sequence[Mapping[str, Any]], texts: Sequence[str], *, others: Sequence[str], versions: int
) -> Common:
    """Return what the facts and texts of some items have in common.

    ``others`` are texts of other items, which should not fit; ``versions`` is how many model versions their source
    has answered with: where there is one alone it says nothing, and the next would not fit.
    """
    narrow = [{"field": "risk_tags", "op": "has", "value": tag} for tag in _shared_tags(facts)]
    if versions > 1:
        narrow += _same("model_version", facts)
    if phrase := shared_phrase(texts, others=others):
        narrow.append({"field": "text", "op": "contains", "value": phrase})
    return Common([*_same("source", facts), *_same("kind", facts), *narrow], bool(narrow))


def _same(name: str, facts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    values = {one.get(name) for one in facts}
    value = values.pop() if len(values) == 1 else None
    return [{"field": name, "op": "is", "value": value}] if value else []


def _shared_tags(facts: Sequence[Mapping[str, Any]]) -> list[str]:
    tags = [set(one.get("risk_tags") or []) for one in facts]
    return sorted(set.intersection(*tags)) if tags else []


def shared_phrase(texts: Sequence[str], *, others: Sequence[str]) -> str:
    """Return the phrase of the first text that all of several contain and few others do: the rarest, then longest.

    Looks at the beginnings of the texts. An empty text when there is none, or one text alone.
    """
    begins, elsewhere = _folded(texts), _folded(others)
    if len(begins) < 2:
        return ""
    found = {
        phrase: sum(phrase.casefold() in one for one in elsewhere)
        for phrase in _phrases(texts[0][:COMPARED])
        if all(phrase.casefold() in one for one in begins[1:])
    }
    rare = {phrase: hits for phrase, hits in found.items() if hits <= RARE * len(elsewhere)}
    return min(rare, key=lambda phrase: (rare[phrase], -len(phrase)), default="")


def _folded(texts: Iterable[str]) -> list[str]:
    return [text[:COMPARED].casefold() for text in texts]


def _phrases(text: str) -> Iterator[str]:
    """Yield the phrases of a text, without those that run over the end of a line or sentence."""
    words = list(_WORD.finditer(text))
    for size in range(SHORTEST, LONGEST + 1):
        for first in range(len(words) - size + 1):
            run = words[first : first + size]
            phrase = text[run[0].start() : run[-1].end()]
            if len(max(phrase.split(), key=len)) >= _TELLING and not re.search(r"[.!?;:\n]", phrase):
                yield phrase
