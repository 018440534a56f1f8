"""How one queue works: reviews, who sees whom, who decides between reviewers, and what they are asked to heed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from reviewqueue.accounts.access import can
from reviewqueue.accounts.queries import members_visible_to
from reviewqueue.audit.actions import Actor
from reviewqueue.common.background import ring
from reviewqueue.common.clock import now
from reviewqueue.common.errors import Invalid, ProductError
from reviewqueue.queues.actions import Settings, add_queue, change_queue, join_queue, leave_queue, write_rubric
from reviewqueue.queues.models import Queue
from reviewqueue.queues.queries import current_rubric, takers_of, visible_to

from .access import member_page
from .context import MemberRequest
from .languages import other_languages
from .parameters import identifier, whole
from .sources import sources_page

MOST_LINES, LONGEST_LINE = 50, 500


@dataclass(frozen=True, slots=True)
class Guidelines:
    """Guidelines as they were written first, and in other languages."""

    lines: list[str]
    in_languages: dict[str, list[str]]


@require_POST
@member_page("administer", "lead")
def queue_add(request: MemberRequest) -> HttpResponse:
    """Add a queue, which then waits for rules that send to it and people who take from it."""
    name, slug = (" ".join(request.POST.get(one, "").replace("\x00", "").split()) for one in ("name", "slug"))
    slug = slug or slugify(name)[:50]
    viewer = request.viewer
    try:
        added = add_queue(workspace_id=viewer.workspace_id, slug=slug, name=name, by=viewer.actor, now=now())
    except ProductError as error:
        return sources_page(request, error, of_queue=True)
    messages.success(request, _("%(name)s is there. Say how it works, and who takes from it.") % {"name": added.name})
    return redirect("settings_queue", added.slug)


@require_http_methods(["GET", "POST"])
@never_cache
@member_page("administer", "lead")
def queue(request: MemberRequest, slug: str) -> HttpResponse:
    """Show how a queue works; a lead says it anew on POST."""
    found = get_object_or_404(visible_to(request.viewer), slug=slug)
    if request.method == "GET":
        return _page(request, found, _as_is(found), _guidelines(found), _takers(found))
    typed, said = _typed(request), _said(request, found)
    try:
        _save(request, found, typed, said)
    except Invalid as error:
        return _page(request, found, typed, said, _named(request, "taker"), error)
    ring("deal", found.workspace_id)
    messages.success(request, _("%(name)s works like this for what comes from now on.") % {"name": typed.name})
    return redirect("settings_queue", found.slug)


def _save(request: MemberRequest, found: Queue, typed: Settings, said: Guidelines) -> None:
    at, by = now(), request.viewer.actor
    with transaction.atomic():
        _let_take(request, found, by, at)
        change_queue(queue=found, to=typed, by=by, now=at)
        if said != _guidelines(found):
            write_rubric(
                queue=found,
                guidelines=said.lines,
                in_languages=said.in_languages,
                by=request.user,
                actor=by,
                now=at,
            )


def _let_take(request: MemberRequest, found: Queue, by: Actor, at: datetime) -> None:
    """Change who takes from the queue by what was ticked and unticked: what others changed meanwhile stays."""
    takes, took = _named(request, "taker"), _named(request, "took")
    for one in members_visible_to(request.viewer).filter(user_id__in=takes ^ took):
        if one.user_id not in takes:
            leave_queue(queue=found, user=one.user, by=by, now=at)
        elif can(one.role, "review"):
            join_queue(queue=found, user=one.user, by=by, now=at)


def _as_is(found: Queue) -> Settings:
    return Settings(**{name: getattr(found, name) for name in Settings.__dataclass_fields__})


def _guidelines(found: Queue) -> Guidelines:
    rubric = current_rubric(found)
    return Guidelines(list(rubric.guidelines), dict(rubric.in_languages)) if rubric else Guidelines([], {})


def _takers(found: Queue) -> set[UUID]:
    return {one.user_id for one in takers_of(found)}


def _named(request: MemberRequest, name: str) -> set[UUID]:
    return {pk for one in request.POST.getlist(name) if (pk := identifier(one))}


def _said(request: MemberRequest, found: Queue) -> Guidelines:
    """Return the guidelines that were typed; languages that the page did not ask for stay as they are."""
    named = {code: f"guidelines_{code}" for code in dict(settings.LANGUAGES)}
    typed = {code: _lines(request.POST[name]) for code, name in named.items() if name in request.POST}
    words = {**_guidelines(found).in_languages, **typed}
    return Guidelines(
        _lines(request.POST.get("guidelines", "")), {code: lines for code, lines in words.items() if lines}
    )


def _typed(request: MemberRequest) -> Settings:
    post = request.POST
    return Settings(
        name=post.get("name", "").replace("\x00", "").strip(),
        reviews_required=whole(post.get("reviews_required"), 0),
        lease_seconds=whole(post.get("lease_seconds"), 0),
        due_minutes=whole(post.get("due_minutes"), 0),
        hides_confidence="hides_confidence" in post,
        blind="blind" in post,
        agreement=post.get("agreement", ""),
        adjudicator_id=identifier(post.get("adjudicator")),
    )


def _lines(text: str) -> list[str]:
    lines = [line.strip()[:LONGEST_LINE] for line in text.replace("\x00", "").splitlines()]
    return [line for line in lines if line][:MOST_LINES]


def _page(
    request: MemberRequest,
    found: Queue,
    form: Settings,
    said: Guidelines,
    takers: set[UUID],
    error: Invalid | None = None,
) -> HttpResponse:
    members = [one for one in members_visible_to(request.viewer) if can(one.role, "review")]
    languages = other_languages(found.workspace_id, said.in_languages)
    took = _named(request, "took") if error else takers
    context: dict[str, Any] = {
        "section": "sources",
        "may_administer": request.viewer.may("administer"),
        "queue": found,
        "form": form,
        "guidelines": "\n".join(said.lines),
        "languages": [
            {"code": code, "name": name, "text": "\n".join(said.in_languages.get(code, []))}
            for code, name in languages
        ],
        "rubric": current_rubric(found),
        "people": [one.user for one in takers_of(found)],
        "members": [{"member": one, "takes": one.user_id in takers, "took": one.user_id in took} for one in members],
        "error": error.in_full if error else "",
    }
    return render(request, "settings/queue.html", context, status=error.status if error else 200)
