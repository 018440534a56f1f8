"""Follow-ups: wrong answers that somebody already got; who makes it good, until when, and what was done."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from reviewqueue import pipeline
from reviewqueue.accounts.access import can
from reviewqueue.accounts.models import User
from reviewqueue.accounts.queries import colleagues_of
from reviewqueue.common.clock import now
from reviewqueue.common.errors import Conflict, NotAllowed, NotThere
from reviewqueue.intake.queries import exact_body_of
from reviewqueue.review.models import FollowUp
from reviewqueue.review.queries import final_of, follow_ups_visible_to

from .access import member_page
from .context import MemberRequest
from .kinds.answers import text_of
from .masking import Mask, Masks, masks
from .workbench.showing import due, item_address

DONE_FOR = timedelta(days=30)
MOST = 100
LONGEST_NOTE = 10_000


@require_GET
@never_cache
@member_page("review", "lead", "see_items")
def follow_ups(request: MemberRequest) -> HttpResponse:
    """Show what is to be made good: what nobody has, one's own, for leads everybody's; and what was done."""
    at, mask = now(), masks(request.viewer)
    seen = follow_ups_visible_to(request.viewer).select_related("item__content")
    waiting = list(seen.filter(done_at=None).order_by("due_at", "pk")[:MOST])
    done = seen.filter(done_at__gte=at - DONE_FOR).order_by("-done_at")
    groups = _groups(request, waiting, at, mask)
    context = {
        "finding": _finding(waiting, at),
        "groups": [group for group in groups if group["rows"]],
        "done": [_row(request, one, at, mask(one.item)) for one in done[:MOST]],
        "people": _people(request),
        "may_act": request.viewer.may("review"),
    }
    return render(request, "follow_ups/follow_ups.html", context)


def _groups(request: MemberRequest, waiting: list[FollowUp], at: datetime, mask: Masks) -> list[dict[str, Any]]:
    me = request.user.pk
    parts = (
        ("mine", _("Yours to make good"), [one for one in waiting if one.owner_id == me]),
        ("nobody", _("Nobody has these yet"), [one for one in waiting if one.owner_id is None]),
        ("others", _("With colleagues"), [one for one in waiting if one.owner_id not in (None, me)]),
    )
    return [
        {"name": name, "title": title, "rows": [_row(request, one, at, mask(one.item)) for one in rows]}
        for name, title, rows in parts
    ]


def _finding(waiting: list[FollowUp], at: datetime) -> str:
    late = sum(one.due_at < at for one in waiting)
    if not waiting:
        return _("Nobody waits for a wrong answer to be made good.")
    words = ngettext(
        "One person got a wrong answer and waits.", "%(n)s people got a wrong answer and wait.", len(waiting)
    )
    if not late:
        return words % {"n": len(waiting)}
    later = ngettext("One of them is overdue.", "%(n)s of them are overdue.", late)
    return f"{words % {'n': len(waiting)}} {later % {'n': late}}"


def _row(request: MemberRequest, one: FollowUp, at: datetime, mask: Mask) -> dict[str, Any]:
    kind = one.item.kind
    final = final_of(one.outcome)
    content = getattr(one, "content", None)
    return {
        "id": one.pk,
        "label": one.item.external_id,
        "item_url": item_address(one.item_id, request.viewer),
        "source": one.item.source.name,
        "got": "" if one.item.content.redacted_at else text_of(kind, exact_body_of(mask.item(one.item))["output"]),
        "right": mask.text(text_of(kind, final)) if final is not None else "",
        "due": due(one.due_at, at),
        "owner": one.owner,
        "mine": one.owner_id == request.user.pk,
        "may_hand_on": one.owner_id == request.user.pk or request.viewer.may("lead"),
        "may_reopen": one.done_by_id == request.user.pk or request.viewer.may("lead"),
        "note": content.note if content and not content.redacted_at else "",
        "done_at": one.done_at,
        "done_by": one.done_by,
    }


def _people(request: MemberRequest) -> list[User]:
    members = colleagues_of(request.viewer)
    return [one.user for one in members if can(one.role, "review") and one.user_id != request.user.pk]


# --- doing it ----------------------------------------------------------------------------------------------------


@require_POST
@member_page("review", "lead")
def follow_up_take(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Take a follow-up that nobody has."""
    return _give(request, _one(request, pk), request.user, _("%(item)s is yours."))


@require_POST
@member_page("review", "lead")
def follow_up_hand_on(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Give a follow-up to a colleague."""
    found = _one(request, pk)
    to = next((one for one in _people(request) if str(one.pk) == request.POST.get("to")), None)
    if to is None:
        raise NotThere
    return _give(request, found, to, _("%(item)s is with %(name)s."))


def _give(request: MemberRequest, found: FollowUp, to: User, words: str) -> HttpResponse:
    try:
        pipeline.take_follow_up(follow_up=found, to=to, by=request.viewer, now=now())
    except (Conflict, NotAllowed) as error:
        messages.error(request, error.detail)
        return redirect("follow_ups")
    messages.success(request, words % {"item": found.item.external_id, "name": to.name})
    return redirect("follow_ups")


@require_POST
@member_page("review", "lead")
def follow_up_done(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Note that a wrong answer was made good, and how."""
    found = _one(request, pk)
    note = request.POST.get("note", "").replace("\x00", "").strip()[:LONGEST_NOTE]
    try:
        pipeline.finish_follow_up(follow_up=found, by=request.viewer.actor, user=request.user, note=note, now=now())
    except Conflict as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, _("%(item)s is made good.") % {"item": found.item.external_id})
    return redirect("follow_ups")


@require_POST
@member_page("review", "lead")
def follow_up_undo(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Take back that it is done."""
    found = _one(request, pk)
    try:
        pipeline.reopen_follow_up(follow_up=found, by=request.viewer, now=now())
    except (Conflict, NotAllowed) as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, _("%(item)s is open again.") % {"item": found.item.external_id})
    return redirect("follow_ups")


def _one(request: MemberRequest, pk: UUID) -> FollowUp:
    found = follow_ups_visible_to(request.viewer).filter(pk=pk).first()
    if found is None:
        raise NotThere
    return found
