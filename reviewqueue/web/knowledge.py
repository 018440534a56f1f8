"""Knowledge fixes: articles that are wrong or missing, ranked by the items that they spoiled."""

from collections.abc import Callable
from datetime import timedelta
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
from reviewqueue.common.clock import now
from reviewqueue.common.errors import NotThere, ProductError
from reviewqueue.edgecases.models import KnowledgeFix
from reviewqueue.edgecases.queries import fixes_visible_to

from .access import member_page
from .context import MemberRequest
from .item import find_item

DONE_FOR = timedelta(days=30)
MOST = 200
LONGEST_TEXT = 10_000


@require_GET
@never_cache
@member_page("review", "see_items")
def knowledge(request: MemberRequest) -> HttpResponse:
    """Show the articles to be mended, those first that spoiled most, and what was mended lately."""
    fixes = fixes_visible_to(request.viewer)
    waiting = list(fixes.filter(done_at=None)[:MOST])
    done = fixes.filter(done_at__gte=now() - DONE_FOR).order_by("-done_at")[:MOST]
    context = {
        "finding": _finding(waiting),
        "waiting": waiting,
        "done": done,
        "may_act": request.viewer.may("review"),
    }
    return render(request, "knowledge/knowledge.html", context)


def _finding(waiting: list[Any]) -> str:
    if not waiting:
        return _("No article is known to be wrong or missing.")
    words = ngettext("One article is wrong or missing.", "%(n)s articles are wrong or missing.", len(waiting))
    return words % {"n": len(waiting)}


@require_POST
@member_page("review")
def knowledge_note(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Note that an article of an item is wrong, or that one is missing."""
    item, sent = find_item(request.viewer, pk), request.POST
    article = sent.get("article", "")
    try:
        pipeline.note_knowledge(
            item=item,
            problem="wrong" if article else "missing",
            article=article,
            title=_clean(sent.get("title", "")),
            note=_clean(sent.get("note", "")),
            by=request.viewer,
            now=now(),
        )
    except ProductError as error:
        messages.error(request, error.places[0].detail if error.places else error.detail)
    else:
        messages.success(request, _("Noted. It stands among the knowledge fixes."))
    return redirect("item", item.pk)


@require_POST
@member_page("review")
def knowledge_take(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Take an article to mend it."""
    fix = _one(request, pk)
    return _changed(
        request,
        lambda: pipeline.take_fix(fix=fix, to=request.user, by=request.viewer, now=now()),
        _("%(title)s is yours to mend.") % {"title": fix.content.title},
    )


@require_POST
@member_page("review")
def knowledge_done(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Note that an article is mended, and how."""
    fix, note = _one(request, pk), _clean(request.POST.get("note", ""))
    return _changed(
        request,
        lambda: pipeline.finish_fix(fix=fix, note=note, by=request.viewer, now=now()),
        _("%(title)s is mended.") % {"title": fix.content.title},
    )


@require_POST
@member_page("review")
def knowledge_undo(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Take back that an article is mended."""
    fix = _one(request, pk)
    return _changed(
        request,
        lambda: pipeline.reopen_fix(fix=fix, by=request.viewer, now=now()),
        _("%(title)s is still to be mended.") % {"title": fix.content.title},
    )


def _changed(request: MemberRequest, change: Callable[[], None], words: str) -> HttpResponse:
    try:
        change()
    except ProductError as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, words)
    return redirect("knowledge")


def _one(request: MemberRequest, pk: UUID) -> KnowledgeFix:
    found = fixes_visible_to(request.viewer).filter(pk=pk).first()
    if found is None:
        raise NotThere
    return found


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()[:LONGEST_TEXT]
