"""Giving many waiting items to one person: a preview of what will change, then the verb item by item."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from reviewqueue import pipeline
from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import Membership, User
from reviewqueue.assignment.models import Assignment, Slot
from reviewqueue.common.clock import database_now
from reviewqueue.common.clock import now as clock_now
from reviewqueue.common.errors import Conflict
from reviewqueue.metrics.queries.board import board_now
from reviewqueue.metrics.queries.levers import due_steps, unowned_slots, who_could_help
from reviewqueue.metrics.rules import Change, predict
from reviewqueue.queues.models import Queue
from reviewqueue.queues.queries import visible_to

from .access import member_page
from .context import MemberRequest
from .parameters import identifier, whole
from .undoing import remember
from .words import number

#: At most so many at once: more is not one person's day.
MOST = 200


@dataclass(slots=True)
class Assigned:
    """What became of a bulk assignment."""

    turns: list[UUID] = field(default_factory=list)
    skipped: int = 0


def assign_many(*, slots: Iterable[Slot], to: User, by: Viewer, now: datetime) -> Assigned:
    """Give each slot to a person; one that was taken meanwhile, or that they may not review, is skipped."""
    done = Assigned()
    for slot in slots:
        try:
            done.turns.append(pipeline.assign(slot=slot, to=to, by=by, now=now).assignment.pk)
        except Conflict:
            done.skipped += 1
    return done


def take_back(*, turns: Iterable[str], by: Viewer, now: datetime) -> int:
    """Take away the turns that are still open; return how many."""
    taken = 0
    for assignment in Assignment.objects.filter(workspace_id=by.workspace_id, pk__in=list(turns), ended_at=None):
        try:
            pipeline.take_away(assignment=assignment, by=by, now=now)
            taken += 1
        except Conflict:
            continue  # submitted at this moment
    return taken


@require_http_methods(["GET", "POST"])
@member_page("lead")
def assigning(request: MemberRequest) -> HttpResponse:
    """Show what giving the head of a queue to somebody would change; do it on POST."""
    asked = request.POST if request.method == "POST" else request.GET
    queue = get_object_or_404(visible_to(request.viewer), slug=asked.get("queue", ""))
    to = get_object_or_404(who_could_help(request.viewer), user_id=identifier(asked.get("to")))
    count = min(whole(asked.get("count"), 20, least=1), MOST)
    slots = list(unowned_slots(request.viewer, queue_ids=[queue.pk]).filter(kind=Slot.Kind.REVIEW)[:count])
    if request.method == "POST":
        return _assign(request, queue, slots, to)
    return render(request, "board/assign.html", _preview(request, queue, slots, to, count))


def _assign(request: MemberRequest, queue: Queue, slots: list[Slot], to: Membership) -> HttpResponse:
    done = assign_many(slots=slots, to=to.user, by=request.viewer, now=database_now())
    say_assigned(request, done, to.user)
    if done.turns:
        label = _("%(n)s items of %(queue)s given to %(name)s") % {
            "n": number(len(done.turns)),
            "queue": queue.name,
            "name": to.user.name,
        }
        remember(
            request,
            label=label,
            steps=[{"kind": "assign", "label": label, "turns": [str(one) for one in done.turns]}],
        )
    return redirect("board")


def say_assigned(request: MemberRequest, done: Assigned, to: User) -> None:
    """Tell the lead what became of it."""
    count = len(done.turns)
    words = ngettext("One item is %(name)s's now.", "%(n)s items are %(name)s's now.", count)
    messages.success(request, words % {"n": number(count), "name": to.name})
    if done.skipped:
        words = ngettext(
            "One was skipped: taken meanwhile, or reviewed by this person before.",
            "%(n)s were skipped: taken meanwhile, or reviewed by this person before.",
            done.skipped,
        )
        messages.warning(request, words % {"n": number(done.skipped)})


def _preview(request: MemberRequest, queue: Queue, slots: list[Slot], to: Membership, count: int) -> dict[str, Any]:
    now = localtime(clock_now())
    present = board_now(viewer=request.viewer, now=now)
    change = Change(owned=due_steps(slots, now), owner=to.user_id)
    return {
        "queue": queue,
        "to": to,
        "count": count,
        "found": len(slots),
        "before": predict(present).late,
        "after": predict(present, change).late,
        "slots": slots[:10],
        "more": max(0, len(slots) - 10),
        "assigning": {"queues": visible_to(request.viewer), "people": who_could_help(request.viewer)},
        "held": Assignment.objects.filter(user=to.user, ended_at=None, workspace_id=queue.workspace_id).count(),
    }
