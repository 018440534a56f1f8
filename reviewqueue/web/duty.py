"""Live duty: being here for held answers, the sign of life of an open page, and taking one that waits."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from reviewqueue import pipeline
from reviewqueue.assignment.actions import go_on_duty, lanes_of, leave_duty, page_closed, seen
from reviewqueue.assignment.queries import held_for
from reviewqueue.common.clock import now
from reviewqueue.queues.queries import own_queues
from reviewqueue.queues.rules import Stopped

from .access import member_page, way_back
from .context import MemberRequest
from .workbench import pages
from .workbench.views import keep_for_later, own_turn

#: htmx asks no more after this status.
STOP_ASKING = 286


@require_POST
@member_page("review", "lead")
def duty(request: MemberRequest) -> HttpResponse:
    """Be here for held answers, or no more."""
    if request.POST.get("here") == "1":
        go_on_duty(membership=request.membership, now=now())
    else:
        leave_duty(membership=request.membership, now=now())
    return redirect(way_back(request, reverse("my_queue")))


@require_POST
@never_cache
@member_page("review", "lead")
def duty_beat(request: MemberRequest) -> HttpResponse:
    """Note that the page is open (or was closed), and answer with the held answer that waits, when that changed."""
    at = now()
    if "leaving" in request.POST:
        page_closed(membership=request.membership, now=at)
        return HttpResponse(status=204)
    if not seen(membership=request.membership, now=at):
        return HttpResponse(status=STOP_ASKING)
    waiting = waiting_for_me(request)
    if request.POST.get("known", "") == (waiting["known"] if waiting else ""):
        return HttpResponse(status=204)
    response = render(request, "duty/waiting.html", {"waiting": waiting})
    if waiting:
        response["HX-Trigger"] = "rq:held"
    return response


def waiting_for_me(request: MemberRequest) -> dict[str, Any] | None:
    """Return the most urgent held answer that this person may take, with the seconds it has left."""
    lanes = lanes_of(membership=request.membership, queues=list(own_queues(request.viewer)))
    slot = held_for(viewer=request.viewer, lanes=lanes)
    if slot is None:
        return None
    deadline_at = slot.item.gate.deadline_at
    left = max(0, round((deadline_at - now()).total_seconds()))
    return {"known": str(slot.pk), "deadline_at": deadline_at, "seconds": left}


@require_POST
@member_page("review", "lead")
def held_take(request: MemberRequest) -> HttpResponse:
    """Take the held answer that waits; a turn that is open stays open, with what was typed."""
    if "fence" in request.POST:
        keep_for_later(request)
    taken, why_not = None, _("Somebody else has taken it.")
    try:
        queues = list(own_queues(request.viewer))
        taken = pipeline.claim_next(membership=request.membership, queues=queues, held_only=True)
    except Stopped as stopped:
        why_not = stopped.detail
    if taken is not None:
        if not request.htmx:
            return redirect("turn", taken.assignment.pk)
        return pages.shown(request, own_turn(request, taken.assignment.pk))
    if request.htmx:
        return HttpResponse(status=204)
    messages.info(request, why_not)
    return redirect("workbench")
