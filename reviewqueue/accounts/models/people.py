"""Who there is: people, and the workspaces they belong to with which role."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
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
    daily_capacity = models.PositiveSmallIntegerField(null=True)  # reviews a day; null: no bound
    hand_limit = models.PositiveSmallIntegerField(null=True)  # dealt items at a time; null: as the team
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
