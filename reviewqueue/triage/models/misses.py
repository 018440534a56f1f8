"""Promises that were not kept: which, and why."""

from django.db import models
from django.db.models import Q

from reviewqueue.accounts.models import Workspace, WorkspaceOwned
from reviewqueue.queues.models import Queue

from .items import QueueEntry


class Miss(WorkspaceOwned):
    """A stay in a queue that was not over when it was due: found once, with why. Append-only, no free text."""

    class Why(models.TextChoices):
        #: what was promised was over before the item came to the queue
        CAME_LATE = "came_late"
        #: nobody worked in the queue in all that time
        NO_PEOPLE = "no_people"
        #: people worked, and other items came before it
        WAITING = "waiting"
        #: somebody had it in hand for most of the time
        IN_HAND = "in_hand"
        #: it was given back, or left, again and again
        RETURNED = "returned"
        #: a lead or a reviewer had put it aside
        HELD = "held"
        #: it waited for a lead's answer
        ESCALATED = "escalated"
        #: its queue, source or workspace was stopped
        STOPPED = "stopped"

    entry = models.OneToOneField(QueueEntry, on_delete=models.PROTECT, related_name="miss")
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="+", db_index=False)
    due_at = models.DateTimeField()
    found_at = models.DateTimeField()
    why = models.CharField(max_length=9, choices=Why.choices)
    #: working minutes by what went on in them, and how many turns and returns there were
    facts = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    why__in=[
                        "came_late",
                        "no_people",
                        "waiting",
                        "in_hand",
                        "returned",
                        "held",
                        "escalated",
                        "stopped",
                    ]
                ),
                name="miss_why_known",
            )
        ]
        indexes = [
            # a workspace's misses, newest first
            models.Index(fields=["workspace", "-due_at", "-id"], name="miss_newest_first"),
        ]


class MissMark(models.Model):
    """Until when a workspace's ended stays were looked through for misses; open ones are looked at every time."""

    workspace = models.OneToOneField(Workspace, on_delete=models.PROTECT, primary_key=True, related_name="+")
    until = models.DateTimeField()
