"""A webhook's delivery log: what was sent, what came back, and sending it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from reviewqueue.common.clock import now as clock_now
from reviewqueue.common.errors import Invalid, ProductError
from reviewqueue.common.exactjson import exact
from reviewqueue.delivery import actions
from reviewqueue.delivery.bodies import bodies_of
from reviewqueue.delivery.models import Delivery, Webhook
from reviewqueue.delivery.queries import STATES, log_of, tries_of, webhooks_visible_to
from reviewqueue.delivery.rules import EVENTS, TEST
from reviewqueue.delivery.sending import headers_of
from reviewqueue.intake.queries import sources_visible_to, visible_to

from .access import member_page
from .context import MemberRequest
from .delivery_words import said_in_words
from .parameters import identifier

LOGGED = 50
#: Of a signature so much is shown: enough to compare, not enough to replay.
SHOWN = 14


@dataclass(frozen=True, slots=True)
class LogFilters:
    """What the address asks for."""

    state: str
    event: str
    item: str

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "LogFilters":
        """Read them; unknown states and events are none."""
        state, event = asked.get("state", ""), asked.get("event", "")
        item = asked.get("item", "").replace("\x00", "").strip()[:255]
        return cls(state if state in STATES else "", event if event in (*EVENTS, TEST) else "", item)

    @property
    def given(self) -> dict[str, str]:
        """Those that are not empty."""
        every = {"state": self.state, "event": self.event, "item": self.item}
        return {name: value for name, value in every.items() if value}

    def narrow(self, log: QuerySet[Delivery]) -> QuerySet[Delivery]:
        """Return what fits."""
        if self.state:
            log = log.filter(STATES[self.state])
        if self.event:
            log = log.filter(message__event_type=self.event)
        return log


def log_page(request: MemberRequest, webhook: Webhook) -> dict[str, Any]:
    """Return the page of a webhook's log that the address asks for, newest first."""
    filters, before = LogFilters.of(request.GET), identifier(request.GET.get("before"))
    log = filters.narrow(log_of(webhook))
    if filters.item:
        items = visible_to(request.viewer).filter(source__in=sources_visible_to(request.viewer))
        named = items.filter(external_id=filters.item).values_list("pk", flat=True)
        log = log.filter(message__stream_id__in=list(named))
    if before:
        log = log.filter(pk__lt=before)
    rows = list(log.order_by("-pk")[: LOGGED + 1])
    tries = tries_of(rows[:LOGGED])
    shown = [{"delivery": one, "tries": tries[one.pk], "words": said_in_words(one)} for one in rows[:LOGGED]]
    address = reverse("settings_webhook", args=[webhook.pk])
    older = {**filters.given, "before": str(rows[LOGGED - 1].pk)} if len(rows) > LOGGED else {}
    return {
        "rows": shown,
        "filters": filters,
        "states": list(STATES),
        "event_types": (*EVENTS, TEST),
        "newest_url": f"{address}?{urlencode(filters.given)}#log" if before else "",
        "older_url": f"{address}?{urlencode(older)}#log" if older else "",
    }


@require_GET
@never_cache
@member_page("administer")
def delivery(request: MemberRequest, pk: UUID, delivery_pk: UUID) -> HttpResponse:
    """Show one message as it is sent: rebuilt now, because bodies are not kept; and each of its tries."""
    found = _delivery(request, pk, delivery_pk)
    body = bodies_of([found.message]).get(found.message_id)
    context = {
        "section": "webhooks",
        "may_administer": True,
        "delivery": found,
        "webhook": found.webhook,
        "body": _readable(body) if body else "",
        "headers": _headers(found, body) if body else [],
        "tries": [(one, said_in_words(one)) for one in tries_of([found])[found.pk]],
        "over": found.delivered_at or found.given_up_at,
    }
    return render(request, "settings/delivery.html", context)


def _readable(body: bytes) -> str:
    return orjson.dumps(exact(body.decode()), option=orjson.OPT_INDENT_2).decode()


def _delivery(request: MemberRequest, pk: UUID, delivery_pk: UUID) -> Delivery:
    webhook = get_object_or_404(webhooks_visible_to(request.viewer), pk=pk)
    return get_object_or_404(log_of(webhook), pk=delivery_pk)


def _headers(one: Delivery, body: bytes) -> list[tuple[str, str]]:
    """Return the headers of the last try; signatures are cut short."""
    last = one.delivered_at or one.given_up_at or clock_now()
    headers = headers_of(one.webhook, one.message, body, now=last)
    signatures = headers["webhook-signature"].split()
    return list({**headers, "webhook-signature": " ".join(f"{one[:SHOWN]}…" for one in signatures)}.items())


@require_POST
@member_page("administer")
def delivery_replay(request: MemberRequest, pk: UUID, delivery_pk: UUID) -> HttpResponse:
    """Send one message again."""
    found = _delivery(request, pk, delivery_pk)
    try:
        actions.replay_one(delivery=found, actor=request.viewer.actor, now=clock_now())
    except ProductError as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, _("It is sent again, under the same id."))
    return redirect("settings_delivery", pk, delivery_pk)


@require_http_methods(["GET", "POST"])
@never_cache
@member_page("administer")
def replays(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Say how many messages would be sent again (GET), and send them again (POST)."""
    webhook = get_object_or_404(webhooks_visible_to(request.viewer), pk=pk)
    asked = request.POST if request.method == "POST" else request.GET
    try:
        chosen = actions.replayable(
            webhook=webhook,
            failed=asked.get("which") != "all",
            since=_moment(asked.get("since", "")),
            until=_moment(asked.get("until", "")),
        )
        if request.method == "GET":
            return _preview(request, webhook, chosen.count())
        count = actions.replay(deliveries=chosen, webhook=webhook, actor=request.viewer.actor, now=clock_now())
    except ProductError as error:
        return _preview(request, webhook, 0, error)
    words = ngettext("One message is sent again.", "%(n)s messages are sent again.", count) % {"n": count}
    messages.success(request, words)
    return redirect("settings_webhook", pk)


def _moment(text: str) -> datetime | None:
    """Return a moment as a form sends it, in the reader's time zone; nothing is no bound. Raises Invalid."""
    if not text.strip():
        return None
    try:
        found = parse_datetime(text.strip()[:40])
    except ValueError:
        found = None
    if found is None:
        raise Invalid(_("This is not a time."))
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def _preview(request: MemberRequest, webhook: Webhook, count: int, error: ProductError | None = None) -> HttpResponse:
    asked = request.POST if request.method == "POST" else request.GET
    context = {
        "section": "webhooks",
        "may_administer": True,
        "webhook": webhook,
        "count": count,
        "sent": min(count, actions.MOST_AT_ONCE),
        "asked": {name: asked.get(name, "")[:40] for name in ("which", "since", "until")},
        "error": error.detail if error else "",
    }
    return render(request, "settings/replays.html", context, status=error.status if error else 200)
