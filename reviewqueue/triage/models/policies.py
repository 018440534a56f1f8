"""What leads say: the versions of a policy with their rules and rates, and a draft tried on the last days."""

from functools import cached_property

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from reviewqueue.accounts.models import User, WorkspaceOwned
from reviewqueue.queues.models import Queue

from ..conditions import Condition, Tree, condition, known_first, leaves


class RoutingPolicy(WorkspaceOwned):
    """One version of a workspace's ordered rules; never edited once active, replaced by the next version.

    Until it is activated it is the workspace's one draft, and has no number yet (0).
    """

    version = models.PositiveIntegerField()
    based_on = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    #: what the person who activated it says about it
    note = models.CharField(max_length=500, blank=True)
    #: when the draft was last changed: a replay from before says nothing about it any more
    edited_at = models.DateTimeField(null=True)
    audit_rate = models.FloatField(default=0.05)
    audit_queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    activated_at = models.DateTimeField(null=True)
    activated_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "version"], condition=Q(version__gt=0), name="routing_policy_version_once"
            ),
            # leads work on one draft together
            models.UniqueConstraint(
                fields=["workspace"], condition=Q(activated_at__isnull=True), name="routing_policy_one_draft"
            ),
            # a number is given by activating, and by nothing else
            models.CheckConstraint(
                condition=Q(version=0, activated_at__isnull=True) | Q(version__gt=0, activated_at__isnull=False),
                name="routing_policy_active_has_version",
            ),
            models.CheckConstraint(condition=Q(audit_rate__range=(0, 1)), name="routing_policy_rate_is_share"),
        ]
        indexes = [models.Index(fields=["workspace", "-activated_at"], name="routing_policy_current")]


class RoutingRule(WorkspaceOwned):
    """One sentence of a policy: when its condition tree holds, the item goes to ``queue``, or without one passes."""

    class Urgency(models.TextChoices):
        NORMAL = "normal"
        HIGH = "high"

    policy = models.ForeignKey(RoutingPolicy, on_delete=models.PROTECT, related_name="rules")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=200)
    conditions = models.JSONField(default=list)
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, null=True, related_name="+")
    urgency = models.CharField(max_length=6, choices=Urgency.choices, default=Urgency.NORMAL)
    due_minutes = models.PositiveIntegerField(null=True)
    reviews_required = models.PositiveSmallIntegerField(null=True)
    required_skills = ArrayField(models.CharField(max_length=40), default=list)
    language = models.CharField(max_length=10, blank=True)
    #: whether reviewers see nothing of each other; null: as the queue says
    blind = models.BooleanField(null=True)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    sample_rate = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "position"],
                name="routing_rule_position_once",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                condition=Q(sample_rate__isnull=True) | Q(sample_rate__range=(0, 1)),
                name="routing_rule_rate_is_share",
            ),
        ]

    @property
    def tree(self) -> Tree:
        """What must hold for the rule to take an item: its conditions.

        For a rule that lets items pass, what it asks of detectors must also be known: where one did not run,
        nothing passes for its finding nothing.
        """
        return self.conditions if self.queue_id else known_first(self.conditions)

    @cached_property
    def fits(self) -> Condition:
        """Whether the rule takes an item with some facts: its tree made into a function once, for a whole batch."""
        return condition(self.tree)

    @cached_property
    def attributes_asked(self) -> frozenset[str]:
        """The names of the attributes that its conditions look at."""
        return frozenset(one["name"] for one in leaves(self.conditions) if one["field"] == "attribute")


class SamplingRate(WorkspaceOwned):
    """The share that people see of what passes from a source, a model version, or both; the most specific holds."""

    policy = models.ForeignKey(RoutingPolicy, on_delete=models.PROTECT, related_name="rates")
    source = models.CharField(max_length=50, blank=True)
    model_version = models.CharField(max_length=200, blank=True)
    rate = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["policy", "source", "model_version"], name="sampling_rate_once"),
            models.CheckConstraint(condition=Q(rate__range=(0, 1)), name="sampling_rate_is_share"),
            # what names neither is the policy's own rate
            models.CheckConstraint(condition=~Q(source="", model_version=""), name="sampling_rate_names_something"),
        ]

    @property
    def percent(self) -> str:
        """The rate in per cent."""
        return f"{100 * self.rate:g}"

    @property
    def specificity(self) -> int:
        """Both named before a model version alone, that before a source alone."""
        return 2 * bool(self.model_version) + bool(self.source)

    def covers(self, source: str, model_version: str | None) -> bool:
        """Return whether what comes from a source and model version is sampled at this rate."""
        return self.source in {"", source} and self.model_version in {"", model_version}


class Replay(WorkspaceOwned):
    """A draft tried on the last days: asked for, counted by a worker, and kept with the draft as it was then."""

    draft = models.ForeignKey(RoutingPolicy, on_delete=models.CASCADE, related_name="replays")
    days = models.PositiveSmallIntegerField()
    time_zone = models.CharField(max_length=40)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    #: the share that is counted so far
    progress = models.FloatField(default=0)
    finished_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    result = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"],
                name="replay_due",
                condition=Q(finished_at__isnull=True, failed_at__isnull=True),
            ),
        ]
