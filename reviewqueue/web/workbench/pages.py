"""The workbench's pages as answers: a turn, a turn that is over, nothing to do."""

from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from reviewqueue.assignment.actions import begin
from reviewqueue.assignment.models import Assignment
from reviewqueue.assignment.queries import held_by
from reviewqueue.common.clock import now
from reviewqueue.queues.queries import stops_of
from reviewqueue.triage.models import QueueEntry

from ..context import MemberRequest
from .form import Typed
from .showing import answer_of, bar, due, turn_context, typed_text

#: Where the session remembers that somebody takes from one queue only.
ONE_QUEUE = "taking_from"


def shown(
    request: MemberRequest,
    own: Assignment,
    *,
    typed: Typed | None = None,
    errors: dict | None = None,
    status: int = 200,
) -> HttpResponse:
    """Answer with an open turn."""
    at = now()
    begin(assignment=own, now=at)
    context = turn_context(request, own, now=at, typed=typed, errors=errors)
    return _rendered(request, "workbench/workbench.html", context, reverse("turn", args=[own.pk]), status)


def nothing_left(request: MemberRequest, *, stopped: bool = False) -> HttpResponse:
    """Answer that there is nothing for this person, and forget the one queue they had chosen.

    ``stopped``: not because nothing waits, but because nothing is handed out.
    """
    where = "queue" if request.session.pop(ONE_QUEUE, None) else "queues"
    where = "stopped" if stopped else where
    if not request.htmx:
        return redirect(reverse("workbench", query={"empty": where}))
    return resting(request, where)


def resting(request: MemberRequest, empty: str) -> HttpResponse:
    """Answer with the workbench between two turns; ``empty`` says where there was nothing to take."""
    if empty == "stopped":
        title = _("Nothing is handed out at the moment.")
        return idle(request, title=title, text=_("It goes on by itself as soon as a lead lets it. Try again then."))
    if empty and stops_of(request.viewer.workspace_id):
        text = _("What is stopped is handed out to nobody; nothing else in your queues is for you now.")
    elif empty == "queue":
        text = _("This queue has nothing more for you. Your other queues may have.")
    elif empty:
        text = _("What is left in your queues is in somebody's hands, or you have judged it already.")
    else:
        title, text = _("You hold nothing at the moment."), _("Take the next item when you are ready.")
        return idle(request, title=title, text=text)
    return idle(request, title=_("Nothing waits for you."), text=text)


def over(request: MemberRequest, own: Assignment, typed: Typed, *, status: int = 200) -> HttpResponse:
    """Answer that a turn is over, and give back what was typed."""
    submitted = own.end_reason == Assignment.End.SUBMITTED
    title = _("You submitted this item.") if submitted else _("This turn is over, your text is kept.")
    text = typed_text(typed, own.item)
    kept = "" if submitted or text == answer_of(own.item) else text
    return idle(request, title=title, text=_why_over(own), kept=kept, status=status)


def ended(own: Assignment) -> str:
    """Return in words what became of a turn, for another window that still shows it."""
    submitted = own.end_reason == Assignment.End.SUBMITTED
    return _("You submitted this item.") if submitted else _why_over(own)


def _why_over(own: Assignment) -> str:
    if own.entry.end_reason == QueueEntry.End.WITHDRAWN:
        return _("The AI system no longer needs it.")
    words: dict[str, str] = {
        Assignment.End.SUBMITTED: _("Its outcome is on its way."),
        Assignment.End.RETURNED: _("You gave it back to its queue."),
        Assignment.End.EXPIRED: _("Nobody worked on it for a while, so it went back to its queue. Claim again."),
        Assignment.End.REASSIGNED: _("A lead took it back."),
        Assignment.End.SNOOZED: _("You put it aside; it comes back by itself."),
        Assignment.End.ESCALATED: _("It waits for a lead's decision."),
    }
    return words.get(own.end_reason, _("Somebody else has the item by now."))


def idle(request: MemberRequest, *, title: str, text: str, kept: str = "", status: int = 200) -> HttpResponse:
    """Answer with the workbench and nothing on it."""
    at = now()
    may_claim = request.viewer.may("review") or request.viewer.may("lead")
    context = {
        "idle": {"title": title, "text": text, "kept": kept, "may_claim": may_claim},
        "held": [_line(one, at) for one in held_by(request.viewer)],
        **bar(request, at),
    }
    return _rendered(request, "workbench/idle.html", context, reverse("workbench"), status)


def _line(own: Assignment, at: datetime) -> dict:
    """Return a held turn as a line of a list."""
    return {
        "url": reverse("turn", args=[own.pk]),
        "label": own.item.external_id,
        "queue": own.entry.queue.name,
        "due": due(own.entry.due_at, at),
    }


def _rendered(request: MemberRequest, template: str, context: dict, address: str, status: int) -> HttpResponse:
    if not request.htmx:
        return render(request, template, context, status=status)
    response = render(request, f"{template}#turn", context, status=status)
    response["HX-Replace-Url"] = address
    return response
