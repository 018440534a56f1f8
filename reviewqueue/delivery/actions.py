"""The verbs that tell AI systems: queue messages, take due ones, and write what became of each."""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from reviewqueue.accounts.models import User
from reviewqueue.audit.actions import Actor, record
from reviewqueue.review.models import Publication

from .models import Delivery, Webhook
from .rules import GIVE_UP_AFTER, Answer, next_try

LEASE = timedelta(seconds=60)
SETTLED = "outcome.settled"


def add_webhook(*, workspace_id: UUID, url: str, by: User | None, actor: Actor, now: datetime) -> Webhook:
    """Register an address; its secret (whsec_…) is shown once by the caller."""
    with transaction.atomic():
        webhook = Webhook.objects.create(
            workspace_id=workspace_id,
            url=url,
            secret="whsec_" + b64encode(secrets.token_bytes(32)).decode(),
            events=[SETTLED],
            created_at=now,
            created_by=by,
        )
        record(workspace_id=workspace_id, verb="create", subject=("webhook", webhook.pk), by=actor, at=now)
    return webhook


def queue_deliveries(*, publications: Sequence[Publication], now: datetime) -> None:
    """Write one due message per publication and webhook, in the transaction that publishes."""
    if not publications:
        return
    webhooks = Webhook.objects.filter(workspace_id=publications[0].workspace_id, disabled_at=None)
    Delivery.objects.bulk_create(
        Delivery(
            workspace_id=publication.workspace_id,
            webhook=webhook,
            publication=publication,
            event_type=SETTLED,
            created_at=now,
            due_at=now,
        )
        for webhook in webhooks
        for publication in publications
    )


def take_due(*, now: datetime, limit: int = 100) -> list[Delivery]:
    """Take due messages; the attempt and the lease are committed before anything is sent."""
    with transaction.atomic():
        due = list(
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(delivered_at=None, given_up_at=None, due_at__lte=now)
            .select_related("webhook", "publication__outcome__content")
            .order_by("due_at")[:limit]
        )
        for one in due:
            one.attempts += 1
            one.lease_until = one.due_at = now + LEASE
        Delivery.objects.bulk_update(due, ["attempts", "lease_until", "due_at"])
    return due


def write_answer(*, delivery: Delivery, answer: Answer, now: datetime) -> None:
    """Write what an endpoint said: delivered, due again later, or given up; 410 disables the webhook."""
    delivery.last_status, delivery.last_error, delivery.lease_until = answer.status, answer.error[:80], None
    if answer.delivered:
        delivery.delivered_at = now
    elif answer.gone:
        delivery.given_up_at = now
        Webhook.objects.filter(pk=delivery.webhook_id, disabled_at=None).update(
            disabled_at=now, disabled_because="gone"
        )
    elif now - delivery.created_at >= GIVE_UP_AFTER:
        delivery.given_up_at = now
    else:
        delivery.due_at = now + next_try(attempts=delivery.attempts, answer=answer)
    delivery.save(update_fields=["last_status", "last_error", "lease_until", "delivered_at", "given_up_at", "due_at"])
