"""Taking due messages, and writing what became of each."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from ..models import Delivery, Webhook
from ..rules import GIVE_UP_AFTER, Answer, next_try

#: A lease is far longer than the sending of what is taken under it: all at once, each within sending.DEADLINE.
LEASE = timedelta(seconds=60)
AT_ONCE = 8


def take_due(*, now: datetime, without: Collection[UUID] = ()) -> list[Delivery]:
    """Take due messages to send at once; the attempt and the lease are committed before anything is sent.

    Webhooks in ``without`` are passed over.
    """
    with transaction.atomic():
        due = list(
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(delivered_at=None, given_up_at=None, due_at__lte=now, webhook__disabled_at=None)
            .exclude(webhook_id__in=without)
            .select_related("webhook", "message__item__source")
            .order_by("due_at")[:AT_ONCE]
        )
        for one in due:
            one.attempts += 1
            one.lease_until = one.due_at = now + LEASE
        Delivery.objects.bulk_update(due, ["attempts", "lease_until", "due_at"])
    return due


def write_answer(*, delivery: Delivery, answer: Answer, now: datetime) -> None:
    """Write what an endpoint said: delivered, due again later, or given up; 410 disables the webhook.

    An answer that comes when another sender has taken the message counts only when the endpoint has it.
    """
    became: dict[str, Any] = {"last_status": answer.status, "last_error": answer.error[:80], "lease_until": None}
    open_rows = Delivery.objects.filter(pk=delivery.pk, delivered_at=None)
    if answer.delivered:
        open_rows.update(**became, delivered_at=now, given_up_at=None)
        return
    ours = open_rows.filter(given_up_at=None, lease_until=delivery.lease_until)
    if answer.gone or now - delivery.asked_at >= GIVE_UP_AFTER:
        ours.update(**became, given_up_at=now)
    else:
        ours.update(**became, due_at=now + next_try(attempts=delivery.attempts, answer=answer))
    if answer.gone:
        _leave_alone(delivery.webhook_id, now)


def _leave_alone(webhook_id: UUID, now: datetime) -> None:
    """Disable a webhook that wants no more, and give up what still waits for it."""
    with transaction.atomic():
        Webhook.objects.filter(pk=webhook_id, disabled_at=None).update(
            disabled_at=now, disabled_because=Webhook.Disabled.GONE
        )
        waiting = Delivery.objects.filter(webhook_id=webhook_id, delivered_at=None, given_up_at=None)
        waiting.update(given_up_at=now, lease_until=None)
