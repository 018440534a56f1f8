"""My queue: what waits for me, what I hold, put aside and asked, and my day; for leads, what was escalated."""

from datetime import datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from reviewqueue import pipeline
from reviewqueue.accounts.models import Membership, Role
from reviewqueue.accounts.queries import members_visible_to
from reviewqueue.accounts.teams import unread_hand_overs
from reviewqueue.assignment.actions import lanes_of
from reviewqueue.assignment.models import Assignment
from reviewqueue.assignment.queries import held_by, holders_of, next_due, snoozed_by, waiting_for
from reviewqueue.common.clock import database_now, now
from reviewqueue.common.errors import Conflict, NotThere
from reviewqueue.edgecases.owners import owner_for
from reviewqueue.edgecases.queries import case_of, open_cases, steps_calling
from reviewqueue.intake.models import Item
from reviewqueue.queues.models import Queue
from reviewqueue.queues.queries import own_queues
from reviewqueue.review.models import Escalation
from reviewqueue.review.queries import (
    answers_to,
    escalations_visible_to,
    follow_ups_calling,
    reviews_visible_to,
)

from .access import member_page
from .calling import called
from .context import MemberRequest
from .kinds.evidence import about
from .masking import Masks, masks
from .workbench.showing import due, item_address

ANSWERS_FOR = timedelta(days=7)
MOST_CASES = 100
#: What waits for too long, in short; the page of edge cases has more of it.
MOST_CALLS = 5


@require_GET
@never_cache
@member_page("review", "lead")
def my_queue(request: MemberRequest) -> HttpResponse:
    """Show one person's work."""
    at, mask = now(), masks(request.viewer)
    queues = [_queue(request, queue, at) for queue in own_queues(request.viewer)]
    context = {
        "waiting": sum(one["waiting"] for one in queues),
        "queues": queues,
        "held": [_held(request, one, at, mask) for one in held_by(request.viewer)],
        "snoozed": [
            {"label": slot.item.external_id, "queue": slot.entry.queue.name, "until": slot.held_until}
            for slot in snoozed_by(request.viewer)
        ],
        "answers": [_answer(request, one) for one in answers_to(request.viewer, since=at - ANSWERS_FOR)],
        "day": _day(request, at),
        "follow_ups": follow_ups_calling(request.viewer),
        "hand_overs": unread_hand_overs(request.viewer, now=at),
        **_lead(request),
    }
    return render(request, "my_queue/my_queue.html", context)


def _queue(request: MemberRequest, queue: Queue, at: datetime) -> dict[str, Any]:
    lanes = lanes_of(membership=request.membership, queues=[queue])
    waiting = waiting_for(viewer=request.viewer, lanes=lanes)
    promised = next_due(viewer=request.viewer, lanes=lanes) if waiting else None
    return {
        "name": queue.name,
        "slug": queue.slug,
        "waiting": waiting,
        "due": due(promised, at) if promised else None,
    }


def _held(request: MemberRequest, turn: Assignment, at: datetime, mask: Masks) -> dict[str, Any]:
    giver = turn.opened_by if turn.opened_by_id != request.user.pk else None
    return {
        "url": reverse("turn", args=[turn.pk]),
        "label": turn.item.external_id,
        "queue": turn.entry.queue.name,
        "snippet": about(mask(turn.item).item(turn.item)),
        "given_by": giver.name if giver else "",
        "dealt": turn.how == Assignment.How.DEALT and turn.begun_at is None,
        "due": due(turn.entry.due_at, at),
    }


def _answer(request: MemberRequest, escalation: Escalation) -> dict[str, Any]:
    decided = escalation.end_reason == Escalation.End.DECIDED
    lead = escalation.ended_by.name if escalation.ended_by else ""
    words = _("%(lead)s decided it.") if decided else _("%(lead)s sent it back to its queue.")
    return {
        "url": item_address(escalation.item_id, request.viewer),
        "label": escalation.item.external_id,
        "queue": escalation.entry.queue.name,
        "words": words % {"lead": lead},
        "at": escalation.ended_at,
    }


def _day(request: MemberRequest, at: datetime) -> dict[str, Any]:
    """Return the person's day: what stands of the reviews since midnight in their zone."""
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    reviews = reviews_visible_to(request.viewer).filter(user=request.user, submitted_at__gte=midnight)
    # the last review at a slot stands: the ones before it were undone
    last = {
        one.assignment.slot_id: one for one in reviews.select_related("assignment", "entry").order_by("submitted_at")
    }
    took = [
        (one.submitted_at - (one.assignment.begun_at or one.assignment.opened_at)).total_seconds()
        for one in last.values()
    ]
    return {
        "submitted": len(last),
        "corrected": sum(one.decision != "approve" for one in last.values()),
        "median": timedelta(seconds=median(took)) if took else None,
        "in_time": sum(one.submitted_at <= one.entry.due_at for one in last.values()),
    }


# --- for leads ---------------------------------------------------------------------------------------------------


def _lead(request: MemberRequest) -> dict[str, Any]:
    if not request.viewer.may("lead"):
        return {"escalations": None}
    escalations = list(escalations_visible_to(request.viewer))
    holders = holders_of(viewer=request.viewer, entry_ids=[one.entry_id for one in escalations])
    grouped, owners = case_of([one.pk for one in escalations]), owner_for(escalations)
    rows = [_escalation(request, one, holders.get(one.entry_id)) for one in escalations]
    for row in rows:
        row["case"], row["owner"] = grouped.get(row["id"]), owners.get(row["id"])
    return {
        "escalations": rows,
        "cases": open_cases(request.viewer)[:MOST_CASES],
        "calling": [called(request, one) for one in steps_calling(request.viewer)[:MOST_CALLS]],
        "leads": [member.user for member in _leads(request)],
    }


def _escalation(request: MemberRequest, escalation: Escalation, turn: Assignment | None) -> dict[str, Any]:
    content = escalation.content
    return {
        "id": escalation.pk,
        "label": escalation.item.external_id,
        "item_url": item_address(escalation.item_id, request.viewer),
        "queue": escalation.entry.queue.name,
        "why": escalation.why,
        "question": "" if content.redacted_at else content.question,
        "who": escalation.opened_by,
        "opened_at": escalation.opened_at,
        "taken_by": turn.user.name if turn else "",
        "mine": bool(turn and turn.user_id == request.user.pk),
        "turn_url": reverse("turn", args=[turn.pk]) if turn else "",
    }


def _leads(request: MemberRequest) -> list[Membership]:
    return list(members_visible_to(request.viewer).filter(role__in=[Role.LEAD, Role.ADMIN]))


@require_POST
@member_page("lead")
def escalation_take(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Take an escalated item and decide it in the workbench."""
    try:
        turn = pipeline.take_escalation(
            escalation=_open_escalation(request, pk), to=request.user, by=request.viewer, now=database_now()
        )
    except Conflict as error:
        return _refused(request, error)
    return redirect("turn", turn.assignment.pk)


@require_POST
@member_page("lead")
def escalation_hand_on(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Give an escalated item to another lead."""
    to = next((one.user for one in _leads(request) if str(one.user_id) == request.POST.get("to")), None)
    if to is None:
        raise NotThere
    escalation = _open_escalation(request, pk)
    try:
        pipeline.take_escalation(escalation=escalation, to=to, by=request.viewer, now=database_now())
    except Conflict as error:
        return _refused(request, error)
    return _done(request, escalation.item, _("%(item)s handed on to %(name)s."), name=to.name)


@require_POST
@member_page("lead")
def escalation_hand_back(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Send an escalated item back to its queue."""
    escalation = _open_escalation(request, pk)
    try:
        pipeline.hand_back(escalation=escalation, by=request.viewer, now=database_now())
    except Conflict as error:
        return _refused(request, error)
    return _done(request, escalation.item, _("%(item)s is back in its queue."))


def _open_escalation(request: MemberRequest, pk: UUID) -> Escalation:
    escalation = escalations_visible_to(request.viewer).filter(pk=pk).first()
    if escalation is None:
        raise NotThere
    return escalation


def _done(request: MemberRequest, item: Item, words: str, **more: str) -> HttpResponse:
    messages.success(request, words % {"item": item.external_id, **more})
    return redirect("my_queue")


def _refused(request: MemberRequest, error: Conflict) -> HttpResponse:
    messages.error(request, error.detail)
    return redirect("my_queue")
