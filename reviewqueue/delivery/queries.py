"""Reading webhooks and their log."""

from django.db.models import QuerySet

from reviewqueue.accounts.access import Viewer

from .models import Delivery, Webhook


def webhooks_visible_to(viewer: Viewer) -> QuerySet[Webhook]:
    """Return the workspace's webhooks, for those who administer it."""
    webhooks = Webhook.objects.filter(workspace_id=viewer.workspace_id).order_by("-created_at")
    return webhooks if viewer.may("administer") else webhooks.none()


def deliveries_visible_to(viewer: Viewer) -> QuerySet[Delivery]:
    """Return the workspace's messages, for those who see items."""
    deliveries = Delivery.objects.filter(workspace_id=viewer.workspace_id).select_related("webhook")
    return deliveries if viewer.may("see_items") else deliveries.none()
