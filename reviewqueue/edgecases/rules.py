"""Who answers for what, when the ladder acts, and which rulings are like an item: pure decisions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from rapidfuzz import fuzz, process, utils

#: The rungs in their order, with the minutes that each waits after the one before it unless a workspace says else.
LADDER = {"owner": 30, "deputy": 60, "lead": 60, "admin": 120}

#: How much of a text is compared: the beginning says what it is about, and the cost stays bounded.
COMPARED = 1_000
#: From 0 to 100; below this two texts merely share common words.
ALIKE = 55.0


class Owned(Protocol):
    """What an ownership holds for; what is empty holds for all."""

    source_id: UUID | None
    topic: str
    reason: str


Kept = TypeVar("Kept", bound=Owned)


def most_specific(
    ownerships: Iterable[Kept], *, source_id: UUID | None, topics: Collection[str], reasons: Collection[str]
) -> Kept | None:
    """Return the ownership that says most about an item; between equals its source says more than its topic."""
    fitting = [
        one
        for one in ownerships
        if one.source_id in (None, source_id)
        and (not one.topic or one.topic in topics)
        and (not one.reason or one.reason in reasons)
    ]
    return max(fitting, key=_said, default=None)


def _said(one: Owned) -> tuple[int, bool, bool, str, str]:
    source, topic, reason = one.source_id is not None, bool(one.topic), bool(one.reason)
    return source + topic + reason, source, topic, one.topic, one.reason


def rungs_reached(
    *, since: datetime, minutes: Mapping[str, int], people: Mapping[str, Sequence[UUID]], now: datetime
) -> list[str]:
    """Return the rungs whose time has come for what waits since then; in the place of one with nobody the next acts.

    ``minutes`` are what each rung waits after the one before it.
    """
    reached, due_at, in_its_place = [], since, False
    for rung in LADDER:
        due_at += timedelta(minutes=minutes[rung])
        if now < due_at and not in_its_place:
            break
        in_its_place = not people.get(rung)
        if not in_its_place:
            reached.append(rung)
    return reached


@dataclass(frozen=True, slots=True)
class Example:
    """A text that stands for something: an escalation for itself, an item for the ruling on its case."""

    of: UUID
    text: str
    tags: frozenset[str] = frozenset()


def nearest(
    text: str, examples: Sequence[Example], *, tags: Collection[str] = (), most: int = 3
) -> list[tuple[UUID, float]]:
    """Return what is most like a text, nearest first, with how much (0 to 100); shared tags bring it nearer."""
    found: dict[UUID, float] = {}
    query = utils.default_process(text[:COMPARED])
    choices = [utils.default_process(one.text[:COMPARED]) for one in examples]
    for _choice, score, place in process.extract(query, choices, scorer=fuzz.token_set_ratio, limit=None):
        example = examples[place]
        nearer = min(100.0, score + (10.0 if example.tags & set(tags) else 0.0)) if query and choices[place] else 0.0
        if nearer >= ALIKE:
            found[example.of] = max(nearer, found.get(example.of, 0.0))
    return sorted(found.items(), key=lambda one: (-one[1], str(one[0])))[:most]
