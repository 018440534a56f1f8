"""What happened: one row for every verb, written in the verb's own transaction and never changed."""

from django.db import models

from reviewqueue.common.ids import new_id


class Event(models.Model):
    """Somebody did something to something.

    Carries ids and enumerated words only, never free text, so that erasing a person's data leaves the trail
    whole. No foreign keys: an event outlives what it speaks of.
    """

    class ActorKind(models.TextChoices):
        PERSON = "person"
        KEY = "key"
        SYSTEM = "system"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace_id = models.UUIDField()
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=8, choices=ActorKind.choices)
    actor_id = models.UUIDField(null=True)
    verb = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    item_id = models.UUIDField(null=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            # the timeline of one item
            models.Index(fields=["item_id", "id"], name="event_of_item", condition=models.Q(item_id__isnull=False)),
        ]
