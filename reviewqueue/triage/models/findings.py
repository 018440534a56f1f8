"""Detectors, source by source: which are switched on, what they found late, and what open items are like."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from reviewqueue.accounts.models import User, WorkspaceOwned
from reviewqueue.intake.models import Item, Source

from .policies import RoutingRule


class DetectorSetting(WorkspaceOwned):
    """A detector that looks at what a source sends, since when and by whom; an ended row is its history."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="detectors", db_index=False)
    detector = models.CharField(max_length=40)
    since = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            # a detector is on once per source
            models.UniqueConstraint(
                fields=["source", "detector"], condition=Q(ended_at__isnull=True), name="detector_on_once"
            ),
        ]
        indexes = [
            # what is on in a workspace
            models.Index(fields=["workspace"], name="detector_on", condition=Q(ended_at__isnull=True)),
        ]


class LateLook(models.Model):
    """A held answer that detectors have still to look at: opened with its decision, deleted by the look."""

    item = models.OneToOneField(Item, on_delete=models.PROTECT, primary_key=True, related_name="+")
    workspace_id = models.UUIDField()
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="late_look_due")]


class Finding(WorkspaceOwned):
    """What detectors found in a held answer after its decision, and what came of it. Append-only, no text."""

    class Raised(models.TextChoices):
        #: it moved up in its line
        HASTENED = "hastened"
        #: it had passed, and people look at it
        LOOKED_AGAIN = "looked_again"
        #: no rule asks for more
        NOTHING = "nothing"

    item = models.OneToOneField(Item, on_delete=models.PROTECT, related_name="finding")
    #: by detector: score and kinds, or why it did not run
    found = models.JSONField()
    #: the rule that asks for more now that this is known
    rule = models.ForeignKey(RoutingRule, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    raised = models.CharField(max_length=12, choices=Raised.choices)
    found_at = models.DateTimeField()


class Sketch(models.Model):
    """What an open item's words are like, so that another like it is found; not the words, which it cannot give back.

    ``bands`` are numbers of which two items that are nearly alike share some; ``signature`` tells how alike they are.
    """

    item = models.OneToOneField(
        Item, on_delete=models.PROTECT, primary_key=True, related_name="+", db_constraint=False
    )
    workspace_id = models.UUIDField()
    bands = ArrayField(models.IntegerField())
    signature = models.BinaryField(max_length=128)

    class Meta:
        # kept in order at once: a list of what is still to be put in would be read by every look
        indexes = [GinIndex(fields=["bands"], name="sketch_alike", fastupdate=False)]
