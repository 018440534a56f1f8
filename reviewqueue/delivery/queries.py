"""Reading webhooks, how they are, and their log."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from reviewqueue.accounts.access import Viewer

from .models import OPEN, Delivery, DeliveryAttempt, Webhook

#: The states of a delivery, and what they mean for its row.
STATES: dict[str, Q] = {
    "waiting": OPEN,
    "delivered": Q(delivered_at__isnull=False),
    "given_up": Q(given_up_at__isnull=False),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for one webhook: how many messages, and since when the oldest."""

    count: int = 0
    oldest_at: datetime | None = None


def webhooks_visible_to(viewer: Viewer) -> QuerySet[Webhook]:
    """Return the workspace's webhooks, for those who administer it: people by their role, programs by their scope."""
    webhooks = Webhook.objects.filter(workspace_id=viewer.workspace_id).select_related(
        "source", "created_by", "paused_by", "disabled_by"
    )
    allowed = viewer.may("administer") if viewer.user else "admin" in viewer.scopes and not viewer.source_slug
    return webhooks.order_by("-created_at", "-pk") if allowed else webhooks.none()


def deliveries_visible_to(viewer: Viewer) -> QuerySet[Delivery]:
    """Return the workspace's messages, for those who see items."""
    deliveries = Delivery.objects.filter(workspace_id=viewer.workspace_id).select_related("webhook", "message__item")
    return deliveries if viewer.may("see_items") else deliveries.none()


def log_of(webhook: Webhook) -> QuerySet[Delivery]:
    """Return a webhook's messages; whoever sees the webhook sees its log."""
    return Delivery.objects.filter(webhook=webhook).select_related("webhook", "message__item__source")


def tries_of(deliveries: Collection[Delivery]) -> dict[UUID, list[DeliveryAttempt]]:
    """Return the tries of each message that are still kept, oldest first."""
    tries: dict[UUID, list[DeliveryAttempt]] = {one.pk: [] for one in deliveries}
    for one in DeliveryAttempt.objects.filter(delivery__in=tries).order_by("at", "pk"):
        tries[one.delivery_id].append(one)
    return tries


def waiting_for(webhooks: Collection[Webhook]) -> dict[UUID, Waiting]:
    """Return what waits for each webhook."""
    rows = Delivery.objects.filter(OPEN, webhook__in=webhooks).values("webhook_id")
    counted = rows.annotate(count=Count("pk"), oldest=Min("created_at")).values_list("webhook_id", "count", "oldest")
    found = {webhook_id: Waiting(count, oldest) for webhook_id, count, oldest in counted}
    return {one.pk: found.get(one.pk, Waiting()) for one in webhooks}
