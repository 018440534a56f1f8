"""Where items can go, and how they are judged there: what leads configure."""

from django.db import models
from django.db.models import Q

from reviewqueue.accounts.models import Team, User, WorkspaceOwned

NOTHING = models.Value({}, models.JSONField())


class Queue(WorkspaceOwned):
    """A line of items that wait for people."""

    class Agreement(models.TextChoices):
        UNANIMOUS = "unanimous"
        MAJORITY = "majority"

    slug = models.SlugField()
    name = models.CharField(max_length=200)
    reviews_required = models.PositiveSmallIntegerField(default=1)
    lease_seconds = models.PositiveIntegerField(default=300)
    due_minutes = models.PositiveIntegerField(default=120)
    hides_confidence = models.BooleanField(default=True)
    #: whether reviewers of one item see nothing of each other
    blind = models.BooleanField(default=True, db_default=True)
    #: how many of several reviews must say the same
    agreement = models.CharField(
        max_length=9, choices=Agreement.choices, default=Agreement.UNANIMOUS, db_default=Agreement.UNANIMOUS
    )
    #: who decides when reviewers differ; nobody named: any lead
    adjudicator = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
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
    #: the same in other languages, as far as they are written: {"de": ["…"]}
    in_languages = models.JSONField(default=dict, db_default=NOTHING)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["queue", "version"], name="rubric_version_once")]

    def lines(self, language: str) -> list[str]:
        """Return the guidelines in a language, else as they were written first."""
        return list(self.in_languages.get(language) or self.guidelines)


class ReasonCode(WorkspaceOwned):
    """A named kind of fault that a reviewer can point at."""

    slug = models.SlugField()
    label = models.CharField(max_length=80)
    #: the same in other languages, as far as they are written: {"de": "…"}
    in_languages = models.JSONField(default=dict, db_default=NOTHING)
    position = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "slug"], name="reason_code_slug_once")]

    def words(self, language: str) -> str:
        """Return the label in a language, else as it was written first."""
        return str(self.in_languages.get(language) or self.label)


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


class Promise(WorkspaceOwned):
    """By when what comes to a queue is reviewed: so many minutes of a team's working time, or around the clock.

    Said anew it is another row, and the last ends; what has come already keeps the due time that it got.
    """

    class Urgency(models.TextChoices):
        NORMAL = "normal"
        HIGH = "high"

    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="promises", db_index=False)
    urgency = models.CharField(max_length=6, choices=Urgency.choices)
    minutes = models.PositiveIntegerField()
    #: in whose working hours; null: around the clock
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    set_at = models.DateTimeField()
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # one promise holds for a queue and an urgency at a time
            models.UniqueConstraint(
                fields=["queue", "urgency"], condition=Q(ended_at__isnull=True), name="promise_open_once"
            ),
            models.CheckConstraint(condition=Q(minutes__range=(1, 525_600)), name="promise_minutes_sane"),
            models.CheckConstraint(condition=Q(urgency__in=["normal", "high"]), name="promise_urgency_known"),
        ]
        indexes = [
            models.Index(fields=["workspace"], name="promise_in_force", condition=Q(ended_at__isnull=True)),
        ]


class Stop(WorkspaceOwned):
    """Claims and automatic passing are stopped, from when until when: of a source, of a queue, or of everything.

    It names a source, or a queue, or neither: then it is the whole workspace's. A source is named by its slug, for
    sources stand beside queues, not below them.
    """

    class Why(models.TextChoices):
        WRONG_ANSWERS = "wrong_answers"
        WRONG_ROUTING = "wrong_routing"
        PERSONAL_DATA = "personal_data"
        OUTAGE = "outage"
        EXERCISE = "exercise"
        OTHER = "other"

    source_slug = models.SlugField(blank=True)
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, null=True, related_name="stops", db_index=False)
    #: what everybody is told; the words of whoever stopped it are apart
    why = models.CharField(max_length=13, choices=Why.choices)
    begun_at = models.DateTimeField()
    #: null: a program with a key, or an operator on the command line; the audit trail says which
    begun_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    #: when all that waited was out of the lines, and when all of it was back after the end
    held_back_at = models.DateTimeField(null=True)
    let_go_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # the same is stopped once at a time
            models.UniqueConstraint(
                fields=["workspace", "source_slug", "queue"],
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="stop_runs_once",
            ),
            models.CheckConstraint(
                condition=Q(source_slug="") | Q(queue__isnull=True), name="stop_names_one_thing_at_most"
            ),
        ]
        indexes = [
            # what is still to be done for a stop: most are over, and back where they were
            models.Index(fields=["begun_at"], name="stop_not_done_with", condition=Q(let_go_at__isnull=True)),
            models.Index(fields=["workspace", "-begun_at"], name="stop_of_workspace"),
        ]

    def __str__(self) -> str:
        return self.source_slug or (self.queue.slug if self.queue else "workspace")


class StopContent(models.Model):
    """What whoever stopped it said about it. Redactable."""

    stop = models.OneToOneField(Stop, on_delete=models.PROTECT, primary_key=True, related_name="content")
    workspace_id = models.UUIDField()
    note = models.TextField(blank=True)
    redacted_at = models.DateTimeField(null=True)
