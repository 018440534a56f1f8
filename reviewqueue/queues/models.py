"""Where items can go, and how they are judged there: what leads configure."""

from django.db import models
from django.db.models import Q

from reviewqueue.accounts.models import User, WorkspaceOwned


class Queue(WorkspaceOwned):
    """A line of items that wait for people."""

    slug = models.SlugField()
    name = models.CharField(max_length=200)
    reviews_required = models.PositiveSmallIntegerField(default=1)
    lease_seconds = models.PositiveIntegerField(default=300)
    due_minutes = models.PositiveIntegerField(default=120)
    hides_confidence = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "slug"], name="queue_slug_once"),
            models.CheckConstraint(condition=Q(reviews_required__range=(1, 9)), name="queue_reviews_required_sane"),
            models.CheckConstraint(condition=Q(lease_seconds__range=(5, 86400)), name="queue_lease_sane"),
        ]

    def __str__(self) -> str:
        return self.name


class Rubric(WorkspaceOwned):
    """One version of how a queue's items are judged."""

    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="rubrics")
    version = models.PositiveIntegerField()
    guidelines = models.JSONField(default=list)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["queue", "version"], name="rubric_version_once")]


class ReasonCode(WorkspaceOwned):
    """A named kind of fault that a reviewer can point at."""

    slug = models.SlugField()
    label = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "slug"], name="reason_code_slug_once")]


class QueueMember(WorkspaceOwned):
    """A person who takes items from a queue, from when until when."""

    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="queue_members")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="queue_memberships")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # a person is a queue's member once at a time
            models.UniqueConstraint(
                fields=["queue", "user"], condition=Q(ended_at__isnull=True), name="queue_member_open_once"
            ),
        ]
