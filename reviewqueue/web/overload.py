"""The overload plan: what it says, whether it is at work, how last week would have gone with it; begun and ended."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from reviewqueue import pipeline
from reviewqueue.accounts.queries import members_visible_to
from reviewqueue.common.clock import now as clock_now
from reviewqueue.common.errors import Conflict, Invalid, ProductError
from reviewqueue.metrics.queries.overload import measured
from reviewqueue.metrics.queries.precision import half_width
from reviewqueue.metrics.queries.rehearsal import DAYS, days_of, missed_between
from reviewqueue.metrics.rules.overload import Measured
from reviewqueue.metrics.rules.rehearsal import Days, Rehearsed, Shares, rehearse
from reviewqueue.queues.queries import visible_to
from reviewqueue.triage.calling import end_words, why_words
from reviewqueue.triage.models import OverloadPlan, OverloadRun, RoutingRule
from reviewqueue.triage.overload import plan_of, running, runs_of
from reviewqueue.triage.queries import current_policy

from .access import member_page
from .context import MemberRequest
from .overload_form import NUMBERS, lines_of, members_called, read_plan
from .parameters import whole
from .templatetags.look import span
from .words import number

MOST_DAYS, MOST_TIMES = 28, 20
SHOWN_RUNS = 20
#: How many times the volume is offered where a plan would have avoided less than so many misses.
HARDER, LITTLE = (2, 5, 10), 10


@require_GET
@member_page("see_queues")
def overload(request: MemberRequest) -> HttpResponse:
    """Show the plan, whether it is at work, and when it was."""
    workspace_id, now = request.viewer.workspace_id, localtime(clock_now())
    plan, run = plan_of(workspace_id), running(workspace_id)
    line = measured(workspace_id=workspace_id, watched_id=plan.watched_id, now=now) if plan else None
    context = {
        "plan": plan,
        "run": run,
        "why": why_words(run) if run else "",
        "finding": finding(plan, run),
        "strata": strata_words(plan) if plan else [],
        "running_strata": strata_words(run.plan) if run and run.plan != plan else [],
        "calls": [one.user.name if one.user else one.email for one in plan.calls.all()] if plan else [],
        "thresholds": threshold_words(plan) if plan else [],
        "line": line,
        "reached": line is not None and plan is not None and _reached(plan, line),
        "late": span(timedelta(minutes=line.minutes_late)) if line else "",
        "runs": [_past(one) for one in runs_of(workspace_id)[:SHOWN_RUNS]],
        "may_lead": request.viewer.may("lead"),
    }
    return render(request, "overload/overload.html", context)


def finding(plan: OverloadPlan | None, run: OverloadRun | None) -> str:
    """Say in one sentence how the plan stands."""
    if run:
        return _("The overload plan is at work.")
    if plan is None:
        return _("There is no overload plan yet.")
    if plan.armed_at:
        return _("The overload plan is ready, and begins by itself when a threshold is reached.")
    return _("The overload plan is ready: you begin it when it is needed.")


def strata_words(plan: OverloadPlan) -> list[str]:
    """Return what a plan does to items, a sentence for each rule."""
    told = []
    for one in sorted(plan.strata.all(), key=lambda row: row.rule_name):
        if one.rate is not None:
            words = _("Of “%(rule)s” people see %(rate)s %% at random; high risk they see all.")
            told.append(words % {"rule": one.rule_name, "rate": f"{100 * one.rate:g}"})
        if one.answers_held:
            words = _("Held answers of “%(rule)s” get their fallback at once, but for high risk.")
            told.append(words % {"rule": one.rule_name})
    return told


def threshold_words(plan: OverloadPlan) -> list[str]:
    """Return when a plan begins and ends by itself."""
    where = _("in %(queue)s") % {"queue": plan.watched.name} if plan.watched else _("in all queues together")
    told = []
    if plan.starts_waiting is not None:
        words = _("It begins with %(starts)s waiting items %(where)s, and ends with %(ends)s or fewer.")
        told.append(words % {"starts": plan.starts_waiting, "ends": plan.ends_waiting, "where": where})
    if plan.starts_minutes_late is not None:
        words = _("It begins when an item will be %(starts)s minutes late %(where)s, and ends at %(ends)s or less.")
        told.append(words % {"starts": plan.starts_minutes_late, "ends": plan.ends_minutes_late, "where": where})
    return told


def _reached(plan: OverloadPlan, line: Measured) -> bool:
    """Return whether a threshold is reached now: the plan would begin as soon as it may begin by itself."""
    waiting, late = plan.starts_waiting, plan.starts_minutes_late
    return (waiting is not None and line.waiting >= waiting) or (late is not None and line.minutes_late >= late)


def _past(run: OverloadRun) -> dict[str, Any]:
    return {"run": run, "why": why_words(run), "end": end_words(run) if run.ended_at else ""}


# --- the editor ---------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@member_page("lead")
def overload_plan(request: MemberRequest) -> HttpResponse:
    """Show the plan's form, and save its next version on POST."""
    if request.method == "GET":
        return _form(request, None)
    try:
        planned = read_plan(request.POST, _rules(request), request.viewer)
        pipeline.save_plan(planned=planned, by=request.viewer, now=clock_now())
    except Invalid as error:
        return _form(request, request.POST, error)
    messages.success(request, _("Saved. It does not begin by itself yet: rehearse it first."))
    return redirect("overload")


def _rules(request: MemberRequest) -> Sequence[RoutingRule]:
    """Return the rules in force that send items to people, in order, each name once."""
    policy = current_policy(request.viewer.workspace_id)
    rules = sorted(policy.rules.all(), key=lambda rule: rule.position) if policy else []
    return list({rule.name: rule for rule in reversed(rules) if rule.queue_id}.values())[::-1]


def _form(request: MemberRequest, typed: QueryDict | None, error: ProductError | None = None) -> HttpResponse:
    plan = plan_of(request.viewer.workspace_id)
    called = members_called(plan, typed)
    numbers = {name: "" if (value := getattr(plan, name, None)) is None else str(value) for name in NUMBERS}
    watched = plan.watched.slug if plan and plan.watched else ""
    context = {
        "plan": plan,
        "lines": lines_of(_rules(request), plan, typed),
        "people": [(one.user, one.user_id in called) for one in members_visible_to(request.viewer)],
        "emails": typed.get("emails", "") if typed is not None else _addresses(plan),
        "numbers": {name: typed.get(name, "") for name in NUMBERS} if typed is not None else numbers,
        "watched": typed.get("watched", "") if typed is not None else watched,
        "queues": visible_to(request.viewer),
        "error": error,
    }
    return render(request, "overload/plan.html", context, status=error.status if error else 200)


def _addresses(plan: OverloadPlan | None) -> str:
    return "\n".join(one.email for one in plan.calls.all() if one.email) if plan else ""


# --- rehearsed ----------------------------------------------------------------------------------------------------


@require_GET
@member_page("see_queues")
def overload_rehearsal(request: MemberRequest) -> HttpResponse:
    """Show how the last days would have gone with the plan."""
    workspace_id = request.viewer.workspace_id
    plan = plan_of(workspace_id)
    if plan is None:
        raise Conflict(_("There is no overload plan yet."))
    count = whole(request.GET.get("days"), DAYS, least=1, most=MOST_DAYS)
    times = whole(request.GET.get("times"), 1, least=1, most=MOST_TIMES)
    days = days_of(workspace_id=workspace_id, now=clock_now(), days=count).times(times)
    thresholds = plan if plan.starts_waiting is not None or plan.starts_minutes_late is not None else None
    found = rehearse(days, _shares(plan), thresholds)
    context = {
        "plan": plan,
        "days": count,
        "most": MOST_DAYS,
        "times": times,
        "most_times": MOST_TIMES,
        "finding": _rehearsed(found),
        "harder": [one for one in HARDER if one > times] if found.avoided < LITTLE else [],
        "by_threshold": thresholds is not None,
        "sums": _sums(found, days, missed_between(workspace_id=workspace_id, begin=days.begin, end=days.end)),
        "seen": [_precision(one.rule_name, one.before, one.after) for one in found.seen],
        "hours": _hours(found),
        "runs": [{"begin": begin, "end": end} for begin, end in found.with_plan.runs],
        "may_lead": request.viewer.may("lead"),
    }
    return render(request, "overload/rehearsal.html", context)


def _shares(plan: OverloadPlan) -> Shares:
    """Return what a plan does as a rehearsal heeds it: what passes may still be drawn for the audit sample."""
    policy = current_policy(plan.workspace_id)
    audit = policy.audit_rate if policy else 0.0
    strata = list(plan.strata.all())
    return Shares(
        rates={one.rule_name: 1 - (1 - one.rate) * (1 - audit) for one in strata if one.rate is not None},
        fallbacks=frozenset(one.rule_name for one in strata if one.answers_held),
        watched=plan.watched_id,
    )


def _rehearsed(found: Rehearsed) -> str:
    before, after = round(found.without.late), round(found.with_plan.late)
    told = {"before": number(before), "after": number(after)}
    if not found.with_plan.runs:
        return _("In the time looked at the plan would not have begun.") % told
    if not before:
        return _("In the time looked at nothing would have been late without the plan either.") % told
    if before <= after:
        return _("In the time looked at the plan would have avoided nothing: %(before)s items late.") % told
    words = ngettext(
        "In the time looked at the plan would have left one item late instead of %(before)s.",
        "In the time looked at the plan would have left %(after)s items late instead of %(before)s.",
        after,
    )
    return words % told


def _sums(found: Rehearsed, days: Days, recorded: int) -> dict[str, str]:
    hours = sum(one.running for one in found.with_plan.hours)
    return {
        "came": number(sum(one.came for one in found.without.hours)),
        "thinned": number(sum(found.with_plan.thinned.values())),
        "avoided": number(max(found.avoided, 0)),
        "answered": number(found.with_plan.answered),
        "hours": ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours},
        "recorded": number(recorded),
        "late": number(found.without.late),
        "pace": number(days.pace),
    }


def _precision(rule_name: str, before: float, after: float) -> dict[str, Any]:
    return {
        "rule": rule_name,
        "before": number(before),
        "after": number(after),
        "half_before": half_width(before),
        "half_after": half_width(after),
    }


def _hours(found: Rehearsed) -> list[dict[str, Any]]:
    """Return the hours in which the two ways differ, or a plan was at work."""
    pairs = zip(found.without.hours, found.with_plan.hours, strict=True)
    return [
        {"begins": one.begins, "without": one, "with": other, "running": other.running}
        for one, other in pairs
        if other.running or round(one.late) != round(other.late) or round(one.waiting) != round(other.waiting)
    ]


# --- begun and ended ----------------------------------------------------------------------------------------------


@require_POST
@member_page("lead")
def overload_begin(request: MemberRequest) -> HttpResponse:
    """Begin the plan by hand."""
    pipeline.begin_plan(note=request.POST.get("note", "").replace("\x00", ""), by=request.viewer, now=clock_now())
    messages.success(request, _("The overload plan is at work; those it calls are told."))
    return redirect("overload")


@require_POST
@member_page("lead")
def overload_end(request: MemberRequest) -> HttpResponse:
    """End the plan by hand."""
    pipeline.end_plan(by=request.viewer, now=clock_now())
    messages.success(request, _("The overload plan is over; everything is reviewed as usual again."))
    return redirect("overload")


@require_POST
@member_page("lead")
def overload_arm(request: MemberRequest) -> HttpResponse:
    """Let thresholds begin the plan, or nobody but a person."""
    if request.POST.get("armed") == "yes":
        pipeline.arm_plan(by=request.viewer, now=clock_now())
        messages.success(request, _("From now on the plan begins by itself when a threshold is reached."))
    else:
        pipeline.disarm_plan(by=request.viewer, now=clock_now())
        messages.success(request, _("From now on only a person begins the plan."))
    return redirect("overload")
