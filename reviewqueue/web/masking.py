"""Personal data stays hidden on screens until somebody asks to see it, which goes on record.

It is hidden here, before a page is made of it, so that it is not in the page at all. What is hidden is what the
detector finds at this moment, where it is on for the item's source.
"""

import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from reviewqueue.accounts.access import Viewer
from reviewqueue.audit.models import Event
from reviewqueue.common.clock import now as clock_now
from reviewqueue.common.exactjson import dumped, numbered
from reviewqueue.detectors import PERSONAL_DATA, Veil
from reviewqueue.intake.models import Item
from reviewqueue.pipeline.unmasking import UNMASK
from reviewqueue.triage.detector_words import kind_words
from reviewqueue.triage.queries import detectors_on, is_on

#: For so long one look lasts, unless a turn lasts longer.
SHOWN_FOR = timedelta(minutes=15)


class Mask:
    """Hides personal data in what one page shows of one item, or nothing when it was asked for."""

    def __init__(self, veil: Veil | None) -> None:
        self._veil = veil

    @property
    def kinds(self) -> list[str]:
        """What was hidden so far, in words."""
        return [kind_words(one) for one in self._veil.kinds] if self._veil else []

    def text(self, text: str) -> str:
        """Return a text as it may be shown."""
        return self._veil.text(text) if self._veil and text else text

    def hides(self, *texts: str) -> bool:
        """Return whether anything in some texts is hidden."""
        return any(self.text(one) != one for one in texts)

    def value(self, value: Any) -> Any:
        """Return a value (a correction, a final output) as it may be shown."""
        return self._veil.value(value) if self._veil else value

    def item(self, item: Item) -> Item:
        """Return a copy of an item with what may be shown of its words and attributes; never to be saved."""
        if self._veil is None or item.content.redacted_at:
            return item
        shown, content = copy.copy(item), copy.copy(item.content)
        content.body = dumped(self.value(numbered(content.body)))
        shown.attributes = self.value(item.attributes)
        shown.content = content
        return shown


def mask_of(viewer: Viewer, item: Item, *, since: datetime | None = None) -> Mask:
    """Return what hides personal data in an item's page, unless this person has asked to see it lately.

    ``since``: when a turn at the item began, which may be longer ago.
    """
    if not is_on(source_id=item.source_id, detector=PERSONAL_DATA):
        return Mask(None)
    lately = clock_now() - SHOWN_FOR
    return Mask(None if _asked(viewer, item.pk, min(lately, since or lately)) else Veil(kind_words))


def _asked(viewer: Viewer, item_id: UUID, since: datetime) -> bool:
    looks = Event.objects.filter(item_id=item_id, verb=UNMASK, at__gte=since, workspace_id=viewer.workspace_id)
    return viewer.user is not None and looks.filter(actor_id=viewer.user.pk).exists()


#: Gives each item of a list its mask.
Masks = Callable[[Item], Mask]


def masks(viewer: Viewer) -> Masks:
    """Return what gives each item of a list its mask: there personal data is always hidden."""
    on = {
        source_id for source_id, detectors in detectors_on(viewer.workspace_id).items() if PERSONAL_DATA in detectors
    }
    return lambda item: Mask(Veil(kind_words) if item.source_id in on else None)
