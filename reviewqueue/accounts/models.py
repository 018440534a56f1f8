"""Who there is: people, the workspaces they belong to with which role, and the keys of programs."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from reviewqueue.common.ids import new_id


class Role(models.TextChoices):
    """What a member may do; access.py maps roles to capabilities."""

    REVIEWER = "reviewer"
    LEAD = "lead"
    ML_ENGINEER = "ml_engineer"
    AUDITOR = "auditor"
    ADMIN = "admin"


class UserManager(BaseUserManager["User"]):
    """Makes people; Django's commands expect these two methods."""

    def create_user(self, email: str, password: str | None = None, **fields) -> "User":
        """Create a person who signs in with ``email``; no password means that none fits."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields) -> "User":
        """Create a person; there is no power over all workspaces, so this is an ordinary one."""
        return self.create_user(email, password, **fields)


class User(AbstractBaseUser):
    """A person who signs in by e-mail and password."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    language = models.CharField(max_length=10, default="en")
    time_zone = models.CharField(max_length=64, default="UTC")
    created_at = models.DateTimeField(auto_now_add=True)
    deactivated_at = models.DateTimeField(null=True)
    password_changed_at = models.DateTimeField(null=True)  # until then somebody else has seen the first one

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            # one person per address, however it is typed
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
        ]

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Django's word: may sign in."""
        return self.deactivated_at is None

    @property
    def initials(self) -> str:
        """Up to two letters for the person's mark."""
        return "".join(word[0] for word in self.name.split()[:2]).upper() or "?"


class Workspace(models.Model):
    """The boundary nothing crosses: a department or a customer."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    secret = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.slug


class WorkspaceOwned(models.Model):
    """Every table of a workspace carries its id itself: later partitions and row security key on that column."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        abstract = True


class Membership(WorkspaceOwned):
    """A person's role in a workspace, from when until when."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices)
    skills = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    languages = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            # a person has one role in a workspace at a time
            models.UniqueConstraint(
                fields=["workspace", "user"], condition=Q(ended_at__isnull=True), name="membership_open_once"
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        ]


class ApiKey(WorkspaceOwned):
    """A program's way in: shown once, stored as a digest."""

    class Scope(models.TextChoices):
        ITEMS_WRITE = "items:write"
        ITEMS_READ = "items:read"
        REVIEWS_WRITE = "reviews:write"
        DATASETS_READ = "datasets:read"
        DATASETS_WRITE = "datasets:write"
        METRICS_READ = "metrics:read"
        ADMIN = "admin"

    name = models.CharField(max_length=200)
    prefix = models.CharField(max_length=12)
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=20))
    source_slug = models.SlugField(blank=True)
    requests_per_minute = models.PositiveIntegerField(null=True)  # null: as many as the settings say
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")


class AskedOnce(WorkspaceOwned):
    """What a program asked for under an ``Idempotency-Key``, and what it was answered: asked again, it gets the same.

    Written in the transaction of the work itself, so there is never one without the other. ``made_id`` names what was
    made where the answer is made anew from it; else ``body`` is the answer as it was given. What it tells of an item
    goes with the item: ``item_ids`` are those that it names.
    """

    key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, related_name="+", db_index=False)
    idempotency_key = models.CharField(max_length=255)
    request_hash = models.BinaryField(max_length=32)
    made_id = models.UUIDField(null=True)
    status = models.PositiveSmallIntegerField(default=200)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    item_ids = ArrayField(models.UUIDField(), default=list)
    created_at = models.DateTimeField()
    redacted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # a program's idempotency key stands for one request
            models.UniqueConstraint(fields=["key", "idempotency_key"], name="asked_once"),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="asked_once_forgotten"),
            # every answer that names an item, for its erasure
            GinIndex(fields=["item_ids"], name="asked_once_names_item"),
        ]


class QuotaUse(models.Model):
    """What one web process has counted of somebody's quota in one minute, for the others to know.

    A table without a log of its own (UNLOGGED): what a crash loses is a minute's count.
    """

    workspace_id = models.UUIDField()
    process = models.UUIDField()
    whose = models.UUIDField()  # a key's or a source's
    minute = models.BigIntegerField()  # since 1970
    used = models.PositiveIntegerField()

    class Meta:
        constraints = [
            # a process counts a minute of a quota once
            models.UniqueConstraint(fields=["whose", "minute", "process"], name="quota_use_once"),
        ]


class SignInFailure(models.Model):
    """A wrong password, so that guessing is slowed down; kept in PostgreSQL, so it holds without the broker."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email_digest = models.BinaryField(max_length=32)
    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["email_digest", "at"], name="sign_in_failure_by_email"),
            models.Index(fields=["address", "at"], name="sign_in_failure_by_address"),
        ]
