"""The small model: which verb may move an item from which state to which. It is read from docs/walk.md."""

import re
from collections import defaultdict
from pathlib import Path

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "walk.md"
#: Where an item stands that is not there yet.
NOWHERE = ""
_ARROW = re.compile(r"^ {4}(\[\*\]|\w+) --> (\w+): (.+)$", re.M)
_VERB = re.compile(r"([a-z_]+)(?: \([^)]*\))?(?:, |$)")

Arrow = tuple[str, str]


def arrows(picture: str) -> dict[str, set[Arrow]]:
    """Return the arrows of a state picture, by the verb that goes along them."""
    legal: defaultdict[str, set[Arrow]] = defaultdict(set)
    for start, end, verbs in _ARROW.findall(picture):
        for verb in _VERB.findall(verbs):
            legal[verb].add((NOWHERE if start == "[*]" else start, end))
    return dict(legal)


LEGAL = arrows(PICTURE.read_text())


def illegal(verb: str, before: dict[str, str], after: dict[str, str]) -> dict[str, Arrow]:
    """Return the items that a verb has moved where it may not."""
    moved = {name: (before.get(name, NOWHERE), state) for name, state in after.items()}
    wrong = {name: arrow for name, arrow in moved.items() if arrow[0] != arrow[1] and not _goes(verb, arrow)}
    return wrong | {name: (state, NOWHERE) for name, state in before.items() if name not in after}


def _goes(verb: str, arrow: Arrow) -> bool:
    """Return whether a verb goes from one end of an arrow to the other, perhaps in two steps."""
    legal = LEGAL.get(verb, set())
    return arrow in legal or any((arrow[0], middle) in legal and (middle, arrow[1]) in legal for middle in _STATES)


_STATES = {end for arrows_ in LEGAL.values() for _start, end in arrows_}
