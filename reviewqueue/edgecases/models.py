"""Unclear classes of items with an owner, what the owner ruled, who answers for what, and who was told when."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from reviewqueue.accounts.models import User, Workspace, WorkspaceOwned
from reviewqueue.intake.models import Item, Source
from reviewqueue.review.models import Decision, Escalation, Outcome, Review, Severity


class EdgeCase(WorkspaceOwned):
    """An unclear class of items: somebody owns it and rules on it, or it is dismissed."""

    owner = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    deputy = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    due_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    ruled_at = models.DateTimeField(null=True)
    ruled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    dismissed_at = models.DateTimeField(null=True)
    dismissed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            # a case ends once, by a ruling or by being dismissed
            models.CheckConstraint(
                condition=Q(ruled_at__isnull=True) | Q(dismissed_at__isnull=True), name="edge_case_ends_once"
            ),
        ]
        indexes = [
            # what is still to be ruled on, by its due time
            models.Index(
                fields=["workspace", "due_at"],
                name="edge_case_open",
                condition=Q(ruled_at__isnull=True, dismissed_at__isnull=True),
            ),
            # rulings that later items may be like
            models.Index(
                fields=["workspace", "-ruled_at"], name="edge_case_ruled", condition=Q(ruled_at__isnull=False)
            ),
        ]

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its ruling."""
        return self.ruled_at is None and self.dismissed_at is None


class EdgeCaseContent(models.Model):
    """What a case is about, in words. Redactable."""

    case = models.OneToOneField(EdgeCase, on_delete=models.PROTECT, primary_key=True, related_name="content")
    workspace_id = models.UUIDField()
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    dismissed_because = models.TextField(blank=True)
    redacted_at = models.DateTimeField(null=True)


class Comment(WorkspaceOwned):
    """Something that was said about a case; the words are apart."""

    case = models.ForeignKey(EdgeCase, on_delete=models.PROTECT, related_name="comments", db_index=False)
    said_at = models.DateTimeField()
    said_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        indexes = [models.Index(fields=["case", "said_at"], name="comment_of_case")]


class CommentContent(models.Model):
    """The words of a comment. Redactable."""

    comment = models.OneToOneField(Comment, on_delete=models.PROTECT, primary_key=True, related_name="content")
    workspace_id = models.UUIDField()
    text = models.TextField()
    redacted_at = models.DateTimeField(null=True)


class Ruling(WorkspaceOwned):
    """What the owner of a case decided; the highest version is current. Append-only, no free text."""

    case = models.ForeignKey(EdgeCase, on_delete=models.PROTECT, related_name="rulings", db_index=False)
    version = models.PositiveIntegerField()
    decision = models.CharField(max_length=7, choices=Decision.choices)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    reason_codes = ArrayField(models.SlugField(), default=list)
    follow_up = models.BooleanField(default=False)
    ruled_at = models.DateTimeField()
    ruled_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "version"], name="ruling_version_once"),
            models.CheckConstraint(condition=Q(decision__in=Decision.values), name="ruling_decision_known"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="ruling_severity_known"),
        ]


class RulingContent(models.Model):
    """The answer that an editing ruling puts in place of the AI's. Redactable."""

    ruling = models.OneToOneField(Ruling, on_delete=models.PROTECT, primary_key=True, related_name="content")
    workspace_id = models.UUIDField()
    answer = models.TextField(blank=True)
    redacted_at = models.DateTimeField(null=True)


class RulingText(WorkspaceOwned):
    """What a ruling says to reviewers, in one of the languages they use. Redactable."""

    ruling = models.ForeignKey(Ruling, on_delete=models.PROTECT, related_name="texts", db_index=False)
    language = models.CharField(max_length=10)
    words = models.TextField()
    redacted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ruling", "language"], name="ruling_text_once")]


class RulingTakenBack(models.Model):
    """A ruling that was taken back while its outcomes could be undone. Append-only."""

    ruling = models.OneToOneField(Ruling, on_delete=models.PROTECT, primary_key=True, related_name="taken_back")
    workspace_id = models.UUIDField()
    taken_back_at = models.DateTimeField()
    taken_back_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)


class EdgeCaseItem(WorkspaceOwned):
    """An escalation grouped into a case, and what the case's ruling made of it."""

    class PassedOver(models.TextChoices):
        #: somebody has decided it, or it was taken from the leads
        GONE = "gone"
        #: somebody has it in hand
        HELD = "held"
        #: the ruling's answer is none for this item
        DOES_NOT_FIT = "does_not_fit"

    case = models.ForeignKey(EdgeCase, on_delete=models.PROTECT, related_name="items")
    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, related_name="+", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    removed_at = models.DateTimeField(null=True)
    removed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    ruling = models.ForeignKey(Ruling, on_delete=models.PROTECT, null=True, related_name="+")
    outcome = models.OneToOneField(Outcome, on_delete=models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)
    passed_over = models.CharField(max_length=12, choices=PassedOver.choices, blank=True)

    class Meta:
        constraints = [
            # an escalation is in one case at a time
            models.UniqueConstraint(
                fields=["escalation"], condition=Q(removed_at__isnull=True), name="edge_case_item_once"
            ),
            # what is settled names its ruling and its outcome
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, outcome__isnull=True)
                | Q(settled_at__isnull=False, outcome__isnull=False, ruling__isnull=False),
                name="edge_case_item_settled_by",
            ),
        ]
        indexes = [
            # what a ruling has still to settle
            models.Index(
                fields=["added_at"],
                name="edge_case_item_due",
                condition=Q(ruling__isnull=False, settled_at__isnull=True, removed_at__isnull=True, passed_over=""),
            ),
        ]


class PrecedentShown(WorkspaceOwned):
    """A reviewer saw a ruling beside an item that is like its own; the review says whether they followed it."""

    ruling = models.ForeignKey(Ruling, on_delete=models.PROTECT, related_name="shown", db_index=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ruling", "review"], name="precedent_shown_once")]


class Ownership(WorkspaceOwned):
    """Who answers for unclear items of a source, a topic and a reason; what is empty holds for all of them."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    topic = models.CharField(max_length=80, blank=True)
    reason = models.SlugField(blank=True, db_index=False)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    deputy = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    set_at = models.DateTimeField()
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            # one owner at a time for each source, topic and reason
            models.UniqueConstraint(
                fields=["workspace", "source", "topic", "reason"],
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="ownership_open_once",
            ),
        ]


class LadderSetting(models.Model):
    """How long each rung of a workspace's ladder waits after the one before it, in minutes."""

    workspace = models.OneToOneField(Workspace, on_delete=models.PROTECT, primary_key=True, related_name="+")
    owner_minutes = models.PositiveIntegerField()
    deputy_minutes = models.PositiveIntegerField()
    lead_minutes = models.PositiveIntegerField()
    admin_minutes = models.PositiveIntegerField()
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)


class LadderStep(WorkspaceOwned):
    """Somebody was told that an escalation or a case waits. Append-only."""

    class Rung(models.TextChoices):
        OWNER = "owner"
        DEPUTY = "deputy"
        LEAD = "lead"
        ADMIN = "admin"

    class Why(models.TextChoices):
        UNOWNED = "unowned"
        UNANSWERED = "unanswered"
        OVERDUE = "overdue"

    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, null=True, related_name="+")
    case = models.ForeignKey(EdgeCase, on_delete=models.PROTECT, null=True, related_name="+")
    rung = models.CharField(max_length=6, choices=Rung.choices)
    why = models.CharField(max_length=10, choices=Why.choices)
    told = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    #: from when it waited: a new due time begins a new climb
    since_at = models.DateTimeField()
    told_at = models.DateTimeField()

    class Meta:
        constraints = [
            # each person is told once on each rung of a climb
            models.UniqueConstraint(
                fields=["escalation", "case", "since_at", "rung", "told"],
                nulls_distinct=False,
                name="ladder_step_once",
            ),
            # it is about one of the two
            models.CheckConstraint(
                condition=Q(escalation__isnull=True, case__isnull=False)
                | Q(escalation__isnull=False, case__isnull=True),
                name="ladder_step_about_one",
            ),
        ]


class DueMail(models.Model):
    """The e-mail of a step on the ladder: written with it, sent after its commit, tried again until it is out."""

    step = models.OneToOneField(LadderStep, on_delete=models.PROTECT, primary_key=True, related_name="mail")
    workspace_id = models.UUIDField()
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=80, blank=True)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"],
                name="due_mail_due",
                condition=Q(sent_at__isnull=True, given_up_at__isnull=True),
            )
        ]


class KnowledgeFix(WorkspaceOwned):
    """An article that the AI was given and that is wrong, or one that it would have needed."""

    class Problem(models.TextChoices):
        WRONG = "wrong"
        MISSING = "missing"

    problem = models.CharField(max_length=7, choices=Problem.choices)
    #: as the source names the article; empty when it is missing
    article = models.CharField(max_length=255, blank=True)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    taken_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            # an article is mended once at a time
            models.UniqueConstraint(
                fields=["workspace", "article"],
                condition=Q(done_at__isnull=True) & ~Q(article=""),
                name="knowledge_fix_open_once",
            ),
        ]
        indexes = [models.Index(fields=["workspace", "-done_at"], name="knowledge_fix_done")]


class KnowledgeFixContent(models.Model):
    """What is wrong with an article, or what is missing, and what was done. Redactable."""

    fix = models.OneToOneField(KnowledgeFix, on_delete=models.PROTECT, primary_key=True, related_name="content")
    workspace_id = models.UUIDField()
    title = models.CharField(max_length=255)
    note = models.TextField(blank=True)
    done_note = models.TextField(blank=True)
    redacted_at = models.DateTimeField(null=True)


class SpoiledItem(WorkspaceOwned):
    """An item that a wrong or missing article spoiled."""

    fix = models.ForeignKey(KnowledgeFix, on_delete=models.PROTECT, related_name="spoiled", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    noted_at = models.DateTimeField()
    noted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["fix", "item"], name="spoiled_item_once")]
