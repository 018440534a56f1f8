"""Overloaded: a plan made beforehand is begun by somebody or by a threshold, heeded by triage, and ended again."""

from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import Membership
from reviewqueue.audit.actions import SYSTEM, Actor, record
from reviewqueue.common.background import ring
from reviewqueue.common.errors import Conflict, Invalid, Place
from reviewqueue.common.failpoints import failpoint
from reviewqueue.delivery.actions import announce
from reviewqueue.metrics.queries.overload import measured
from reviewqueue.metrics.rules.overload import Measured, is_calm, lasted, reaches
from reviewqueue.triage.actions import overload as plans
from reviewqueue.triage.actions.overload import Planned, Thresholds
from reviewqueue.triage.models import LEAST_RATE, OverloadPlan, OverloadRun
from reviewqueue.triage.overload import last_run, plan_of, running
from reviewqueue.triage.queries import current_policy

from .gating import answer_overloaded

BEGUN, ENDED = "overload.begun", "overload.ended"
MOST_CALLS = 50


def save_plan(*, planned: Planned, by: Viewer, now: datetime) -> OverloadPlan:
    """Write a workspace's overload plan as its next version; what is at work goes on as it began. Raises Invalid."""
    by.require("lead")
    if places := [*_strata_faults(planned, by.workspace_id), *_call_faults(planned, by.workspace_id)]:
        raise Invalid(_("The plan is not complete."), places=places)
    if places := _threshold_faults(planned.thresholds, by.workspace_id):
        raise Invalid(_("The thresholds are not complete."), places=places)
    with transaction.atomic():
        plans.keep_alone(by.workspace_id)
        plan = plans.write_plan(workspace_id=by.workspace_id, planned=planned, by=by.user, now=now)
        _record("save_overload_plan", plan, by.actor, now, version=plan.version)
    return plan


def _strata_faults(planned: Planned, workspace_id: UUID) -> list[Place]:
    policy = current_policy(workspace_id)
    known = {rule.name for rule in policy.rules.all() if rule.queue_id} if policy else set()
    faults = []
    for number, one in enumerate(planned.strata):
        if one.rule_name not in known:
            said = _("No rule in force that sends items to people is called so.")
            faults.append(Place(f"#/strata/{number}/rule_name", said))
        if one.rate is not None and not LEAST_RATE <= one.rate <= 1:
            said = _("From %(least)s to 100 %%: never to nothing.") % {"least": f"{100 * LEAST_RATE:g}"}
            faults.append(Place(f"#/strata/{number}/rate", said))
    names = [one.rule_name for one in planned.strata]
    if len(set(names)) < len(names):
        faults.append(Place("#/strata", _("Each rule once.")))
    if not planned.strata and not planned.members and not planned.emails:
        faults.append(Place("#/strata", _("A plan thins a rule, answers held items, or calls somebody.")))
    return faults


def _call_faults(planned: Planned, workspace_id: UUID) -> list[Place]:
    faults = []
    here = Membership.objects.filter(workspace_id=workspace_id, ended_at=None, user_id__in=planned.members)
    if here.count() < len(set(planned.members)):
        faults.append(Place("#/members", _("Only members of this workspace.")))
    for number, one in enumerate(planned.emails):
        try:
            validate_email(one)
        except ValidationError:
            faults.append(Place(f"#/emails/{number}", _("This is no e-mail address.")))
    if len(planned.members) + len(planned.emails) > MOST_CALLS:
        faults.append(Place("#/emails", _("At most %(n)s people.") % {"n": MOST_CALLS}))
    return faults


def _threshold_faults(given: Thresholds, workspace_id: UUID) -> list[Place]:
    pairs = (
        ("waiting", given.starts_waiting, given.ends_waiting),
        ("minutes_late", given.starts_minutes_late, given.ends_minutes_late),
    )
    faults = []
    for name, starts, ends in pairs:
        if (starts is None) != (ends is None):
            faults.append(Place(f"#/starts_{name}", _("Both a beginning and an end, or neither.")))
        elif starts is not None and ends is not None and ends >= starts:
            faults.append(Place(f"#/ends_{name}", _("The end lies below the beginning.")))
    if given.watched and given.watched.workspace_id != workspace_id:
        faults.append(Place("#/watched", _("There is no such queue.")))
    return faults


def _record(verb: str, plan: OverloadPlan, by: Actor, now: datetime, **data: object) -> None:
    record(
        workspace_id=plan.workspace_id, verb=verb, subject=("overload_plan", plan.pk), by=by, at=now, data=dict(data)
    )


def arm_plan(*, by: Viewer, now: datetime) -> OverloadPlan:
    """Let the plan's thresholds begin it from now on. Raises Conflict without a plan, or without thresholds."""
    by.require("lead")
    assert by.user is not None
    with transaction.atomic():
        plan = _plan(by.workspace_id)
        if plan.starts_waiting is None and plan.starts_minutes_late is None:
            raise Conflict(_("The plan names no threshold to begin at."))
        if plans.arm(plan=plan, by=by.user, now=now):
            _record("arm_overload_plan", plan, by.actor, now)
            ring("overload")
    return plan


def disarm_plan(*, by: Viewer, now: datetime) -> None:
    """Let nothing but a person begin the plan from now on."""
    by.require("lead")
    with transaction.atomic():
        plan = _plan(by.workspace_id)
        if plans.disarm(plan=plan):
            _record("disarm_overload_plan", plan, by.actor, now)


def _plan(workspace_id: UUID) -> OverloadPlan:
    plans.keep_alone(workspace_id)
    plan = plan_of(workspace_id)
    if plan is None:
        raise Conflict(_("There is no overload plan yet."))
    return plan


def begin_plan(*, note: str, by: Viewer, now: datetime) -> OverloadRun:
    """Begin the plan by hand. Raises Conflict when it is at work, or there is none."""
    by.require("lead")
    with transaction.atomic():
        plan = _plan(by.workspace_id)
        if running(by.workspace_id):
            raise Conflict(_("The overload plan is at work already."))
        run = plans.begin_run(
            plan=plan, why=OverloadRun.Why.BY_HAND, measured=None, note=note.strip(), by=by.user, now=now
        )
        _tell_begun(run, by.actor, now)
    return run


def _tell_begun(run: OverloadRun, by: Actor, now: datetime) -> None:
    _record("begin_overload", run.plan, by, now, run=str(run.pk), why=str(run.why), measured=run.measured)
    _announce(BEGUN, run, str(run.why), now)
    failpoint("overload.begun")


def _announce(event_type: str, run: OverloadRun, why: str, now: datetime) -> None:
    """Tell webhooks and ring for the e-mails; last in its transaction."""
    announce(
        event_type=event_type,
        workspace_id=run.workspace_id,
        subject_id=run.pk,
        item_id=None,
        now=now,
        data={"run": str(run.pk), "plan_version": run.plan.version, "why": why, "measured": run.measured},
    )
    ring("overload")
    ring("calls")


def end_plan(*, by: Viewer, now: datetime) -> OverloadRun:
    """End the plan by hand; thresholds begin it again once it was calm. Raises Conflict when it is not at work."""
    by.require("lead")
    with transaction.atomic():
        plans.keep_alone(by.workspace_id)
        run = running(by.workspace_id)
        if run is None:
            raise Conflict(_("The overload plan is not at work."))
        plans.end_run(run=run, why=OverloadRun.End.BY_HAND, by=by.user, now=now)
        _tell_ended(run, OverloadRun.End.BY_HAND, by.actor, now)
    return run


def _tell_ended(run: OverloadRun, why: OverloadRun.End, by: Actor, now: datetime) -> None:
    _record("end_overload", run.plan, by, now, run=str(run.pk), why=str(why))
    _announce(ENDED, run, str(why), now)
    failpoint("overload.ended")


# --- thresholds ---------------------------------------------------------------------------------------------------


def watch_overload(*, workspace_id: UUID, now: datetime) -> OverloadRun | None:
    """Begin or end a workspace's plan where a threshold says so, and answer what waits at gates; return what runs."""
    run, plan = running(workspace_id), plan_of(workspace_id)
    watched = run.plan if run else plan
    if watched and (run or watched.armed_at):
        line = measured(workspace_id=workspace_id, watched_id=watched.watched_id, now=now)
        with transaction.atomic():
            plans.keep_alone(workspace_id)
            run, plan = running(workspace_id), plan_of(workspace_id)
            if run:
                _end_when_calm(run, line, now)
            elif plan:
                _begin_when_reached(plan, line, now)
    run = running(workspace_id)
    if run:
        answer_overloaded(workspace_id=workspace_id, now=now)
    return run


def _end_when_calm(run: OverloadRun, line: Measured, now: datetime) -> None:
    """End what is calm. What somebody began ahead of the crowd goes on until that has come and gone."""
    reached = reaches(run.plan, line)
    if run.measured is None:
        if reached:
            plans.note_reached(run=run, measured=reached[1])
    elif is_calm(run.plan, line) and lasted(run.begun_at, now):
        plans.end_run(run=run, why=OverloadRun.End.CALM, by=None, now=now)
        _tell_ended(run, OverloadRun.End.CALM, SYSTEM, now)


def _begin_when_reached(plan: OverloadPlan, line: Measured, now: datetime) -> None:
    """Begin what is armed. After somebody ended it, it has to be calm once before a threshold begins it again."""
    last = last_run(plan.workspace_id)
    if last and last.calm_at is None:
        if is_calm(plan, line):
            plans.note_calm(run=last, now=now)
        return
    reached = reaches(plan, line)
    if reached and plan.armed_at:
        why, value = reached
        run = plans.begin_run(plan=plan, why=why, measured=value, note="", by=None, now=now)
        _tell_begun(run, SYSTEM, now)
