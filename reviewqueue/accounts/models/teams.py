"""People who work together: their calendar, who is away, and what one shift tells the next."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from .people import User, WorkspaceOwned


class Team(WorkspaceOwned):
    """People of one site, language and time zone who work by one calendar, and who leads them.

    While dealing is on, workers keep the hands of its people filled; otherwise they claim by themselves alone.
    """

    name = models.CharField(max_length=80)
    site = models.CharField(max_length=80, blank=True)
    language = models.CharField(max_length=10, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    lead = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    deputy = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    hand_limit = models.PositiveSmallIntegerField(default=3)  # dealt items that one person holds at a time
    dealing_begun_at = models.DateTimeField(null=True)
    dealing_begun_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            # two teams at work are told apart by their names
            models.UniqueConstraint(
                "workspace", Lower("name"), condition=Q(ended_at__isnull=True), name="team_name_once"
            ),
            # dealing was switched on by somebody
            models.CheckConstraint(
                condition=Q(dealing_begun_at__isnull=True, dealing_begun_by__isnull=True)
                | Q(dealing_begun_at__isnull=False, dealing_begun_by__isnull=False),
                name="team_dealing_by_somebody",
            ),
            models.CheckConstraint(condition=Q(hand_limit__range=(1, 50)), name="team_hand_limit_sane"),
        ]

    def __str__(self) -> str:
        return self.name


class TeamMember(WorkspaceOwned):
    """A person of a team, from when until when."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="team_members")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="team_memberships")
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # a person is a team's member once at a time
            models.UniqueConstraint(
                fields=["team", "user"], condition=Q(ended_at__isnull=True), name="team_member_open_once"
            ),
        ]


class Shift(WorkspaceOwned):
    """A stretch of a team's week, in its own time zone; one that ends at or before its beginning crosses midnight."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="shifts")
    weekday = models.PositiveSmallIntegerField()  # Monday is 0
    begins = models.TimeField()
    ends = models.TimeField()
    people = models.PositiveSmallIntegerField(default=1)  # planned for it

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "weekday", "begins", "ends"], name="shift_once"),
            models.CheckConstraint(condition=Q(weekday__range=(0, 6)), name="shift_weekday_known"),
        ]


class ClosedDay(WorkspaceOwned):
    """A day on which no shift of a team begins: a public holiday, a works outing."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="closed_days")
    day = models.DateField()
    name = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "day"], name="closed_day_once")]


class Absence(WorkspaceOwned):
    """A time in which a person is away. Why is nobody's business here."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="absences", db_index=False)
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(to_at__gt=F("from_at")), name="absence_ends_after_begin")]
        indexes = [models.Index(fields=["user", "to_at"], name="absence_of_person")]


class HandOver(WorkspaceOwned):
    """What one shift tells the next, of the same team or of one at another site."""

    from_team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    to_team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        indexes = [
            models.Index(fields=["to_team", "written_at"], name="hand_over_for_team"),
            models.Index(fields=["from_team", "written_at"], name="hand_over_by_team"),
        ]


class HandOverContent(models.Model):
    """The words of a hand-over note: redactable, apart from who wrote and read it."""

    hand_over = models.OneToOneField(HandOver, on_delete=models.PROTECT, primary_key=True, related_name="content")
    workspace_id = models.UUIDField()
    text = models.TextField()
    redacted_at = models.DateTimeField(null=True)


class HandOverRead(WorkspaceOwned):
    """Somebody has read a hand-over note."""

    hand_over = models.ForeignKey(HandOver, on_delete=models.PROTECT, related_name="reads")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    read_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hand_over", "user"], name="hand_over_read_once")]
