"""How one queue works: reviews, who sees whom, who decides between reviewers, and what they are asked to heed."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from reviewqueue.accounts.models import User
from reviewqueue.common.clock import now
from reviewqueue.common.errors import Invalid
from reviewqueue.queues.actions import Settings, change_queue, write_rubric
from reviewqueue.queues.models import Queue
from reviewqueue.queues.queries import current_rubric, takers_of, visible_to

from .access import member_page
from .context import MemberRequest
from .parameters import identifier, whole

MOST_LINES, LONGEST_LINE = 50, 500


@require_http_methods(["GET", "POST"])
@never_cache
@member_page("administer", "lead")
def queue(request: MemberRequest, slug: str) -> HttpResponse:
    """Show how a queue works; a lead says it anew on POST."""
    found = get_object_or_404(visible_to(request.viewer), slug=slug)
    if request.method == "GET":
        return _page(request, found, _as_is(found), _guidelines(found))
    typed, lines = _typed(request), _lines(request.POST.get("guidelines", ""))
    try:
        _save(request, found, typed, lines)
    except Invalid as error:
        return _page(request, found, typed, lines, error)
    messages.success(request, _("%(name)s works like this for what comes from now on.") % {"name": typed.name})
    return redirect("settings_queue", found.slug)


def _save(request: MemberRequest, found: Queue, typed: Settings, lines: list[str]) -> None:
    at = now()
    with transaction.atomic():
        change_queue(queue=found, to=typed, by=request.viewer.actor, now=at)
        if lines != _guidelines(found):
            write_rubric(queue=found, guidelines=lines, by=request.user, actor=request.viewer.actor, now=at)


def _as_is(found: Queue) -> Settings:
    return Settings(**{name: getattr(found, name) for name in Settings.__dataclass_fields__})


def _guidelines(found: Queue) -> list[str]:
    rubric = current_rubric(found)
    return list(rubric.guidelines) if rubric else []


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
    request: MemberRequest, found: Queue, form: Settings, lines: list[str], error: Invalid | None = None
) -> HttpResponse:
    rubric = current_rubric(found)
    people: list[User] = [one.user for one in takers_of(found)]
    context: dict[str, Any] = {
        "section": "sources",
        "may_administer": request.viewer.may("administer"),
        "queue": found,
        "form": form,
        "guidelines": "\n".join(lines),
        "rubric": rubric,
        "people": people,
        "error": " ".join([error.detail, *(place.detail for place in error.places)]) if error else "",
    }
    return render(request, "settings/queue.html", context, status=error.status if error else 200)
