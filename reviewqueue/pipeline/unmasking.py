"""Unmasked: somebody asks to see the personal data of an item, and that goes on record."""

from datetime import datetime

from reviewqueue.accounts.access import Viewer
from reviewqueue.audit.actions import record_all
from reviewqueue.intake.models import Item

from .moves import item_event

UNMASK = "unmask"


def unmask(*, item: Item, by: Viewer, now: datetime) -> None:
    """Record that a person looks at an item's personal data; whoever has this on record lately is shown it."""
    record_all([item_event(item.workspace_id, UNMASK, item.pk, by.actor, now)])
