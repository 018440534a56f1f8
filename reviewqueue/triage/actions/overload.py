"""The verbs of overload plans: saved as the next version, armed, begun and ended; and the e-mails of those called."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Max, Q, QuerySet

from reviewqueue.accounts.models import Membership, User
from reviewqueue.common.outbox import Outbox
from reviewqueue.queues.models import Queue

from ..models import (
    OverloadCall,
    OverloadMail,
    OverloadPlan,
    OverloadRun,
    OverloadStratum,
)

MAILS = Outbox(OverloadMail)


@dataclass(frozen=True, slots=True)
class Stratum:
    """What is done with one rule's items: the share still reviewed (None: all), and whether held answers go out."""

    rule_name: str
    rate: float | None = None
    answers_held: bool = False


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a plan begins and ends by itself: waiting items, and minutes by which the latest will be late."""

    watched: Queue | None = None
    starts_waiting: int | None = None
    ends_waiting: int | None = None
    starts_minutes_late: int | None = None
    ends_minutes_late: int | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """What a plan says."""

    strata: Sequence[Stratum] = ()
    members: Sequence[UUID] = ()
    emails: Sequence[str] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)


def keep_alone(workspace_id: UUID) -> None:
    """Let nobody else save, begin or end a workspace's plan until the transaction is over."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('overload:' || %s, 0))", [str(workspace_id)])


def write_plan(*, workspace_id: UUID, planned: Planned, by: User | None, now: datetime) -> OverloadPlan:
    """Write the next version of a workspace's plan; it is not armed, whatever the last one was."""
    plans = OverloadPlan.objects.filter(workspace_id=workspace_id)
    last = plans.aggregate(last=Max("version"))["last"] or 0
    plans.filter(replaced_at=None).update(replaced_at=now)
    given = planned.thresholds
    plan = OverloadPlan.objects.create(
        workspace_id=workspace_id,
        version=last + 1,
        saved_at=now,
        saved_by=by,
        watched=given.watched,
        starts_waiting=given.starts_waiting,
        ends_waiting=given.ends_waiting,
        starts_minutes_late=given.starts_minutes_late,
        ends_minutes_late=given.ends_minutes_late,
    )
    OverloadStratum.objects.bulk_create(
        OverloadStratum(
            workspace_id=workspace_id,
            plan=plan,
            rule_name=one.rule_name,
            rate=one.rate,
            answers_held=one.answers_held,
        )
        for one in planned.strata
    )
    calls = [OverloadCall(workspace_id=workspace_id, plan=plan, user_id=pk) for pk in dict.fromkeys(planned.members)]
    calls += [OverloadCall(workspace_id=workspace_id, plan=plan, email=one) for one in dict.fromkeys(planned.emails)]
    OverloadCall.objects.bulk_create(calls)
    return plan


def arm(*, plan: OverloadPlan, by: User, now: datetime) -> bool:
    """Let thresholds begin a plan; return whether this call did."""
    plans = OverloadPlan.objects.filter(pk=plan.pk, armed_at=None, replaced_at=None)
    return bool(plans.update(armed_at=now, armed_by=by))


def disarm(*, plan: OverloadPlan) -> bool:
    """Let nothing but a person begin a plan; return whether this call did."""
    plans = OverloadPlan.objects.filter(pk=plan.pk, armed_at__isnull=False)
    return bool(plans.update(armed_at=None, armed_by=None))


def begin_run(
    *, plan: OverloadPlan, why: OverloadRun.Why, measured: int | None, note: str, by: User | None, now: datetime
) -> OverloadRun:
    """Write that a plan is at work, with the e-mails of those it calls."""
    run = OverloadRun.objects.create(
        workspace_id=plan.workspace_id,
        plan=plan,
        begun_at=now,
        begun_by=by,
        why=why,
        measured=measured,
        note=note[:200],
    )
    _write_mails(run, OverloadMail.Kind.BEGUN, now)
    return run


def end_run(*, run: OverloadRun, why: OverloadRun.End, by: User | None, now: datetime) -> bool:
    """Write that a plan's work is over; return whether this call ended it. A calm end needs no further calm."""
    calm_at = now if why == OverloadRun.End.CALM else None
    runs = OverloadRun.objects.filter(pk=run.pk, ended_at=None)
    ended = runs.update(ended_at=now, ended_by=by, end_why=why, calm_at=calm_at)
    if ended:
        _write_mails(run, OverloadMail.Kind.ENDED, now)
    return bool(ended)


def note_reached(*, run: OverloadRun, measured: int) -> None:
    """Note that a run which somebody began has met its threshold: from now on it ends when it is calm."""
    OverloadRun.objects.filter(pk=run.pk, measured=None).update(measured=measured)


def note_calm(*, run: OverloadRun, now: datetime) -> None:
    """Note that it was calm since somebody ended a run: from now on a threshold may begin the next."""
    OverloadRun.objects.filter(pk=run.pk, ended_at__isnull=False, calm_at=None).update(calm_at=now)


# --- e-mails ------------------------------------------------------------------------------------------------------


def _write_mails(run: OverloadRun, kind: OverloadMail.Kind, now: datetime) -> None:
    OverloadMail.objects.bulk_create(
        [
            OverloadMail(workspace_id=run.workspace_id, run=run, call=call, kind=kind, due_at=now)
            for call in _called(run)
        ],
        ignore_conflicts=True,
    )


def _called(run: OverloadRun) -> QuerySet[OverloadCall]:
    """Return whom a run calls: addresses outside, and those who are still members."""
    here = Membership.objects.filter(workspace_id=run.workspace_id, ended_at=None).values("user_id")
    return OverloadCall.objects.filter(Q(user__isnull=True) | Q(user__in=here), plan_id=run.plan_id)
