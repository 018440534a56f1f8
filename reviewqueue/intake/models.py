"""What the AI said: received once, never edited, only redacted."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from reviewqueue.accounts.models import User, Workspace, WorkspaceOwned
from reviewqueue.common.ids import new_id
from reviewqueue.common.jsontext import WrittenJSONField


class Kind(models.TextChoices):
    """What sort of output an item holds."""

    CHAT = "chat"
    TEXT = "text"
    CLASSIFICATION = "classification"
    EXTRACTION = "extraction"
    ACTION = "action"
    COMPARISON = "comparison"


class Risk(models.TextChoices):
    """How much a wrong answer could harm, as the source says."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class State(models.TextChoices):
    """Where an item stands on its walk; docs/walk.md draws the ways between."""

    RECEIVED = "received"
    QUEUED = "queued"
    IN_REVIEW = "in_review"
    ESCALATED = "escalated"
    SETTLED = "settled"
    PASSED = "passed"
    WITHDRAWN = "withdrawn"


class Source(WorkspaceOwned):
    """An AI system that submits items."""

    slug = models.SlugField()
    name = models.CharField(max_length=200)
    # null: as many as the settings say
    items_per_minute = models.PositiveIntegerField(null=True)
    open_items_most = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "slug"], name="source_slug_once")]

    def __str__(self) -> str:
        return self.slug


class SourceLoad(models.Model):
    """How many items of a source wait for triage or people, as last counted; written every few seconds."""

    source = models.OneToOneField(Source, on_delete=models.PROTECT, primary_key=True, related_name="load")
    workspace_id = models.UUIDField()
    received = models.PositiveIntegerField()
    open_items = models.PositiveIntegerField()
    settled_lately = models.PositiveIntegerField()  # in the quarter of an hour before
    counted_at = models.DateTimeField()


class Declaration(WorkspaceOwned):
    """What a source says that its outputs look like, one version of it. Append-only; the highest version is current.

    ``labels`` are those a classification may give; ``json_schema`` is what an extraction fits; ``tools`` maps the
    name of each tool that an action may use to the JSON Schema of its arguments, or to null for any arguments.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="declarations", db_index=False)
    version = models.PositiveIntegerField()
    labels = ArrayField(models.CharField(max_length=200), default=list)
    json_schema = WrittenJSONField(null=True)
    tools = WrittenJSONField(null=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            # a source's versions are counted without a gap, each declared once
            models.UniqueConstraint(fields=["source", "version"], name="declaration_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} v{self.version}"


class ModelVersion(WorkspaceOwned):
    """What exactly answered: model, version, prompt and index, as the source names them."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="model_versions")
    name = models.CharField(max_length=200)
    version = models.CharField(max_length=200)
    prompt = models.CharField(max_length=200, blank=True)
    index = models.CharField(max_length=200, blank=True)
    first_seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "name", "version", "prompt", "index"], name="model_version_once"
            )
        ]


class Item(models.Model):
    """One output of an AI system: what queues, lists and numbers need. The content is apart."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # the source's own, which its foreign key holds; one more check for every item would say the same
    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="items", db_index=False)
    external_id = models.CharField(max_length=255)
    model_version = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, null=True, related_name="items", db_index=False
    )
    kind = models.CharField(max_length=16, choices=Kind.choices)
    #: for kinds that depend on one: the declaration current when the item came, which it fits
    declaration = models.ForeignKey(
        Declaration, on_delete=models.PROTECT, null=True, related_name="items", db_index=False
    )
    group = models.CharField(max_length=255, blank=True)
    confidence = models.FloatField(null=True)
    risk_level = models.CharField(max_length=6, choices=Risk.choices, blank=True)
    risk_tags = ArrayField(models.CharField(max_length=80), default=list)
    attributes = models.JSONField(default=dict)
    content_hash = models.BinaryField(max_length=32)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            # a source's external_id names one item, however often it is sent
            models.UniqueConstraint(fields=["source", "external_id"], name="item_once_per_source"),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True) | Q(confidence__range=(0, 1)),
                name="item_confidence_is_share",
            ),
        ]
        indexes = [
            # lists, newest first (ids are in order of receipt)
            models.Index(fields=["workspace", "-id"], name="item_newest_first"),
            # what came under a version that its source declared; kinds that depend on none cost nothing
            models.Index(fields=["declaration"], name="item_by_declaration", condition=Q(declaration__isnull=False)),
            # arrivals an hour on the board
            models.Index(fields=["workspace", "received_at"], name="item_arrivals"),
        ]

    def __str__(self) -> str:
        return self.external_id


class ItemContent(models.Model):
    """An item's exact bytes as text, with their SHA-256. The only place where the AI's words live.

    Its id is the item's (a UUIDv7), so it is found by key and can be partitioned by time.
    """

    # written by the item's own statement, and items are never deleted: no constraint to check (decision 0012)
    item = models.OneToOneField(
        Item, on_delete=models.PROTECT, primary_key=True, related_name="content", db_constraint=False
    )
    workspace_id = models.UUIDField()
    body = models.TextField()
    sha256 = models.BinaryField(max_length=32)
    search_text = models.TextField()
    redacted_at = models.DateTimeField(null=True)


class ItemState(models.Model):
    """Where an item stands and since when; written by the pipeline alone."""

    # as for the content
    item = models.OneToOneField(
        Item, on_delete=models.PROTECT, primary_key=True, related_name="now_at", db_constraint=False
    )
    workspace_id = models.UUIDField()
    state = models.CharField(max_length=10, choices=State.choices)
    since = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(state__in=State.values), name="item_state_known")]
        indexes = [models.Index(fields=["workspace_id", "state", "since"], name="item_state_counts")]


class Gate(models.Model):
    """An answer that is held: the AI system waits for people until the deadline. Closed once, and says why.

    The agreed fallback is part of the item's content, so that there is one place to redact.
    """

    class OnTimeout(models.TextChoices):
        WITHHOLD = "withhold"
        FALLBACK = "fallback"
        PASS = "pass"  # noqa: S105 - the vocabulary's word

    class Closed(models.TextChoices):
        PASSED = "passed"
        DECIDED = "decided"
        TIMED_OUT = "timed_out"
        #: nobody on duty could have taken it, so nobody was waited for
        UNATTENDED = "unattended"
        #: work on it was stopped, so nobody was waited for
        STOPPED = "stopped"
        #: an overload plan was at work that answers what its rule holds at once
        OVERLOADED = "overloaded"
        WITHDRAWN = "withdrawn"

    item = models.OneToOneField(Item, on_delete=models.PROTECT, primary_key=True, related_name="gate")
    workspace_id = models.UUIDField()
    deadline_at = models.DateTimeField()
    on_timeout = models.CharField(max_length=8, choices=OnTimeout.choices)
    closed_at = models.DateTimeField(null=True)
    closed_because = models.CharField(max_length=10, choices=Closed.choices, blank=True)

    class Meta:
        constraints = [
            # an end says why
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_because="")
                | (Q(closed_at__isnull=False) & ~Q(closed_because="")),
                name="gate_end_has_reason",
            ),
        ]
        indexes = [
            # who is waited for, and until when
            models.Index(fields=["deadline_at"], name="gate_open", condition=Q(closed_at__isnull=True)),
            # how gates ended lately
            models.Index(
                fields=["workspace_id", "closed_at"], name="gate_closed", condition=Q(closed_at__isnull=False)
            ),
        ]

    @property
    def ran_out(self) -> bool:
        """Whether the AI system was answered without a person's decision, which can only come late now."""
        closed = Gate.Closed
        return self.closed_because in {closed.TIMED_OUT, closed.UNATTENDED, closed.STOPPED, closed.OVERLOADED}
