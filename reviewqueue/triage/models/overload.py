"""What is done when more comes than people can do: planned beforehand, begun and ended, told to people."""

from django.db import models
from django.db.models import F, Q

from reviewqueue.accounts.models import User, WorkspaceOwned
from reviewqueue.queues.models import Queue

#: A thinned stratum is never thinned further: what nobody ever sees cannot be estimated.
LEAST_RATE = 0.01


def _pair(starts: str, ends: str) -> Q:
    """Return that a threshold to begin at has a lower one to end at, or that neither is given."""
    return Q(**{f"{starts}__isnull": True, f"{ends}__isnull": True}) | Q(
        **{f"{starts}__isnull": False, f"{ends}__isnull": False, f"{starts}__gt": F(ends)}
    )


class OverloadPlan(WorkspaceOwned):
    """One version of a workspace's overload plan; never edited, replaced by the next one.

    Begun by hand, or, once it is armed, when a threshold is reached; it ends below the lower one.
    """

    version = models.PositiveIntegerField()
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    replaced_at = models.DateTimeField(null=True)
    armed_at = models.DateTimeField(null=True)
    armed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    #: whose line is measured; null: all queues together
    watched = models.ForeignKey(Queue, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    starts_waiting = models.PositiveIntegerField(null=True)
    ends_waiting = models.PositiveIntegerField(null=True)
    #: by how many minutes the latest item is late in the forecast
    starts_minutes_late = models.PositiveIntegerField(null=True)
    ends_minutes_late = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "version"], name="overload_plan_version_once"),
            # a workspace has one plan at a time
            models.UniqueConstraint(
                fields=["workspace"], condition=Q(replaced_at__isnull=True), name="overload_plan_one"
            ),
            # between the two thresholds nothing begins and nothing ends
            models.CheckConstraint(
                condition=_pair("starts_waiting", "ends_waiting"), name="overload_waiting_has_hysteresis"
            ),
            models.CheckConstraint(
                condition=_pair("starts_minutes_late", "ends_minutes_late"), name="overload_late_has_hysteresis"
            ),
        ]


class OverloadStratum(WorkspaceOwned):
    """What a plan does with the items that one rule sends to people; the rule is known by its name.

    ``rate`` is the share still reviewed, null to leave them all; held answers may get their fallback at once.
    """

    plan = models.ForeignKey(OverloadPlan, on_delete=models.PROTECT, related_name="strata")
    rule_name = models.CharField(max_length=200)
    rate = models.FloatField(null=True)
    answers_held = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "rule_name"], name="overload_stratum_once"),
            # never thinned to nothing
            models.CheckConstraint(
                condition=Q(rate__isnull=True) | Q(rate__range=(LEAST_RATE, 1)), name="overload_rate_never_zero"
            ),
        ]


class OverloadCall(WorkspaceOwned):
    """Who is called when a plan begins: a member, or an address outside."""

    plan = models.ForeignKey(OverloadPlan, on_delete=models.PROTECT, related_name="calls")
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    email = models.EmailField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, email="") | (Q(user__isnull=True) & ~Q(email="")),
                name="overload_call_of_one",
            ),
            models.UniqueConstraint(
                fields=["plan", "user", "email"], name="overload_call_once", nulls_distinct=False
            ),
        ]


class OverloadRun(WorkspaceOwned):
    """A plan at work: begun by somebody or by a threshold, and ended so."""

    class Why(models.TextChoices):
        BY_HAND = "by_hand"
        WAITING = "waiting"
        MINUTES_LATE = "minutes_late"

    class End(models.TextChoices):
        BY_HAND = "by_hand"
        CALM = "calm"

    plan = models.ForeignKey(OverloadPlan, on_delete=models.PROTECT, related_name="runs")
    begun_at = models.DateTimeField()
    begun_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    why = models.CharField(max_length=12, choices=Why.choices)
    #: what was measured when a threshold began it, or was reached after somebody had
    measured = models.PositiveIntegerField(null=True)
    note = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    end_why = models.CharField(max_length=7, choices=End.choices, blank=True)
    #: when it was calm again after somebody ended it: from then on a threshold may begin the next run
    calm_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # a workspace's plan is at work once at a time
            models.UniqueConstraint(
                fields=["workspace"], condition=Q(ended_at__isnull=True), name="overload_run_open_once"
            ),
            # an end says why
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_why="") | (Q(ended_at__isnull=False) & ~Q(end_why="")),
                name="overload_run_end_has_reason",
            ),
            # what is done by hand is done by somebody
            models.CheckConstraint(
                condition=~Q(why="by_hand") | Q(begun_by__isnull=False), name="overload_run_by_hand_has_person"
            ),
        ]
        indexes = [models.Index(fields=["workspace", "-begun_at"], name="overload_run_newest")]


class OverloadMail(WorkspaceOwned):
    """An e-mail to who is called: written with the beginning or the end of a run, tried again until it is out."""

    class Kind(models.TextChoices):
        BEGUN = "begun"
        ENDED = "ended"

    run = models.ForeignKey(OverloadRun, on_delete=models.PROTECT, related_name="mails")
    call = models.ForeignKey(OverloadCall, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=5, choices=Kind.choices)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=80, blank=True)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # each is told once of each
            models.UniqueConstraint(fields=["run", "call", "kind"], name="overload_mail_once"),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="overload_mail_due",
                condition=Q(sent_at__isnull=True, given_up_at__isnull=True),
            )
        ]
