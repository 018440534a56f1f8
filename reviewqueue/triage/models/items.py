"""What becomes of items: their wait, the decisions on them, what is said of them, and their stays in queues."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from reviewqueue.accounts.models import User, WorkspaceOwned
from reviewqueue.intake.models import Item
from reviewqueue.queues.models import Queue, Stop

from .policies import RoutingPolicy, RoutingRule


class Pending(models.Model):
    """An item that waits for triage: opened with the item, deleted by the finished triage."""

    # written by the item's own statement, and items are never deleted: no constraint to check (decision 0012)
    item = models.OneToOneField(
        Item, on_delete=models.PROTECT, primary_key=True, related_name="+", db_constraint=False
    )
    workspace_id = models.UUIDField()
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=80, blank=True)
    #: the stop whose end it waits for, because it would pass: due far in the future until then
    stop = models.ForeignKey(Stop, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="pending_due"),
            # what goes on when a stop ends
            models.Index(fields=["stop"], name="pending_stopped", condition=Q(stop__isnull=False)),
        ]


class TriageDecision(WorkspaceOwned):
    """What triage decided and why; the highest pass number is current. Append-only, no free text."""

    class Result(models.TextChoices):
        REVIEW = "review"
        PASS = "pass"  # noqa: S105 - the vocabulary's word

    class Design(models.TextChoices):
        RULE = "rule"
        SAMPLE = "sample"
        DIRECTED = "directed"
        NONE = "none"

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="triage_decisions", db_index=False)
    pass_number = models.PositiveSmallIntegerField()
    result = models.CharField(max_length=6, choices=Result.choices)
    policy = models.ForeignKey(RoutingPolicy, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    rule = models.ForeignKey(RoutingRule, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    stratum = models.CharField(max_length=80)
    design = models.CharField(max_length=8, choices=Design.choices)
    probability = models.FloatField()
    reasons = models.JSONField(default=list)
    facts = models.JSONField(default=dict)
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            # each further look at an item is a numbered pass
            models.UniqueConstraint(fields=["item", "pass_number"], name="triage_decision_pass_once"),
            models.CheckConstraint(condition=Q(probability__range=(0, 1)), name="triage_probability_is_share"),
        ]
        indexes = [
            # a workspace's last days, in short pages, for a replay
            models.Index(
                fields=["workspace", "decided_at", "id"],
                name="triage_decision_replayed",
                condition=Q(pass_number=1),
            ),
        ]


class Signal(WorkspaceOwned):
    """Something outside says that an answer was wrong. Append-only; what was said is apart."""

    class Kind(models.TextChoices):
        THUMBS_DOWN = "thumbs_down"
        RECONTACT = "recontact"
        COMPLAINT = "complaint"
        REPORT = "report"

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="signals", db_index=False)
    kind = models.CharField(max_length=11, choices=Kind.choices)
    #: The further look that it brought about; none while a look was under way, or still to come, already.
    decision = models.ForeignKey(
        TriageDecision, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    reported_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    raised_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["thumbs_down", "recontact", "complaint", "report"]), name="signal_kind_known"
            )
        ]
        indexes = [
            # what was said of an item
            models.Index(fields=["item", "raised_at"], name="signal_of_item"),
            # what a person has reported
            models.Index(
                fields=["reported_by", "-raised_at"],
                name="signal_of_person",
                condition=Q(reported_by__isnull=False),
            ),
        ]


class SignalContent(models.Model):
    """Who said it, as the AI system names them, and their words. Redactable."""

    signal = models.OneToOneField(Signal, on_delete=models.PROTECT, primary_key=True, related_name="content")
    workspace_id = models.UUIDField()
    said_by = models.TextField(blank=True)
    note = models.TextField(blank=True)
    redacted_at = models.DateTimeField(null=True)


class QueueEntry(WorkspaceOwned):
    """An item's stay in one queue."""

    class End(models.TextChoices):
        SETTLED = "settled"
        ESCALATED = "escalated"
        MOVED = "moved"
        WITHDRAWN = "withdrawn"

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="entries", db_index=False)
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="entries", db_index=False)
    decision = models.ForeignKey(TriageDecision, on_delete=models.PROTECT, related_name="+", db_index=False)
    reviews_required = models.PositiveSmallIntegerField()
    #: as the rule or the queue said when the item was placed
    blind = models.BooleanField(default=True, db_default=True)
    agreement = models.CharField(
        max_length=9,
        choices=Queue.Agreement.choices,
        default=Queue.Agreement.UNANIMOUS,
        db_default=Queue.Agreement.UNANIMOUS,
    )
    placed_at = models.DateTimeField()
    due_at = models.DateTimeField()
    rank = models.BigIntegerField()
    #: how far a lead pulled it ahead of its ordinary place (negative: put it behind), in minutes
    ahead_minutes = models.IntegerField(default=0, db_default=0)
    required_skills = ArrayField(models.CharField(max_length=40), default=list)
    language = models.CharField(max_length=10, blank=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=10, choices=End.choices, blank=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            # an item waits in one queue at a time
            models.UniqueConstraint(
                fields=["item"], condition=Q(ended_at__isnull=True), name="queue_entry_open_once"
            ),
            # an end says why
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="") | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="queue_entry_end_has_reason",
            ),
        ]
        indexes = [
            # every stay of an item, open or ended
            models.Index(fields=["item", "placed_at"], name="queue_entry_of_item"),
            # what waits in a queue, by promise
            models.Index(fields=["queue", "due_at"], name="queue_entry_waiting", condition=Q(ended_at__isnull=True)),
            # completions an hour on the board
            models.Index(fields=["queue", "ended_at"], name="queue_entry_ended", condition=Q(ended_at__isnull=False)),
        ]
