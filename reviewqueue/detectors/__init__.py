"""Detectors: what can be told of an item's words by machine, as signals for routing.

Each is a pure function from `Given` to `Found`, in a module of its own. A package can replace one, or add its own, by
an entry point of the group ``reviewqueue.detectors``; near-duplicates are told by the database, from `sketch`.
"""

from functools import cache
from importlib.metadata import entry_points

from . import abuse, contradiction, language, personal
from .given import IN_ANSWER, Detector, Found, Given, given_in
from .sketch import Likeness, alike, likeness
from .veil import Veil

PERSONAL_DATA, LANGUAGE, ABUSE, NEAR_DUPLICATE = "personal_data", "language", "abuse", "near_duplicate"
GROUP = "reviewqueue.detectors"

_OURS: dict[str, Detector] = {
    PERSONAL_DATA: personal.look,
    LANGUAGE: language.look,
    ABUSE: abuse.look,
    "contradiction": contradiction.look,
}


@cache
def looking() -> dict[str, Detector]:
    """Return the detectors that look at one item's words, by name; what is installed comes before what is ours."""
    return {**_OURS, **{one.name: one.load() for one in entry_points(group=GROUP)}}


def prepare(detector: str) -> None:
    """Load what one of our detectors needs, once a process: that is no part of the time that a look has."""
    if looking().get(detector) is language.look:
        language.prepare()


def known() -> tuple[str, ...]:
    """Return the name of every detector that can be switched on."""
    return (*looking(), NEAR_DUPLICATE)


__all__ = [
    "ABUSE",
    "GROUP",
    "IN_ANSWER",
    "LANGUAGE",
    "NEAR_DUPLICATE",
    "PERSONAL_DATA",
    "Detector",
    "Found",
    "Given",
    "Likeness",
    "Veil",
    "alike",
    "given_in",
    "known",
    "likeness",
    "looking",
    "prepare",
]
