"""Edge cases: unclear classes of items, their owner, discussion and ruling, and what happened since."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from reviewqueue import pipeline
from reviewqueue.common.clock import now
from reviewqueue.common.errors import Conflict, NotThere, ProductError
from reviewqueue.edgecases.models import EdgeCase
from reviewqueue.edgecases.queries import answering, cases_visible_to, counted, members_of, open_cases, steps_calling
from reviewqueue.review.models import Escalation
from reviewqueue.review.queries import escalations_visible_to

from .access import member_page
from .calling import called
from .context import MemberRequest
from .edge_case import case_context
from .parameters import identifier
from .workbench.showing import due

MOST = 200
LONGEST_TEXT = 10_000


@require_GET
@never_cache
@member_page("lead", "see_items")
def edge_cases(request: MemberRequest) -> HttpResponse:
    """Show the workspace's edge cases: those that are open, unowned, overdue, or over."""
    at, shown = now(), request.GET.get("show", "open")
    lists = _lists(request, at)
    chosen = shown if shown in lists else "open"
    waiting = open_cases(request.viewer)
    context = {
        "shown": chosen,
        "tabs": [{"name": name, "title": title, "n": rows.count()} for name, (title, rows) in lists.items()],
        "rows": [_row(one, at) for one in counted(lists[chosen][1])[:MOST]],
        "finding": _finding(
            waiting.count(), waiting.filter(owner=None).count(), waiting.filter(due_at__lt=at).count()
        ),
        "calling": [called(request, one) for one in steps_calling(request.viewer)[:20]],
        "may_lead": request.viewer.may("lead"),
    }
    return render(request, "edge_cases/edge_cases.html", context)


def _lists(request: MemberRequest, at: datetime) -> dict[str, tuple[str, QuerySet[EdgeCase]]]:
    waiting, all_of_them = open_cases(request.viewer), cases_visible_to(request.viewer)
    return {
        "open": (_("Open"), waiting),
        "unowned": (_("Of nobody"), waiting.filter(owner=None)),
        "overdue": (_("Overdue"), waiting.filter(due_at__lt=at)),
        "ruled": (_("Ruled"), all_of_them.filter(ruled_at__isnull=False).order_by("-ruled_at")),
        "dismissed": (_("Dismissed"), all_of_them.filter(dismissed_at__isnull=False).order_by("-dismissed_at")),
    }


def _finding(waiting: int, unowned: int, late: int) -> str:
    if not waiting:
        return _("No edge case waits for its ruling.")
    words = ngettext("One edge case waits for its ruling.", "%(n)s edge cases wait for their ruling.", waiting)
    more = [
        ngettext("One of them has no owner.", "%(n)s of them have no owner.", unowned) % {"n": unowned}
        if unowned
        else "",
        ngettext("One of them is overdue.", "%(n)s of them are overdue.", late) % {"n": late} if late else "",
    ]
    return " ".join([words % {"n": waiting}, *[one for one in more if one]])


def _row(case: Any, at: datetime) -> dict[str, Any]:
    return {
        "id": case.pk,
        "title": case.content.title,
        "owner": case.owner,
        "due": due(case.due_at, at) if case.is_open else None,
        "grouped": case.grouped,
        "settled": case.settled,
        "ended_at": case.ruled_at or case.dismissed_at,
    }


@require_GET
@never_cache
@member_page("lead", "see_items")
def edge_case(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Show one case: its items, what was said of it, its ruling and what happened since."""
    return render(request, "edge_cases/edge_case.html", case_context(request, find(request, pk), now()))


def find(request: MemberRequest, pk: UUID) -> EdgeCase:
    """Return a case that the person may see. Raises NotThere."""
    found = cases_visible_to(request.viewer).filter(pk=pk).first()
    if found is None:
        raise NotThere
    return found


# --- opening and grouping ---------------------------------------------------------------------------------------


@require_POST
@member_page("lead")
def edge_case_open(request: MemberRequest) -> HttpResponse:
    """Open a case for one escalation or more."""
    chosen = _escalations(request)
    try:
        case = pipeline.open_case(
            title=_text(request, "title"),
            description=_text(request, "description"),
            escalations=chosen,
            by=request.viewer,
            now=now(),
        )
    except ProductError as error:
        messages.error(request, error.detail)
        return redirect("my_queue")
    messages.success(request, _("The edge case is open. Give it an owner, then its ruling settles its items."))
    return redirect("edge_case", case.pk)


@require_POST
@member_page("lead")
def edge_case_add(request: MemberRequest) -> HttpResponse:
    """Put an escalation into a case that is chosen in the form."""
    case = find(request, identifier(request.POST.get("case")) or UUID(int=0))
    return _add(request, case)


@require_POST
@member_page("lead")
def edge_case_items(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Put escalations into this case that are like those in it."""
    return _add(request, find(request, pk))


def _add(request: MemberRequest, case: EdgeCase) -> HttpResponse:
    chosen = _escalations(request)

    def add() -> str:
        added = pipeline.add_to_case(case=case, escalations=chosen, by=request.viewer, now=now())
        return ngettext("One item was added.", "%(n)s items were added.", added) % {"n": added}

    return changed(request, case, add)


def _escalations(request: MemberRequest) -> list[Escalation]:
    """Return the escalations named in the form; one that is not there is like one that was never there."""
    ids = set(request.POST.getlist("escalation"))
    named = [pk for one in ids if (pk := identifier(one))]
    found = list(escalations_visible_to(request.viewer).filter(pk__in=named))
    if len(found) != len(ids):
        raise NotThere
    return found


@require_POST
@member_page("lead")
def edge_case_take_out(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Take an item out of its case."""
    case = find(request, pk)
    chosen = request.POST.get("member", "")
    member = next((one for one in members_of(case) if str(one.pk) == chosen), None)

    def take_out() -> str:
        if member is None:
            raise Conflict("This item is no longer in the edge case.")
        pipeline.take_out(member=member, by=request.viewer, now=now())
        return _("%(item)s waits for a decision of its own.") % {"item": member.item.external_id}

    return changed(request, case, take_out)


# --- whose it is, and what is said of it --------------------------------------------------------------------------


@require_POST
@member_page("lead")
def edge_case_hand(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Say who owns a case, who stands in, and when it is due."""
    case = find(request, pk)
    here = {one.user_id for one in answering(request.viewer.workspace_id)}
    owner, deputy = (identifier(request.POST.get(name)) for name in ("owner", "deputy"))
    if {owner, deputy} - here - {None}:
        raise NotThere

    def hand() -> str:
        due_at = _moment(request.POST.get("due_at", "")) or case.due_at
        pipeline.hand_case(case=case, owner_id=owner, deputy_id=deputy, due_at=due_at, by=request.viewer, now=now())
        return _("Saved.")

    return changed(request, case, hand)


def _moment(text: str) -> datetime | None:
    """Return a time as a form gives it, in the person's zone; None when it cannot be read or is years away."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    if found is None:
        return None
    aware = found if timezone.is_aware(found) else timezone.make_aware(found)
    return aware if abs(aware - now()) < timedelta(days=3650) else None


@require_POST
@member_page("lead")
def edge_case_comment(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Say something about a case."""
    case = find(request, pk)

    def say() -> str:
        pipeline.comment(case=case, text=_text(request, "text"), by=request.viewer, now=now())
        return ""

    return changed(request, case, say)


@require_POST
@member_page("lead")
def edge_case_dismiss(request: MemberRequest, pk: UUID) -> HttpResponse:
    """End a case without a ruling."""
    case = find(request, pk)

    def dismiss() -> str:
        pipeline.dismiss_case(case=case, because=_text(request, "because"), by=request.viewer, now=now())
        return _("Dismissed. Its items wait for a decision of their own.")

    return changed(request, case, dismiss)


@require_POST
@member_page("lead")
def edge_case_reopen(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Open a dismissed case again."""
    case = find(request, pk)

    def reopen() -> str:
        pipeline.reopen_case(case=case, by=request.viewer, now=now())
        return _("Open again.")

    return changed(request, case, reopen)


def changed(request: MemberRequest, case: EdgeCase, change: Callable[[], str]) -> HttpResponse:
    """Make a change to a case and go back to it, with what became of it or what stood in its way."""
    try:
        words = change()
    except (Conflict, ProductError) as error:
        messages.error(request, error.places[0].detail if error.places else error.detail)
    else:
        if words:
            messages.success(request, words)
    return redirect("edge_case", case.pk)


def _text(request: MemberRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\x00", "").strip()[:LONGEST_TEXT]
