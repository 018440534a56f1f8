"""Who has the turn and until when."""

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from reviewqueue.accounts.models import User, WorkspaceOwned
from reviewqueue.intake.models import Item
from reviewqueue.queues.models import Queue, Stop
from reviewqueue.triage.models import QueueEntry

#: Who is on duty and was not seen for so long is not here any more.
SILENCE = timedelta(seconds=60)
#: Whose open page was not seen for so long is absent: nothing more is dealt to them.
ABSENT = timedelta(seconds=90)


class Lane(WorkspaceOwned):
    """Slots of one queue that need the same skills and language: a reviewer's lanes are known before claiming."""

    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="lanes")
    skills = ArrayField(models.CharField(max_length=40), default=list)
    language = models.CharField(max_length=10, blank=True)

    class Meta:
        constraints = [
            # skills are stored sorted, so that a set of needs has one lane
            models.UniqueConstraint(fields=["queue", "skills", "language"], name="lane_once"),
        ]


class Slot(WorkspaceOwned):
    """One review that an entry needs. The row that a claim locks is the row that a claim changes."""

    class Kind(models.TextChoices):
        REVIEW = "review"
        ADJUDICATION = "adjudication"
        APPEAL = "appeal"

    entry = models.ForeignKey(QueueEntry, on_delete=models.PROTECT, related_name="slots", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="slots", db_index=False)
    lane = models.ForeignKey(Lane, on_delete=models.PROTECT, related_name="slots", db_index=False)
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.REVIEW)
    rank = models.BigIntegerField()
    holder = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    fence = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)
    held_until = models.DateTimeField(null=True)
    held_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    #: the stop of its source that keeps it out of the line; it is held far into the future until that ends
    stop = models.ForeignKey(Stop, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "number"], name="slot_number_once"),
            # somebody holds it exactly as long as a lease runs
            models.CheckConstraint(
                condition=Q(holder__isnull=True, expires_at__isnull=True)
                | Q(holder__isnull=False, expires_at__isnull=False),
                name="slot_holder_has_lease",
            ),
        ]
        indexes = [
            # the line itself: the heads of a reviewer's lanes, in rank order
            models.Index(
                fields=["lane", "rank", "id"],
                name="slot_ready",
                condition=Q(holder__isnull=True, closed_at__isnull=True, held_until__isnull=True),
            ),
            # turns that may have run out
            models.Index(
                fields=["expires_at"],
                name="slot_expiring",
                condition=Q(holder__isnull=False, closed_at__isnull=True),
            ),
            # snoozed until a time
            models.Index(
                fields=["held_until"],
                name="slot_held",
                condition=Q(held_until__isnull=False, closed_at__isnull=True),
            ),
            # what goes back when a stop ends
            models.Index(fields=["stop"], name="slot_stopped", condition=Q(stop__isnull=False)),
        ]


class Assignment(WorkspaceOwned):
    """One reviewer's turn at a slot."""

    class How(models.TextChoices):
        CLAIMED = "claimed"
        ASSIGNED = "assigned"
        #: a worker kept the person's hand filled
        DEALT = "dealt"

    class End(models.TextChoices):
        SUBMITTED = "submitted"
        RETURNED = "returned"
        EXPIRED = "expired"
        REASSIGNED = "reassigned"
        SNOOZED = "snoozed"
        ESCALATED = "escalated"
        WITHDRAWN = "withdrawn"

    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="assignments", db_index=False)
    entry = models.ForeignKey(QueueEntry, on_delete=models.PROTECT, related_name="assignments", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="assignments", db_index=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="assignments", db_index=False)
    fence = models.PositiveIntegerField()
    how = models.CharField(max_length=8, choices=How.choices)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    begun_at = models.DateTimeField(null=True)  # of a turn that was given: when its person first looked
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=10, choices=End.choices, blank=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            # no slot is held by two people
            models.UniqueConstraint(
                fields=["slot"], condition=Q(ended_at__isnull=True), name="assignment_open_once_per_slot"
            ),
            # nobody reviews the same entry twice at once
            models.UniqueConstraint(
                fields=["entry", "user"],
                condition=Q(ended_at__isnull=True),
                name="assignment_open_once_per_person",
            ),
            # an end says why
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="") | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="assignment_end_has_reason",
            ),
        ]
        indexes = [
            # what a person holds; also keeps a claim from giving the same item twice
            models.Index(fields=["user", "item"], name="assignment_held", condition=Q(ended_at__isnull=True)),
            # a person's day
            models.Index(fields=["user", "ended_at"], name="assignment_of_person"),
            # every turn at an item
            models.Index(fields=["item", "opened_at"], name="assignment_of_item"),
        ]


class Exclusion(WorkspaceOwned):
    """An item that a person may not take (again)."""

    class Reason(models.TextChoices):
        REVIEWED = "reviewed"
        RETURNED = "returned"
        ESCALATED = "escalated"
        #: had it in hand before the person affected contested the outcome
        SEEN = "seen"

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="exclusions", db_index=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(max_length=9, choices=Reason.choices)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "user"], name="exclusion_once")]


class Duty(WorkspaceOwned):
    """Somebody is here for held answers. Their open page says so every few seconds; the silent count no more."""

    class End(models.TextChoices):
        LEFT = "left"
        SIGNED_OUT = "signed_out"
        UNSEEN = "unseen"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="duties", db_index=False)
    begun_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=10, choices=End.choices, blank=True)

    class Meta:
        constraints = [
            # a person is here once at a time
            models.UniqueConstraint(
                fields=["workspace", "user"], condition=Q(ended_at__isnull=True), name="duty_open_once"
            ),
            # an end says why
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="") | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="duty_end_has_reason",
            ),
        ]


class Presence(WorkspaceOwned):
    """When an open page of a member was last seen: who is here, for dealing and for leads."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "user"], name="presence_once")]


class AssignmentNote(models.Model):
    """Why a turn was given back, in the reviewer's words: redactable, apart from the append-only trail."""

    assignment = models.OneToOneField(Assignment, on_delete=models.PROTECT, primary_key=True, related_name="note")
    workspace_id = models.UUIDField()
    text = models.TextField()
    redacted_at = models.DateTimeField(null=True)


class Draft(models.Model):
    """What a reviewer has typed so far."""

    assignment = models.OneToOneField(Assignment, on_delete=models.PROTECT, primary_key=True, related_name="draft")
    workspace_id = models.UUIDField()
    body = models.JSONField()
    saved_at = models.DateTimeField()


class Hold(WorkspaceOwned):
    """A lead keeps an item from everybody: until a time, or until somebody lifts it."""

    entry = models.ForeignKey(QueueEntry, on_delete=models.PROTECT, related_name="holds", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="holds")
    begun_at = models.DateTimeField()
    begun_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    until_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    #: null: its time had come, or the item left its queue
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            # an item is on hold once at a time
            models.UniqueConstraint(fields=["entry"], condition=Q(ended_at__isnull=True), name="hold_open_once"),
        ]
        indexes = [
            models.Index(fields=["until_at"], name="hold_ending", condition=Q(ended_at__isnull=True)),
        ]


class BulkAction(WorkspaceOwned):
    """What a lead does to one item or to thousands: asked for once, done item by item, and taken back so too."""

    class Verb(models.TextChoices):
        RAISE = "raise"
        LOWER = "lower"
        HOLD = "hold"
        RELEASE_HOLD = "release_hold"
        REASSIGN = "reassign"
        MOVE = "move"

    verb = models.CharField(max_length=12, choices=Verb.choices)
    #: where to, to whom, how far, until when: as the verb asks for it
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    to = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    minutes = models.PositiveIntegerField(null=True)
    until_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    finished_at = models.DateTimeField(null=True)
    undo_asked_at = models.DateTimeField(null=True)
    undo_asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-asked_at"], name="bulk_action_newest"),
            # what a worker has still to do, or to take back
            models.Index(
                fields=["asked_at"],
                name="bulk_action_due",
                condition=Q(finished_at__isnull=True) | Q(undo_asked_at__isnull=False, undone_at__isnull=True),
            ),
        ]


class BulkActionContent(models.Model):
    """Why a lead did it, in their words. Redactable."""

    action = models.OneToOneField(BulkAction, on_delete=models.PROTECT, primary_key=True, related_name="content")
    workspace_id = models.UUIDField()
    reason = models.TextField(blank=True)
    redacted_at = models.DateTimeField(null=True)


class BulkStep(WorkspaceOwned):
    """One item of a bulk action: done and as what it was left, or refused and why; the same for taking it back."""

    #: which steps are still to do, and which to take back once that is asked for
    TO_DO: ClassVar[dict[str, Any]] = {"done_at": None, "refused": ""}
    TO_UNDO: ClassVar[dict[str, Any]] = {"done_at__isnull": False, "undone_at": None, "undo_refused": ""}

    action = models.ForeignKey(BulkAction, on_delete=models.PROTECT, related_name="steps", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+", db_index=False)
    done_at = models.DateTimeField(null=True)
    refused = models.CharField(max_length=20, blank=True)
    #: ids and numbers by which taking it back sees whether all is as it was left
    left = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True)
    undo_refused = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["action", "item"], name="bulk_step_once")]
        indexes = [
            models.Index(
                fields=["action", "id"],
                name="bulk_step_to_do",
                condition=Q(done_at__isnull=True, refused=""),
            ),
            models.Index(
                fields=["action", "id"],
                name="bulk_step_to_undo",
                condition=Q(done_at__isnull=False, undone_at__isnull=True, undo_refused=""),
            ),
            # what was done to an item last
            models.Index(fields=["item", "-done_at"], name="bulk_step_of_item"),
        ]
