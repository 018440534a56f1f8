"""Reasons: what reviewers can point at when an answer is wrong, in the order of their keys."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from reviewqueue.audit.actions import Actor
from reviewqueue.common.clock import now
from reviewqueue.common.errors import ProductError
from reviewqueue.queues.actions import add_reason, bring_back_reason, change_reason, move_reason, retire_reason
from reviewqueue.queues.models import ReasonCode
from reviewqueue.queues.queries import reason_codes, reasons_retired

from .access import member_page
from .context import MemberRequest
from .languages import other_languages

Done = Callable[[ReasonCode, Actor, datetime], None]


@require_http_methods(["GET", "POST"])
@never_cache
@member_page("administer", "lead")
def reasons(request: MemberRequest) -> HttpResponse:
    """List the reasons that reviewers choose from; a lead adds one on POST."""
    if request.method == "GET":
        return _page(request)
    try:
        added = add_reason(
            workspace_id=request.viewer.workspace_id,
            slug=_line(request, "slug"),
            label=_line(request, "label"),
            in_languages=_in_languages(request),
            by=request.viewer.actor,
            now=now(),
        )
    except ProductError as error:
        return _page(request, error)
    messages.success(request, _("Reviewers can choose “%(label)s” from now on.") % {"label": added.label})
    return redirect("settings_reasons")


@require_POST
@member_page("administer", "lead")
def reason_change(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Call a reason something else."""

    def change(reason: ReasonCode, by: Actor, at: datetime) -> None:
        words = {**reason.in_languages, **_in_languages(request)}
        change_reason(reason=reason, label=_line(request, "label"), in_languages=words, by=by, now=at)

    return _done(request, pk, change, _("It is called that from now on, for what was reviewed too."))


@require_POST
@member_page("administer", "lead")
def reason_move(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Let a reason change places with the one before or after it."""
    up = request.POST.get("up") == "1"
    return _done(request, pk, lambda reason, by, at: move_reason(reason=reason, up=up, by=by, now=at))


@require_POST
@member_page("administer", "lead")
def reason_retire(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Offer a reason no more, or again."""
    if request.POST.get("back") == "1":
        return _done(request, pk, lambda reason, by, at: bring_back_reason(reason=reason, by=by, now=at))
    said = _("Reviewers are not offered it any more; what was reviewed keeps it.")
    return _done(request, pk, lambda reason, by, at: retire_reason(reason=reason, by=by, now=at), said)


def _done(request: MemberRequest, pk: UUID, do: Done, said: str = "") -> HttpResponse:
    reason = get_object_or_404(ReasonCode, pk=pk, workspace_id=request.viewer.workspace_id)
    try:
        do(reason, request.viewer.actor, now())
    except ProductError as error:
        return _page(request, error, of=reason)
    if said:
        messages.success(request, said)
    return redirect("settings_reasons")


def _page(request: MemberRequest, error: ProductError | None = None, of: ReasonCode | None = None) -> HttpResponse:
    """Show the page; what was typed for the reason ``of``, or for a new one, stays in its fields."""
    viewer = request.viewer
    every = [*reason_codes(viewer)]
    written = {language for one in every for language in one.in_languages}
    languages = other_languages(viewer.workspace_id, written)
    typed = _called(_line(request, "label"), _in_languages(request), languages) if error else None
    context = {
        "section": "reasons",
        "may_administer": viewer.may("administer"),
        "error": error.in_full if error else "",
        "reasons": [_row(one, languages, typed if of and one.pk == of.pk else None) for one in every],
        "retired": reasons_retired(viewer),
        "adding": typed if typed and of is None else _called("", {}, languages),
        "slug": _line(request, "slug") if typed and of is None else "",
    }
    return render(request, "settings/reasons.html", context, status=error.status if error else 200)


def _row(one: ReasonCode, languages: list[tuple[str, str]], typed: dict[str, Any] | None) -> dict[str, Any]:
    return {"reason": one, "called": typed or _called(one.label, one.in_languages, languages)}


def _called(label: str, words: dict[str, str], languages: list[tuple[str, str]]) -> dict[str, Any]:
    named = [{"code": code, "name": name, "words": words.get(code, "")} for code, name in languages]
    return {"label": label, "languages": named}


def _in_languages(request: MemberRequest) -> dict[str, str]:
    named = {code: f"label_{code}" for code in dict(settings.LANGUAGES)}
    return {code: _line(request, name) for code, name in named.items() if name in request.POST}


def _line(request: MemberRequest, name: str) -> str:
    return " ".join(request.POST.get(name, "").replace("\x00", "").split())
