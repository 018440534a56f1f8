"""Reporting a bad answer met anywhere: by its link or id, by any member of the workspace; and what came of it."""

import re
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from reviewqueue import pipeline
from reviewqueue.common.clock import now
from reviewqueue.common.errors import NotThere
from reviewqueue.intake.models import Item, State
from reviewqueue.intake.queries import exact_body_of, sources_visible_to, visible_to
from reviewqueue.review.queries import newest_outcome
from reviewqueue.triage.models import Signal
from reviewqueue.triage.queries import reported_by

from .access import member_page
from .context import MemberRequest
from .covering import cover_of
from .kinds.answers import shown_answer, text_of
from .masking import Mask, masks
from .workbench.showing import item_address

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
LONGEST_NOTE = 10_000
MOST = 50


@require_http_methods(["GET", "POST"])
@never_cache
@member_page()
def report(request: MemberRequest) -> HttpResponse:
    """Find the answer, be sure that it is the one, and say what is wrong with it."""
    if request.method == "POST":
        return _reported(request)
    asked, mask = _asked(request), masks(request.viewer)
    found = _found(request, asked)
    context = {
        "asked": asked,
        "sources": sources_visible_to(request.viewer).order_by("name"),
        "several": len(found) > 1,
        "missing": bool(asked["q"]) and not found,
        "answer": _answer(found[0], mask(found[0])) if len(found) == 1 else None,
        "mine": [_mine(request, one, mask(one.item)) for one in reported_by(request.viewer)[:MOST]],
    }
    return render(request, "report/report.html", context, status=404 if context["missing"] else 200)


def _asked(request: MemberRequest) -> dict[str, str]:
    """Return what the address says: a link or id, however a help desk has named it, and the source."""
    given = request.GET
    q = given.get("q") or given.get("item") or given.get("external_id") or ""
    return {"q": q.replace("\x00", "").strip()[:500], "source": given.get("source", "").replace("\x00", "")[:50]}


def _found(request: MemberRequest, asked: dict[str, str]) -> list[Item]:
    """Return the answers meant: one, none, or several sources' when their ids are alike."""
    if not asked["q"]:
        return []
    items = visible_to(request.viewer).select_related("source", "content", "now_at")
    named = items.filter(external_id=asked["q"], source__in=_sources(request, asked["source"]))
    by_id = _ID.search(asked["q"])
    return list(named[:2]) or (list(items.filter(pk=by_id[0])) if by_id else [])


def _sources(request: MemberRequest, slug: str) -> list[Any]:
    sources = sources_visible_to(request.viewer)
    return list(sources.filter(slug=slug) if slug else sources)


def _answer(found: Item, mask: Mask) -> dict[str, Any]:
    """Return just enough to be sure that this is the answer meant."""
    erased = found.content.redacted_at
    found = mask.item(found)
    return {
        "id": found.pk,
        "label": found.external_id,
        "source": found.source.name,
        "at": found.occurred_at,
        "shown": None if erased else shown_answer(found.kind, exact_body_of(found)["output"], cover=cover_of(found)),
    }


def _reported(request: MemberRequest) -> HttpResponse:
    wanted = _ID.fullmatch(request.POST.get("item", ""))
    found = visible_to(request.viewer).filter(pk=wanted[0]).first() if wanted else None
    if found is None:
        raise NotThere
    note = request.POST.get("note", "").replace("\x00", "").strip()[:LONGEST_NOTE]
    done = pipeline.signal(
        item=found,
        kind=Signal.Kind.REPORT,
        note=note,
        reported_by=request.user,
        by=request.viewer.actor,
        now=now(),
    )
    address = reverse("report_thanks", args=[done.signal.pk])
    return redirect(address if done.new else f"{address}?{urlencode({'again': 1})}")


@require_GET
@never_cache
@member_page()
def report_thanks(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Say what happens next with a report of one's own, and how it stands."""
    own = reported_by(request.viewer).filter(pk=pk).first()
    if own is None:
        raise NotThere
    context = {"report": _mine(request, own, masks(request.viewer)(own.item)), "again": "again" in request.GET}
    return render(request, "report/thanks.html", context)


def _mine(request: MemberRequest, one: Signal, mask: Mask) -> dict[str, Any]:
    return {
        "id": one.pk,
        "url": reverse("report_thanks", args=[one.pk]),
        "label": one.item.external_id,
        "source": one.item.source.name,
        "snippet": _snippet(mask.item(one.item)),
        "at": one.raised_at,
        "note": "" if one.content.redacted_at else one.content.note,
        "item_url": item_address(one.item_id, request.viewer),
        **_standing(one),
    }


def _snippet(found: Item) -> str:
    """Return a line of the answer; never what the customer said, which not everybody may see."""
    return "" if found.content.redacted_at else text_of(found.kind, exact_body_of(found)["output"])[:200]


def _standing(one: Signal) -> dict[str, Any]:
    """Return how a report stands, in words, and whether it has been answered."""
    state = State(one.item.now_at.state)
    outcome = newest_outcome(one.item_id) if state == State.SETTLED else None
    if outcome and outcome.settled_at >= one.raised_at:
        return {"words": _decided(outcome.decision), "answered": True}
    words = {
        State.RECEIVED: _("It has just come in and is being sorted."),
        State.QUEUED: _("It waits for a reviewer."),
        State.IN_REVIEW: _("A reviewer is looking at it."),
        State.ESCALATED: _("A lead decides about it."),
    }
    return {"words": words.get(state, _("It is being looked at.")), "answered": False}


def _decided(decision: str) -> str:
    words = {
        "approve": _("A person looked at it: the answer was right."),
        "edit": _("A person looked at it and corrected the answer."),
        "reject": _("A person looked at it: the answer was wrong and is withheld."),
    }
    return words.get(decision, _("A person has decided it."))
