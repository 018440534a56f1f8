"""The workbench's views: parse, call one verb of the walk, show the next turn.

With htmx the answer is the next turn alone (the partial "turn"); without JavaScript every step is a whole page.
"""

from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from reviewqueue import pipeline
from reviewqueue.assignment.actions.keeping import TurnOver
from reviewqueue.assignment.models import Assignment
from reviewqueue.assignment.queries import duty_of, held_by, with_content
from reviewqueue.common.clock import database_now, now
from reviewqueue.common.errors import Conflict, Invalid, NotThere, Place
from reviewqueue.intake.models import Kind
from reviewqueue.queues.models import Queue
from reviewqueue.queues.queries import current_rubric, own_queues
from reviewqueue.queues.rules import Stopped
from reviewqueue.review.models import Decision
from reviewqueue.review.queries import outcomes_visible_to, reviews_beside

from ..access import member_page
from ..context import MemberRequest
from . import pages
from .form import CLOSED, Typed, judged, precedents_in, said_in_place, typed_in, until
from .pages import ONE_QUEUE
from .showing import candidate_order, confidence_hidden, typed_so_far


@require_GET
@never_cache
@member_page("review", "lead")
def workbench(request: MemberRequest) -> HttpResponse:
    """Go on with the turn one holds, or offer to take one."""
    held = _held(request)
    if held:
        return redirect("turn", held.pk)
    return pages.resting(request, request.GET.get("empty", ""))


@require_GET
@never_cache
@member_page()
def turn(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Show one's own turn, or what became of it."""
    own = own_turn(request, pk)
    if own.ended_at is None:
        return pages.shown(request, own)
    return pages.over(request, own, typed_so_far(own))


# --- taking ------------------------------------------------------------------------------------------------------


@require_POST
@member_page("review", "lead")
def claim(request: MemberRequest) -> HttpResponse:
    """Take the next from all of one's queues."""
    request.session.pop(ONE_QUEUE, None)
    return _go_on(request)


@require_POST
@member_page("review", "lead")
def claim_queue(request: MemberRequest, slug: str) -> HttpResponse:
    """Take the next from one queue, and stay with it."""
    if not own_queues(request.viewer).filter(slug=slug).exists():
        raise NotThere
    request.session[ONE_QUEUE] = slug
    return _go_on(request)


def _go_on(request: MemberRequest) -> HttpResponse:
    """Show the next turn: one that is held already, else the next in line."""
    try:
        following = _held_answer(request) or _held(request) or _claimed(request)
    except Stopped:
        return pages.nothing_left(request, stopped=True)
    if following is None:
        return pages.nothing_left(request)
    if not request.htmx:
        return redirect("turn", following.pk)
    return pages.shown(request, following)


def _held(request: MemberRequest) -> Assignment | None:
    held = list(held_by(request.viewer).filter(slot__expires_at__gt=now()))
    return next((one for one in held if one.slot.rank < 0), held[0] if held else None)


def _held_answer(request: MemberRequest) -> Assignment | None:
    """Take an answer that an AI system waits for before anything else, when this person is here for those."""
    if not duty_of(viewer=request.viewer, now=now()):
        return None
    queues = list(own_queues(request.viewer))
    taken = None
    with suppress(Stopped):  # what is held already can be finished
        taken = pipeline.claim_next(membership=request.membership, queues=queues, held_only=True)
    return own_turn(request, taken.assignment.pk) if taken else None


def _claimed(request: MemberRequest) -> Assignment | None:
    taken = pipeline.claim_next(membership=request.membership, queues=_queues(request))
    return own_turn(request, taken.assignment.pk) if taken else None


def _queues(request: MemberRequest) -> list[Queue]:
    queues = own_queues(request.viewer)
    slug = request.session.get(ONE_QUEUE)
    return list(queues.filter(slug=slug) if slug else queues)


# --- finishing ---------------------------------------------------------------------------------------------------


@require_POST
@member_page()
def turn_review(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Submit a judgement and take the next."""

    def submit(own: Assignment, fence: int, typed: Typed) -> None:
        if CLOSED in request.POST and typed.decision == Decision.EDIT:
            raise Invalid(_("Show the personal data first, then edit."), places=[Place("#/correction", "")])
        judgement = judged(typed, item=own.item, shown=_what_was_shown(request, own))
        submitted = pipeline.submit_review(assignment=own, fence=fence, by=request.user, judgement=judgement)
        if submitted.outcome is None:
            _tell(request, own, _("%(item)s submitted. It is not settled yet."))

    return _finish(request, pk, submit)


@require_POST
@member_page()
def turn_return(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Give the item back to its line, perhaps with a reason, and take the next."""

    def give_back(own: Assignment, fence: int, typed: Typed) -> None:
        reason = request.POST.get("return_reason", "").replace("\x00", "").strip()[:2000]
        pipeline.give_back(assignment=own, fence=fence, by=request.user, reason=reason)
        _tell(request, own, _("%(item)s returned."))

    return _finish(request, pk, give_back)


@require_POST
@member_page()
def turn_snooze(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Put the item aside until a time and take the next."""

    def snooze(own: Assignment, fence: int, typed: Typed) -> None:
        time = until(request.POST.get("snooze", ""), now())
        pipeline.snooze(assignment=own, fence=fence, by=request.user, until=time)
        _tell(request, own, _("%(item)s put aside."))

    return _finish(request, pk, snooze)


@require_POST
@member_page()
def turn_escalate(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Put a question to a lead and take the next."""

    def escalate(own: Assignment, fence: int, typed: Typed) -> None:
        question = typed.question.strip()[:10_000]
        if not question:
            raise _NoQuestion
        pipeline.escalate(assignment=own, fence=fence, by=request.user, question=question)
        _tell(request, own, _("%(item)s sent to a lead."))

    return _finish(request, pk, escalate)


class _NoQuestion(Invalid):
    """A lead needs a question to decide."""


def _finish(request: MemberRequest, pk: UUID, step: Callable[[Assignment, int, Typed], None]) -> HttpResponse:
    """Take the step that ends a turn, then show the next; what stands in its way is said where it was typed."""
    own = own_turn(request, pk)
    typed = _typed(request, own)
    try:
        step(own, _fence(request), typed)
    except _NoQuestion:
        return pages.shown(request, own, typed=typed, errors={"question": True}, status=422)
    except Invalid as error:
        return pages.shown(request, own, typed=typed, errors=said_in_place(error, typed), status=422)
    except TurnOver:
        _keep(own, _fence(request), typed)
        return pages.over(request, own_turn(request, pk), typed, status=409)
    except Conflict as error:
        return pages.shown(request, own, typed=typed, errors={"all": error.detail}, status=422)
    return _go_on(request)


def _what_was_shown(request: MemberRequest, own: Assignment) -> dict:
    """Return what goes on record beside a judgement: what the person could see, and for how long they worked."""
    rubric = current_rubric(own.entry.queue)
    active = request.POST.get("active_ms", "")
    return {
        "confidence": own.item.confidence is not None and not confidence_hidden(own),
        "rubric": rubric.version if rubric else None,
        **precedents_in(request.POST.getlist("precedent")),
        **_reviews_seen(request, own),
        "active_seconds": min(int(active) // 1000, 86_400) if active.isascii() and active.isdigit() else None,
        **({"candidates": candidate_order(own)} if own.item.kind == Kind.COMPARISON else {}),
    }


def _reviews_seen(request: MemberRequest, own: Assignment) -> dict:
    """Return which reviews of others stood on the page, of those that may: who saw one did not judge blind."""
    named = set(request.POST.getlist("seen"))
    seen = [str(one.pk) for one in reviews_beside(own) if str(one.pk) in named]
    return {"reviews": seen} if seen else {}


def _tell(request: MemberRequest, own: Assignment, words: str) -> None:
    messages.success(request, words % {"item": own.item.external_id})


@require_POST
@member_page()
def undo(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Take back one's own outcome before it is sent."""
    outcome = outcomes_visible_to(request.viewer).select_related("review__assignment").filter(pk=pk).first()
    if outcome is None:
        raise NotThere
    try:
        again = pipeline.undo(outcome=outcome, by=request.user, now=database_now())
    except Conflict:
        messages.warning(request, _("It was too late to undo: this has been sent already."))
        return redirect("workbench")
    return redirect("turn", again.assignment.pk)


# --- keeping -----------------------------------------------------------------------------------------------------


@require_POST
@never_cache
@member_page()
def turn_draft(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Renew the turn, and keep what was typed unless this is a sign of life alone."""
    own = own_turn(request, pk)
    draft = None if "beat" in request.POST else _typed(request, own).as_draft()
    try:
        expires_at = pipeline.heartbeat(assignment=own, fence=_fence(request), draft=draft)
    except TurnOver as error:
        return JsonResponse({"detail": error.detail, "why": pages.ended(own_turn(request, pk))}, status=409)
    left = max(0, round((expires_at - now()).total_seconds()))
    saved_at = "" if draft is None else timezone.localtime().strftime("%H:%M:%S")
    return JsonResponse({"saved_at": saved_at, "expires_in": left})


def keep_for_later(request: MemberRequest) -> None:
    """Renew the turn on this page and keep what was typed, before another is taken beside it."""
    pk = _id(request.POST.get("assignment", ""))
    own = held_by(request.viewer).filter(pk=pk).first() if pk else None
    if own is not None:
        _keep(own, _fence(request), _typed(request, own))


def _typed(request: MemberRequest, own: Assignment) -> Typed:
    """Return what was typed; a correction that was closed on the page, because of what it held, stays as it was."""
    typed = typed_in(request.POST)
    if CLOSED in request.POST:
        before = typed_so_far(own)
        typed.correction, typed.fields, typed.as_json = before.correction, before.fields, before.as_json
    return typed


@require_POST
@member_page()
def turn_unmask(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Show the personal data of an item to whoever has it in hand, and put that on record; keep what was typed."""
    own = own_turn(request, pk)
    _keep(own, _fence(request), _typed(request, own))
    pipeline.unmask(item=own.item, by=request.viewer, now=now())
    return pages.shown(request, own) if request.htmx and own.ended_at is None else redirect("turn", pk)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _keep(own: Assignment, fence: int, typed: Typed) -> None:
    """Keep what was typed, also when the turn is over."""
    with suppress(TurnOver):
        pipeline.heartbeat(assignment=own, fence=fence, draft=typed.as_draft())


# --- whose turn ---------------------------------------------------------------------------------------------------


def own_turn(request: MemberRequest, pk: UUID) -> Assignment:
    """Return one's own turn, open or over. Raises NotThere for everybody else's."""
    own = with_content(request.viewer).filter(pk=pk).first()
    if own is None:
        raise NotThere
    return own


def _fence(request: MemberRequest) -> int:
    fence = request.POST.get("fence", "")
    if not (fence.isascii() and fence.isdigit() and len(fence) < 10):
        raise Invalid("The fence is missing.")
    return int(fence)
