"""Steps for stories about webhooks: items to tell of, announcements, and a sender with a clock of its own."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.ids import new_id
from reviewqueue.delivery.actions import add_webhook, announce
from reviewqueue.delivery.models import Delivery, Webhook
from reviewqueue.delivery.sending import send_due
from tests.cast import NOW, Cast, item
from tests.steps import submit

ESCALATED = "item.escalated"


def hook(cast: Cast, url: str, *events: str, now: datetime = NOW, **more: Any) -> Webhook:
    """Register a webhook."""
    return add_webhook(
        workspace_id=cast.workspace.pk,
        url=url,
        by=None,
        actor=SYSTEM,
        now=now,
        events=events or (ESCALATED,),
        **more,
    )


def items(cast: Cast, count: int, prefix: str = "told") -> list[UUID]:
    """Submit items that can be told of."""
    return [one.id for one in submit(cast, *[item(f"{prefix}-{number}") for number in range(count)])]


def tell(cast: Cast, item_ids: Sequence[UUID], now: datetime = NOW) -> None:
    """Announce something about each of these items."""
    for item_id in item_ids:
        announce(
            event_type=ESCALATED,
            workspace_id=cast.workspace.pk,
            subject_id=new_id(),
            item_id=item_id,
            now=now,
            data={"why": "question"},
        )


def run(now: datetime, seconds: float = 60) -> int:
    """Send what is due at this moment."""
    return send_due(clock=lambda: now, seconds=seconds)


def after(**more: float) -> datetime:
    """Return a moment after the beginning."""
    return NOW + timedelta(**more)


def sequences_of(cast: Cast, item_id: UUID) -> list[int]:
    """Return the numbers of what was told of an item, in the order in which it was written."""
    told = Delivery.objects.filter(workspace=cast.workspace, message__item=item_id)
    return list(told.order_by("pk").values_list("sequence", flat=True))


def waiting() -> int:
    """Return how many messages are neither delivered nor given up."""
    return Delivery.objects.filter(delivered_at=None, given_up_at=None).count()
