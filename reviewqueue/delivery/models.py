"""Telling the AI system what became of its items."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from reviewqueue.accounts.models import User, WorkspaceOwned
from reviewqueue.review.models import Publication


class Webhook(WorkspaceOwned):
    """An address that is told of every publication."""

    url = models.URLField(max_length=2000)
    secret = models.CharField(max_length=100)
    events = ArrayField(models.CharField(max_length=40), default=list)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    disabled_at = models.DateTimeField(null=True)
    disabled_because = models.CharField(max_length=20, blank=True)


class Delivery(WorkspaceOwned):
    """One message to one webhook: due, then delivered or given up. Its body is rebuilt from ids each time."""

    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    publication = models.ForeignKey(Publication, on_delete=models.PROTECT, related_name="deliveries")
    event_type = models.CharField(max_length=40)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=80, blank=True)
    delivered_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # a webhook hears of a publication once (and again only when its answer got lost)
            models.UniqueConstraint(fields=["webhook", "publication"], name="delivery_once"),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="delivery_due",
                condition=Q(delivered_at__isnull=True, given_up_at__isnull=True),
            ),
        ]
