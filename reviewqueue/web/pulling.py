"""Pulling the board's levers: a preview with its effect, the product's own verbs on POST, and undo."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from reviewqueue.accounts.models import User
from reviewqueue.common.clock import database_now
from reviewqueue.common.clock import now as clock_now
from reviewqueue.common.errors import Conflict
from reviewqueue.metrics.queries.board import board_now
from reviewqueue.metrics.rules import Prediction, predict
from reviewqueue.queues.actions import join_queue, leave_queue
from reviewqueue.queues.models import Queue
from reviewqueue.queues.queries import visible_to
from reviewqueue.triage.actions import activate_policy
from reviewqueue.triage.actions.policies import fields_of, rates_of
from reviewqueue.triage.models import RoutingPolicy
from reviewqueue.triage.queries import current_policy

from .access import member_page
from .assigning import assign_many, say_assigned, take_back
from .context import MemberRequest
from .levers import (
    PROPOSALS,
    Desk,
    Joining,
    Lever,
    NewRule,
    Owning,
    all_three,
    at_once,
    combined,
    facts_of,
    proposed,
    shown,
)
from .parameters import whole
from .undoing import forget, remember
from .words import clock, number


@require_http_methods(["GET", "POST"])
@member_page("lead")
def board_lever(request: MemberRequest, kind: str) -> HttpResponse:
    """Show one lever with its form and effect; pull it on POST."""
    if kind not in PROPOSALS:
        raise Http404
    desk = _desk(request)
    lever = proposed(desk, kind, request.POST if request.method == "POST" else request.GET)
    if request.method == "POST":
        return _pull_all(request, desk, [lever])
    context = {
        **_context(desk, [lever]),
        "lever": shown(desk, lever),
        "fields": lever.fields,
        "facts": facts_of(desk, lever),
        "queues": _compared(desk, lever.after),
    }
    return render(request, f"board/lever_{kind}.html", context)


@require_http_methods(["GET", "POST"])
@member_page("lead")
def board_levers(request: MemberRequest) -> HttpResponse:
    """Show all three levers at once; pull them on POST."""
    desk = _desk(request)
    every = all_three(desk, {})
    if request.method == "POST":
        return _pull_all(request, desk, every)
    after = combined(desk, every)
    context = {**_context(desk, every), "together": at_once(desk, every), "queues": _compared(desk, after)}
    return render(request, "board/levers.html", context)


def _desk(request: MemberRequest) -> Desk:
    present = board_now(viewer=request.viewer, now=localtime(clock_now()))
    return Desk.of(request.viewer, present, predict(present))


def _context(desk: Desk, every: list[Lever]) -> dict[str, Any]:
    return {
        "levers": [shown(desk, one) for one in every],
        "before": number(desk.before.late),
        "version": desk.policy.version if desk.policy else 0,
    }


def _compared(desk: Desk, after: Prediction | None) -> list[dict[str, Any]]:
    """Return each queue's figures as they are and as they would be."""
    if after is None:
        return []
    return [
        {
            "name": queue.name,
            "before": number(desk.before.queues[queue.id].late),
            "after": number(after.queues[queue.id].late),
            "clears": clock(after.queues[queue.id].clears_at, desk.now),
        }
        for queue in desk.board.queues
    ]


# --- pulling ------------------------------------------------------------------------------------------------------


def _pull_all(request: MemberRequest, desk: Desk, every: list[Lever]) -> HttpResponse:
    steps: list[dict[str, Any]] = []
    for lever in every:
        if lever.possible:
            steps += _PULL[lever.kind](request, desk, lever.doing)
    if steps:
        remember(request, label="; ".join(step["label"] for step in steps), steps=steps)
    return redirect("board")


def _write_rule(request: MemberRequest, desk: Desk, new: NewRule) -> list[dict[str, Any]]:
    """Write the next version of the policy with the new rule in it."""
    assert desk.policy is not None
    if whole(request.POST.get("version"), 0) != desk.policy.version:
        raise Conflict(_("The routing policy has changed meanwhile. Please look at the preview again."))
    policy = _activate(request, new.rules, desk.policy, seen=desk.policy)
    messages.success(
        request, _("Policy %(version)s is in force; it applies to new items.") % {"version": policy.version}
    )
    label = _("policy %(version)s: %(name)s") % {"version": policy.version, "name": new.name}
    return [{"kind": "rule", "label": label, "version": policy.version, "earlier": str(desk.policy.pk)}]


def _activate(request: MemberRequest, rules: Any, like: RoutingPolicy, *, seen: RoutingPolicy) -> RoutingPolicy:
    return activate_policy(
        workspace_id=request.viewer.workspace_id,
        rules=[fields_of(rule) for rule in rules],
        rates=rates_of(like),
        audit_rate=like.audit_rate,
        audit_queue=like.audit_queue,
        seen=seen,
        by=request.viewer.user,
        actor=request.viewer.actor,
        now=clock_now(),
    )


def _let_join(request: MemberRequest, desk: Desk, joining: Joining) -> list[dict[str, Any]]:
    queue = Queue.objects.get(pk=joining.queue.id)
    for member in joining.people:
        join_queue(queue=queue, user=member.user, by=request.viewer.actor, now=clock_now())
    count = len(joining.people)
    words = ngettext("One more person takes from %(queue)s now.", "%(n)s more people take from %(queue)s now.", count)
    label = words % {"n": count, "queue": queue.name}
    messages.success(request, label)
    return [
        {
            "kind": "people",
            "label": label,
            "queue": queue.slug,
            "people": [str(one.user_id) for one in joining.people],
        }
    ]


def _give(request: MemberRequest, desk: Desk, owning: Owning) -> list[dict[str, Any]]:
    done = assign_many(slots=owning.slots, to=owning.to.user, by=request.viewer, now=database_now())
    say_assigned(request, done, owning.to.user)
    label = _("%(n)s items given to %(name)s") % {"n": number(len(done.turns)), "name": owning.to.user.name}
    return [{"kind": "assign", "label": label, "turns": [str(one) for one in done.turns]}] if done.turns else []


_PULL: dict[str, Callable[..., list[dict[str, Any]]]] = {"rule": _write_rule, "people": _let_join, "owner": _give}


# --- undo ---------------------------------------------------------------------------------------------------------


@require_POST
@member_page("lead")
def board_undo(request: MemberRequest) -> HttpResponse:
    """Take the last change back, step by step, as far as it still stands."""
    change = forget(request)
    for step in reversed(change["steps"] if change else []):
        _UNDO[step["kind"]](request, step)
    return redirect("board")


def _undo_rule(request: MemberRequest, step: dict[str, Any]) -> None:
    current = current_policy(request.viewer.workspace_id)
    earlier = RoutingPolicy.objects.filter(workspace_id=request.viewer.workspace_id, pk=step["earlier"]).first()
    changed = _("The routing policy has changed since, so it was left as it is.")
    if current is None or earlier is None or current.version != step["version"]:
        messages.warning(request, changed)
        return
    try:
        policy = _activate(request, earlier.rules.order_by("position"), earlier, seen=current)
    except Conflict:  # at this very moment
        messages.warning(request, changed)
        return
    words = _("Policy %(version)s has the rules of policy %(earlier)s again.")
    messages.success(request, words % {"version": policy.version, "earlier": earlier.version})


def _undo_people(request: MemberRequest, step: dict[str, Any]) -> None:
    queue = visible_to(request.viewer).filter(slug=step["queue"]).first()
    if queue is None:
        return
    for user in User.objects.filter(pk__in=step["people"]):
        leave_queue(queue=queue, user=user, by=request.viewer.actor, now=clock_now())
    messages.success(request, _("They take no more from %(queue)s.") % {"queue": queue.name})


def _undo_assign(request: MemberRequest, step: dict[str, Any]) -> None:
    taken = take_back(turns=step["turns"], by=request.viewer, now=database_now())
    words = ngettext("One item waits for everybody again.", "%(n)s items wait for everybody again.", taken)
    messages.success(request, words % {"n": number(taken)})


_UNDO = {"rule": _undo_rule, "people": _undo_people, "assign": _undo_assign}
