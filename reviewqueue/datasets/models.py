"""What ML teams train on: definitions, and immutable releases of them."""

from django.db import models

from reviewqueue.accounts.models import User, WorkspaceOwned


class Dataset(WorkspaceOwned):
    """A definition: which judged outcomes, in which form."""

    class Format(models.TextChoices):
        SFT = "sft"
        PREFERENCE = "preference"

    slug = models.SlugField()
    name = models.CharField(max_length=200)
    format = models.CharField(max_length=10, choices=Format.choices)
    query = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "slug"], name="dataset_slug_once")]


class Release(WorkspaceOwned):
    """An immutable version of a dataset: everything published up to ``through_position``."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="releases")
    version = models.PositiveIntegerField()
    through_position = models.BigIntegerField()
    query = models.JSONField()
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    ready_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)
    row_count = models.BigIntegerField(null=True)
    byte_count = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    manifest = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "version"], name="release_version_once")]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="release_building",
                condition=models.Q(ready_at__isnull=True, failed_at__isnull=True),
            ),
        ]

    @property
    def state(self) -> str:
        """building, ready or failed."""
        if self.ready_at:
            return "ready"
        return "failed" if self.failed_at else "building"
