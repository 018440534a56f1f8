"""Insults, slurs and threats stay under a cover until the reader lifts it: to read them all day wears people out.

Unlike personal data they are in the page, and lifting a cover goes on no record. Covered is what the word list of the
detector finds at this moment, where it is on for the item's source.
"""

from collections.abc import Callable

from reviewqueue.detectors import ABUSE
from reviewqueue.detectors.abuse import kinds_in
from reviewqueue.detectors.given import LONGEST_TEXT
from reviewqueue.intake.models import Item
from reviewqueue.triage.detector_words import kind_words
from reviewqueue.triage.queries import is_on

#: A curse at nobody is left as it is: a text full of covers is read by nobody.
COVERED = frozenset({"insult", "slur", "threat"})

#: Returns in words what stands under a text's cover; nothing for a text that needs none.
Cover = Callable[[str], str]


def cover_of(item: Item) -> Cover:
    """Return what covers an item's texts."""
    return covered if is_on(source_id=item.source_id, detector=ABUSE) else open_to_all


def covered(text: str) -> str:
    """Return what hurts in a text, in words."""
    return ", ".join(sorted(kind_words(one) for one in kinds_in(text[:LONGEST_TEXT]) & COVERED))


def open_to_all(_text: str) -> str:
    """Cover nothing."""
    return ""
