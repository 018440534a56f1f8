"""Telling the AI system: messages, the webhooks that want them, and what became of each."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from reviewqueue.accounts.models import User, WorkspaceOwned
from reviewqueue.intake.models import Item, Source

#: What is not finished: neither delivered nor given up.
OPEN = Q(delivered_at__isnull=True, given_up_at__isnull=True)


class Webhook(WorkspaceOwned):
    """An address that is told of what happens: the events it chose, of one source or of all.

    ``failures`` counts tries since one last succeeded; ``opened_at`` says since when its circuit is open, and until
    ``quiet_until`` nothing is sent (the next probe, or what Retry-After asked for).
    """

    class Disabled(models.TextChoices):
        GONE = "gone"
        DELETED = "deleted"

    url = models.URLField(max_length=2000)
    events = ArrayField(models.CharField(max_length=40), default=list)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    secret = models.CharField(max_length=100)
    old_secret = models.CharField(max_length=100, blank=True)
    old_secret_ends_at = models.DateTimeField(null=True)
    rotated_at = models.DateTimeField(null=True)
    replayed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    paused_at = models.DateTimeField(null=True)
    paused_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    disabled_at = models.DateTimeField(null=True)
    disabled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    disabled_because = models.CharField(max_length=20, choices=Disabled.choices, blank=True)
    failures = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True)
    quiet_until = models.DateTimeField(null=True)


class Stream(models.Model):
    """How many messages there were about one thing: an item, or a subject that has none.

    Its row is held while the next number is given, so numbers are in commit order.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    workspace_id = models.UUIDField()
    last = models.PositiveIntegerField()


class Message(WorkspaceOwned):
    """Something that happened and was worth telling. Its body is rebuilt from ids each time it is sent."""

    event_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    item = models.ForeignKey(Item, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    stream_id = models.UUIDField()
    sequence = models.PositiveIntegerField()
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            # what is told of an item is counted 1, 2, 3 …
            models.UniqueConstraint(fields=["stream_id", "sequence"], name="message_sequence_once"),
        ]

    @property
    def name(self) -> str:
        """The header ``webhook-id``: the same for every try and every webhook."""
        return f"msg_{self.pk.hex}"


class Delivery(WorkspaceOwned):
    """One message to one webhook: due, then delivered or given up.

    ``asked_at`` is when the tries began: with the message, or when a person asked for it again.
    """

    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    stream_id = models.UUIDField()
    sequence = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=80, blank=True)
    delivered_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # a webhook is told a thing once (and again only when its answer got lost)
            models.UniqueConstraint(fields=["message", "webhook"], name="delivery_message_once"),
        ]
        indexes = [
            models.Index(fields=["webhook", "due_at", "id"], name="delivery_due_to", condition=OPEN),
            models.Index(fields=["webhook", "stream_id", "sequence"], name="delivery_in_order", condition=OPEN),
            models.Index(
                fields=["webhook", "lease_until"], name="delivery_on_its_way", condition=Q(lease_until__isnull=False)
            ),
            models.Index(fields=["webhook", "id"], name="delivery_log"),
        ]


class DeliveryAttempt(WorkspaceOwned):
    """One try at a delivery: the endpoint's status, or in a word why there was none. Kept for some weeks."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="tries", db_index=False)
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=80, blank=True)
    duration_ms = models.PositiveIntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["delivery", "at"], name="attempt_of_delivery"),
            models.Index(fields=["at"], name="attempt_at"),
        ]
