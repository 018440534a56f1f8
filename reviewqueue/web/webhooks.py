"""Webhooks: who is told of what, how each endpoint is, its secret, a test, a pause, and the end."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from reviewqueue.common.clock import now as clock_now
from reviewqueue.common.errors import Invalid, NotThere, ProductError
from reviewqueue.delivery import actions
from reviewqueue.delivery.addresses import AddressRefused
from reviewqueue.delivery.models import Webhook
from reviewqueue.delivery.queries import Waiting, waiting_for, webhooks_visible_to
from reviewqueue.delivery.rules import EVENTS, SETTLED, SUPERSEDED, Answer
from reviewqueue.delivery.sending import send_test
from reviewqueue.intake.models import Source
from reviewqueue.intake.queries import sources_visible_to

from .access import member_page
from .context import MemberRequest
from .delivery_log import log_page
from .delivery_words import refused, said_in_words
from .parameters import whole

HINTS = {
    SETTLED: gettext_lazy("an answer has its outcome"),
    SUPERSEDED: gettext_lazy("a published outcome has been replaced by a later one"),
    "item.escalated": gettext_lazy("an item waits for a lead"),
    "alert.raised": gettext_lazy("something waits unowned or unanswered for too long"),
    "overload.begun": gettext_lazy("the overload plan is at work: a share of what rules ask for passes"),
    "overload.ended": gettext_lazy("the overload plan is over"),
    "gate.timed_out": gettext_lazy("nobody decided on a held answer in time"),
    "follow_up.opened": gettext_lazy("a wrong answer that was given needs to be put right"),
    "dataset.released": gettext_lazy("a release is ready to be fetched"),
}


def webhook_of(request: MemberRequest, pk: UUID) -> Webhook:
    """Return a webhook of the viewer's workspace, or answer 404."""
    return get_object_or_404(webhooks_visible_to(request.viewer), pk=pk)


# --- all of them ----------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@never_cache
@member_page("administer")
def webhooks(request: MemberRequest) -> HttpResponse:
    """List the webhooks and how they are; add one on POST and show its secret once."""
    if request.method == "GET":
        return _webhooks(request)
    try:
        added = _add(request)
    except ProductError as error:
        return _webhooks(request, error=error)
    return _page(request, added, secret=added.secret, added=True)


def _webhooks(request: MemberRequest, error: ProductError | None = None) -> HttpResponse:
    known = list(webhooks_visible_to(request.viewer))
    waiting = waiting_for(known)
    context = {
        "cards": sorted((_card(one, waiting[one.pk]) for one in known), key=lambda card: card["disabled"]),
        "form": _form(request, None, error),
        **_shell(error),
    }
    return render(request, "settings/webhooks.html", context, status=error.status if error else 200)


def _shell(error: ProductError | None = None) -> dict[str, Any]:
    return {"section": "webhooks", "may_administer": True, "error": refused(error) if error else ""}


def _card(webhook: Webhook, waiting: Waiting) -> dict[str, Any]:
    return {
        "webhook": webhook,
        "waiting": waiting,
        "disabled": webhook.disabled_at is not None,
        "failing": webhook.disabled_at is None and webhook.paused_at is None and webhook.failures > 0,
        "events": [(one, HINTS[one]) for one in webhook.events if one in HINTS],
    }


def _form(request: MemberRequest, webhook: Webhook | None, error: ProductError | None) -> dict[str, Any]:
    """Return what the form for adding or changing shows: what was typed when it was refused."""
    typed = bool(error) and "url" in request.POST
    chosen = request.POST.getlist("event") if typed else (webhook.events if webhook else [SETTLED, SUPERSEDED])
    source = webhook.source.slug if webhook and webhook.source else ""
    return {
        "url": request.POST.get("url", "")[:2000] if typed else (webhook.url if webhook else ""),
        "events": [(one, HINTS[one], one in chosen) for one in EVENTS],
        "sources": sources_visible_to(request.viewer).order_by("slug"),
        "source": request.POST.get("source", "")[:50] if typed else source,
    }


def _add(request: MemberRequest) -> Webhook:
    return actions.add_webhook(
        workspace_id=request.viewer.workspace_id,
        url=_url(request),
        events=request.POST.getlist("event") or [SETTLED, SUPERSEDED],
        source=_source(request),
        by=request.user,
        actor=request.viewer.actor,
        now=clock_now(),
    )


def _url(request: MemberRequest) -> str:
    url = request.POST.get("url", "").strip()
    if not url or len(url) > 2000:
        raise AddressRefused("shape")
    return url


def _source(request: MemberRequest) -> Source | None:
    slug = request.POST.get("source", "")
    found = sources_visible_to(request.viewer).filter(slug=slug).first() if slug and "\x00" not in slug else None
    if slug and found is None:
        raise NotThere
    return found


# --- one of them ----------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@never_cache
@member_page("administer")
def webhook(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Show a webhook with its log; change its address, events and source on POST."""
    found = webhook_of(request, pk)
    if request.method == "GET":
        return _page(request, found)
    try:
        if not request.POST.getlist("event"):
            raise Invalid(_("Choose at least one event."))
        actions.change_webhook(
            webhook=found,
            url=_url(request),
            events=request.POST.getlist("event"),
            source=_source(request),
            actor=request.viewer.actor,
            now=clock_now(),
        )
    except ProductError as error:
        return _page(request, webhook_of(request, pk), error=error)
    messages.success(request, _("Changed. What waits goes to the new address."))
    return redirect("settings_webhook", pk)


def _page(
    request: MemberRequest, webhook: Webhook, *, error: ProductError | None = None, **more: Any
) -> HttpResponse:
    now = clock_now()
    context = {
        "card": _card(webhook, waiting_for([webhook])[webhook.pk]),
        "webhook": webhook,
        "form": _form(request, webhook, error),
        "two_secrets": bool(webhook.old_secret_ends_at and now < webhook.old_secret_ends_at),
        "last": said_in_words(webhook),
        **log_page(request, webhook),
        **_shell(error),
        **more,
    }
    return render(request, "settings/webhook.html", context, status=error.status if error else 200)


@require_POST
@never_cache
@member_page("administer")
def webhook_test(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Send a signed message just to see; show the answer and how long it took, in place or on the page."""
    found = webhook_of(request, pk)
    try:
        answer = send_test(webhook=found, actor=request.viewer.actor, clock=clock_now)
    except ProductError as error:
        return _tested(request, found, None, error)
    return _tested(request, webhook_of(request, pk), answer, None)


def _tested(
    request: MemberRequest, webhook: Webhook, answer: Answer | None, error: ProductError | None
) -> HttpResponse:
    tested = {"answer": answer, "problem": refused(error) if error else ""}
    if answer:
        tested["words"] = said_in_words(answer)
    if request.htmx:
        return render(request, "settings/webhook_tested.html", {"tested": tested})
    return _page(request, webhook, tested=tested)


@require_POST
@never_cache
@member_page("administer")
def webhook_rotate(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Make a new secret and show it once; the old one signs on for the chosen hours."""
    found = webhook_of(request, pk)
    hours = whole(request.POST.get("hours"), 24, most=168)
    try:
        secret = actions.rotate_secret(
            webhook=found, overlap=timedelta(hours=hours), actor=request.viewer.actor, now=clock_now()
        )
    except ProductError as error:
        return _page(request, found, error=error)
    return _page(request, webhook_of(request, pk), secret=secret)


@require_POST
@member_page("administer")
def webhook_pause(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Send nothing until it is resumed."""
    return _done(request, pk, _("Paused. Messages wait until somebody resumes it."), _pause)


@require_POST
@member_page("administer")
def webhook_resume(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Send again."""
    return _done(request, pk, _("Resumed. What waited is sent now."), _resume)


@require_POST
@member_page("administer")
def webhook_delete(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Disable it for good; its log stays."""
    return _done(request, pk, _("Deleted. Nothing is sent there any more; the log stays."), _delete)


def _pause(request: MemberRequest, webhook: Webhook, now: datetime) -> None:
    actions.pause_webhook(webhook=webhook, by=request.user, actor=request.viewer.actor, now=now)


def _resume(request: MemberRequest, webhook: Webhook, now: datetime) -> None:
    actions.resume_webhook(webhook=webhook, actor=request.viewer.actor, now=now)


def _delete(request: MemberRequest, webhook: Webhook, now: datetime) -> None:
    actions.delete_webhook(webhook=webhook, by=request.user, actor=request.viewer.actor, now=now)


def _done(
    request: MemberRequest, pk: UUID, words: str, verb: Callable[[MemberRequest, Webhook, datetime], None]
) -> HttpResponse:
    found = webhook_of(request, pk)
    try:
        verb(request, found, clock_now())
    except ProductError as error:
        return _page(request, webhook_of(request, pk), error=error)
    messages.success(request, words)
    return redirect("settings_webhook", pk)
