"""Who answers for what, with the gaps; and how long the ladder waits before it tells the next."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from reviewqueue import pipeline
from reviewqueue.common.clock import now
from reviewqueue.common.errors import NotThere, ProductError
from reviewqueue.edgecases.models import Ownership
from reviewqueue.edgecases.queries import answering, ladder_minutes, ownerships, topics_seen
from reviewqueue.edgecases.rules import LADDER, most_specific
from reviewqueue.intake.queries import sources_visible_to
from reviewqueue.queues.queries import reason_codes, reason_labels

from .access import member_page
from .context import MemberRequest
from .languages import offered
from .parameters import identifier, whole

SEEN_FOR = timedelta(days=90)
RUNGS = {
    "owner": gettext_lazy("the owner"),
    "deputy": gettext_lazy("the deputy"),
    "lead": gettext_lazy("every lead"),
    "admin": gettext_lazy("every admin"),
}


@require_GET
@never_cache
@member_page("lead", "see_items")
def ownership(request: MemberRequest) -> HttpResponse:
    """Show who answers for each source and topic that was escalated lately, and for whom nobody does."""
    table = ownerships(request.viewer.workspace_id)
    rows = _rows(request, table)
    minutes = ladder_minutes(request.viewer.workspace_id)
    may = request.viewer.may("lead")
    context = {
        "rows": rows,
        "said": table,
        "finding": _finding(sum(one["answers"] is None for one in rows), len(rows)),
        "people": [one.user for one in answering(request.viewer.workspace_id)],
        "sources": sources_visible_to(request.viewer).order_by("name"),
        "reasons": offered(request.viewer),
        "labels": reason_labels(request.viewer, get_language() or ""),
        "rungs": [{"name": name, "words": RUNGS[name], "minutes": minutes[name]} for name in LADDER],
        "may_lead": may,
        "asked": {name: request.GET.get(name, "")[:80] for name in ("source", "topic", "reason", "owner", "deputy")},
    }
    return render(request, "ownership/ownership.html", context)


def _rows(request: MemberRequest, table: list[Ownership]) -> list[dict[str, Any]]:
    seen = topics_seen(workspace_id=request.viewer.workspace_id, since=now() - SEEN_FOR)
    rows = []
    for source in sources_visible_to(request.viewer).order_by("name"):
        topics = sorted({"", *(topic for pk, topic in seen if pk == source.pk)})
        for topic in topics:
            answers = most_specific(table, source_id=source.pk, topics=[topic], reasons=())
            rows.append(
                {"source": source, "topic": topic, "answers": answers, "asked": seen.get((source.pk, topic), 0)}
            )
    return rows


def _finding(gaps: int, rows: int) -> str:
    if not rows:
        return _("There is nothing yet that somebody could answer for.")
    if not gaps:
        return _("Somebody answers for everything.")
    return ngettext("Nobody answers for one topic.", "Nobody answers for %(n)s topics.", gaps) % {"n": gaps}


@require_POST
@member_page("lead")
def ownership_set(request: MemberRequest) -> HttpResponse:
    """Let somebody answer for a source, a topic and a reason."""
    sent, source = request.POST, None
    if sent.get("source"):
        source = sources_visible_to(request.viewer).filter(slug=sent["source"]).first()
        if source is None:
            raise NotThere
    reason = sent.get("reason", "")
    if reason and not reason_codes(request.viewer).filter(slug=reason).exists():
        raise NotThere
    owner = identifier(sent.get("owner"))
    if owner is None:
        messages.error(request, _("Choose who answers for it."))
        return _again(request)
    try:
        pipeline.set_owner(
            source=source,
            topic=sent.get("topic", "").replace("\x00", "").strip()[:80],
            reason=reason,
            owner_id=owner,
            deputy_id=identifier(sent.get("deputy")),
            by=request.viewer,
            now=now(),
        )
    except ProductError as error:
        messages.error(request, error.detail)
        return _again(request)
    messages.success(request, _("Saved. New questions and edge cases go to them."))
    return redirect("ownership")


def _again(request: MemberRequest) -> HttpResponse:
    """Return to the page with the form as it was filled in."""
    typed = {name: request.POST.get(name, "") for name in ("source", "topic", "reason", "owner", "deputy")}
    return redirect(f"{reverse('ownership')}?{urlencode(typed)}#name")


@require_POST
@member_page("lead")
def ownership_end(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Take what was said of an owner back."""
    found = next((one for one in ownerships(request.viewer.workspace_id) if one.pk == pk), None)
    if found is None:
        raise NotThere
    pipeline.end_owner(ownership=found, by=request.viewer, now=now())
    messages.success(request, _("Removed."))
    return redirect("ownership")


@require_POST
@member_page("lead")
def ownership_ladder(request: MemberRequest) -> HttpResponse:
    """Say how long each rung waits."""
    minutes = {rung: whole(request.POST.get(rung), LADDER[rung]) for rung in LADDER}
    try:
        pipeline.set_ladder(minutes=minutes, by=request.viewer, now=now())
    except ProductError as error:
        messages.error(request, error.places[0].detail if error.places else error.detail)
    else:
        messages.success(request, _("Saved."))
    return redirect("ownership")
