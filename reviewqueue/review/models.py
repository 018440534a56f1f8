"""What people decided, and when it became visible outside."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from reviewqueue.accounts.models import User, WorkspaceOwned
from reviewqueue.assignment.models import Assignment
from reviewqueue.intake.models import Item
from reviewqueue.triage.models import QueueEntry


class Decision(models.TextChoices):
    """A finished judgement."""

    APPROVE = "approve"
    EDIT = "edit"
    REJECT = "reject"


class Severity(models.TextChoices):
    """How bad; an item counts as wrong from ``minor`` up."""

    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class Cause(models.TextChoices):
    """Where the fault came from."""

    MODEL = "model"
    KNOWLEDGE = "knowledge"
    INPUT = "input"
    POLICY = "policy"
    UNCLEAR = "unclear"


class Basis(models.TextChoices):
    """What an outcome rests on; only the first three are judged by people."""

    REVIEW = "review"
    AGREEMENT = "agreement"
    ADJUDICATION = "adjudication"
    RULING = "ruling"
    RULE = "rule"
    TIMEOUT = "timeout"


JUDGED = (Basis.REVIEW, Basis.AGREEMENT, Basis.ADJUDICATION, Basis.RULING)


class Review(WorkspaceOwned):
    """A reviewer's finished judgement. Append-only, no free text."""

    assignment = models.OneToOneField(Assignment, on_delete=models.PROTECT, related_name="review")
    entry = models.ForeignKey(QueueEntry, on_delete=models.PROTECT, related_name="reviews", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="reviews", db_index=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="reviews", db_index=False)
    decision = models.CharField(max_length=7, choices=Decision.choices)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    cause = models.CharField(max_length=9, choices=Cause.choices, blank=True)
    reason_codes = ArrayField(models.SlugField(), default=list)
    changed = models.BooleanField()
    follow_up = models.BooleanField(default=False)
    train = models.BooleanField(default=True)
    shown = models.JSONField(default=dict)
    submitted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(decision__in=Decision.values), name="review_decision_known"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="review_severity_known"),
            # what was approved was not wrong
            models.CheckConstraint(
                condition=~Q(decision="approve") | Q(severity="none"), name="review_approval_is_harmless"
            ),
        ]
        indexes = [
            models.Index(fields=["entry", "submitted_at"], name="review_of_entry"),
            models.Index(fields=["item", "submitted_at"], name="review_of_item"),
            models.Index(fields=["user", "submitted_at"], name="review_of_person"),
        ]


class ReviewContent(models.Model):
    """A reviewer's words: the correction (JSON text of the edited output) and the note. Redactable."""

    review = models.OneToOneField(Review, on_delete=models.PROTECT, primary_key=True, related_name="content")
    workspace_id = models.UUIDField()
    correction = models.TextField(blank=True)
    note = models.TextField(blank=True)
    redacted_at = models.DateTimeField(null=True)


class Disagreement(WorkspaceOwned):
    """The reviews of one stay did not all say the same. Append-only; after an undo a further row may follow."""

    class Settled(models.TextChoices):
        MAJORITY = "majority"
        #: nobody has more than half: an adjudicator decides
        ADJUDICATION = "adjudication"

    entry = models.ForeignKey(QueueEntry, on_delete=models.PROTECT, related_name="disagreements", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="disagreements", db_index=False)
    at = models.DateTimeField()
    #: who said what: [{"review", "user", "decision", "severity", "answer"}]; the same answer has the same number
    decisions = models.JSONField()
    settled_by = models.CharField(max_length=12, choices=Settled.choices)

    class Meta:
        indexes = [
            models.Index(fields=["item", "at"], name="disagreement_of_item"),
            models.Index(fields=["workspace", "-at"], name="disagreement_of_workspace"),
        ]


class Outcome(WorkspaceOwned):
    """An item's final result; the highest version is current. Append-only, no free text."""

    class Disposition(models.TextChoices):
        FINAL = "final"
        WITHHELD = "withheld"
        FALLBACK = "fallback"

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="outcomes", db_index=False)
    version = models.PositiveIntegerField()
    entry = models.ForeignKey(QueueEntry, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    basis = models.CharField(max_length=12, choices=Basis.choices)
    disposition = models.CharField(max_length=8, choices=Disposition.choices)
    decision = models.CharField(max_length=7, choices=Decision.choices, blank=True)
    severity = models.CharField(max_length=8, choices=Severity.choices, blank=True)
    cause = models.CharField(max_length=9, choices=Cause.choices, blank=True)
    reason_codes = ArrayField(models.SlugField(), default=list)
    changed = models.BooleanField(default=False)
    follow_up = models.BooleanField(default=False)
    train = models.BooleanField(default=True)
    reviewers = models.PositiveSmallIntegerField(default=0)
    #: the AI system had been answered without a person when this was decided
    late = models.BooleanField(default=False, db_default=False)
    settled_at = models.DateTimeField()

    class Meta:
        constraints = [
            # one outcome per version: two last reviews settle once
            models.UniqueConstraint(fields=["item", "version"], name="outcome_version_once"),
        ]
        indexes = [
            # the errors that people have found lately, which a replay looks for
            models.Index(
                fields=["workspace", "settled_at"],
                name="outcome_wrong",
                condition=Q(severity__in=["minor", "major", "critical"]),
            ),
        ]


class OutcomeContent(models.Model):
    """The final output as JSON text. Redactable; absent when nothing may be said."""

    outcome = models.OneToOneField(Outcome, on_delete=models.PROTECT, primary_key=True, related_name="content")
    workspace_id = models.UUIDField()
    final = models.TextField()
    redacted_at = models.DateTimeField(null=True)


class DuePublication(models.Model):
    """An outcome that may still be undone: opened with it, deleted by its publication or its undo."""

    outcome = models.OneToOneField(Outcome, on_delete=models.PROTECT, primary_key=True, related_name="+")
    workspace_id = models.UUIDField()
    due_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="due_publication_due")]


class Publication(WorkspaceOwned):
    """An outcome visible to the outside, at a position in commit order. Append-only."""

    outcome = models.OneToOneField(Outcome, on_delete=models.PROTECT, related_name="publication")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="publications")
    position = models.BigIntegerField()
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            # the feed's order: each position is given once
            models.UniqueConstraint(fields=["workspace", "position"], name="publication_position_once"),
        ]


class Undo(WorkspaceOwned):
    """An outcome taken back before anyone outside saw it."""

    outcome = models.OneToOneField(Outcome, on_delete=models.PROTECT, related_name="undo")
    undone_at = models.DateTimeField()
    undone_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")


class Escalation(WorkspaceOwned):
    """Not for one reviewer to judge (a question, or two reviews that disagree): waits until a lead decides."""

    class Why(models.TextChoices):
        QUESTION = "question"
        DISAGREEMENT = "disagreement"
        #: everybody who may review it has had it in hand already
        NOBODY_LEFT = "nobody_left"

    class End(models.TextChoices):
        DECIDED = "decided"
        HANDED_BACK = "handed_back"
        WITHDRAWN = "withdrawn"

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="escalations")
    entry = models.ForeignKey(QueueEntry, on_delete=models.PROTECT, related_name="+", db_index=False)
    why = models.CharField(max_length=12, choices=Why.choices, default=Why.QUESTION)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    end_reason = models.CharField(max_length=11, choices=End.choices, blank=True)

    class Meta:
        constraints = [
            # an item waits for one lead's decision at a time
            models.UniqueConstraint(fields=["item"], condition=Q(ended_at__isnull=True), name="escalation_open_once"),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "opened_at"], name="escalation_open", condition=Q(ended_at__isnull=True)
            ),
        ]


class EscalationContent(models.Model):
    """The question that a reviewer put to the lead. Redactable."""

    escalation = models.OneToOneField(Escalation, on_delete=models.PROTECT, primary_key=True, related_name="content")
    workspace_id = models.UUIDField()
    question = models.TextField()
    redacted_at = models.DateTimeField(null=True)


class Appeal(WorkspaceOwned):
    """The person affected contests what was decided: reviewed by somebody who has not seen the item."""

    class End(models.TextChoices):
        UPHELD = "upheld"
        CHANGED = "changed"

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="appeals")
    #: What is contested; none where triage let the answer pass, so that no person decided.
    against = models.ForeignKey(Outcome, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    opened_at = models.DateTimeField()
    outcome = models.OneToOneField(Outcome, on_delete=models.PROTECT, null=True, related_name="ended_appeal")
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=7, choices=End.choices, blank=True)

    class Meta:
        constraints = [
            # one appeal at a time
            models.UniqueConstraint(fields=["item"], condition=Q(ended_at__isnull=True), name="appeal_open_once"),
            # an end is an outcome, and says what it changed
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, outcome__isnull=True, end_reason="")
                | (Q(ended_at__isnull=False, outcome__isnull=False) & ~Q(end_reason="")),
                name="appeal_ends_with_outcome",
            ),
        ]


class AppealContent(models.Model):
    """Why the outcome is contested, and by whom as the AI system names them. Redactable."""

    appeal = models.OneToOneField(Appeal, on_delete=models.PROTECT, primary_key=True, related_name="content")
    workspace_id = models.UUIDField()
    said_by = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    redacted_at = models.DateTimeField(null=True)


class FollowUp(WorkspaceOwned):
    """A wrong answer that a person already got: somebody makes it good with them."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="follow_ups")
    outcome = models.OneToOneField(Outcome, on_delete=models.PROTECT, related_name="follow_up_opened")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    owner = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            # somebody has it since when
            models.CheckConstraint(
                condition=Q(owner__isnull=True, taken_at__isnull=True)
                | Q(owner__isnull=False, taken_at__isnull=False),
                name="follow_up_owner_since_when",
            ),
        ]
        indexes = [
            # what is still to be done, by promise
            models.Index(fields=["workspace", "due_at"], name="follow_up_open", condition=Q(done_at__isnull=True)),
            # what was done last
            models.Index(fields=["workspace", "-done_at"], name="follow_up_done", condition=Q(done_at__isnull=False)),
        ]


class FollowUpContent(models.Model):
    """What was done about it, in the words of who did it. Redactable."""

    follow_up = models.OneToOneField(FollowUp, on_delete=models.PROTECT, primary_key=True, related_name="content")
    workspace_id = models.UUIDField()
    note = models.TextField(blank=True)
    redacted_at = models.DateTimeField(null=True)
