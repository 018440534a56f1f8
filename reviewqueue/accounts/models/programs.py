"""The ways in of programs, what they asked for, and guesses at passwords."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from reviewqueue.common.ids import new_id

from .people import User, WorkspaceOwned


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
