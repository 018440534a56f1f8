"""What a webhook was sent, over the API: its log, a test, and sending again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue.common import clock
from reviewqueue.common.errors import Place
from reviewqueue.delivery import actions
from reviewqueue.delivery.models import Delivery, DeliveryAttempt, Webhook
from reviewqueue.delivery.queries import STATES, log_of, tries_of
from reviewqueue.delivery.rules import EVENTS, TEST
from reviewqueue.delivery.sending import send_test

from .fields import Fields
from .pages import PAGING, one_of, page, query_of
from .schema import described
from .shapes import DELIVERY_PARAMETERS, PAGE_PARAMETERS
from .webhooks import WebhookResource

_MOST_NAMED = 100


class WebhookTest(WebhookResource):
    """A message just to see."""

    @described(
        "Test a webhook",
        name="test_webhook",
        answers={200: "TestAnswer"},
        problems=[404, 409],
        about="Sends a signed message of the type `webhook.test` at once and answers with what came back; at most 15 "
        "seconds. It is not tried again.",
    )
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Send a test and return its answer."""
        found = self.webhook(request, webhook_id)
        Fields(request, frozenset()).done()
        answer = send_test(webhook=found, actor=self.viewer(request).actor, clock=clock.now)
        return Response(
            {
                "delivered": answer.delivered,
                "status": answer.status,
                "error": answer.error or None,
                "duration_ms": answer.duration_ms,
            }
        )


class WebhookDeliveries(WebhookResource):
    """A webhook's log."""

    @described(
        "List a webhook's deliveries",
        name="list_deliveries",
        answers={200: "DeliveryPage"},
        problems=[404, 422],
        parameters=[*DELIVERY_PARAMETERS, *PAGE_PARAMETERS],
        about="Newest first, each with its tries of the last weeks.",
    )
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """List the deliveries."""
        query = query_of(request, ("state", "type", *PAGING))
        log = log_of(self.webhook(request, webhook_id))
        if "state" in query:
            log = log.filter(STATES[one_of(query, "state", STATES)])
        if "type" in query:
            log = log.filter(message__event_type=one_of(query, "type", (*EVENTS, TEST)))
        found = page(log, request, query, lambda one: one)
        tries = tries_of(found["results"])
        return Response({**found, "results": [_delivery(one, tries[one.pk]) for one in found["results"]]})


class WebhookReplays(WebhookResource):
    """Sending again."""

    @described(
        "Send messages again",
        name="replay_deliveries",
        body="Replay",
        answers={201: "Replayed"},
        problems=[404, 409, 422],
        about="Under the same ids, oldest first. What still waits is left as it is.",
    )
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Send again what is named, or what a time range holds."""
        found, viewer = self.webhook(request, webhook_id), self.viewer(request)
        fields = Fields(request, frozenset({"deliveries", "failed", "since", "until"}))
        chosen = _chosen(found, fields)
        fields.done()
        count = actions.replay(deliveries=chosen, webhook=found, actor=viewer.actor, now=clock.now())
        return Response({"messages": count}, status=201)


def _chosen(webhook: Webhook, fields: Fields) -> QuerySet[Delivery]:
    named = fields.texts("deliveries", _MOST_NAMED)
    ids = [_id(fields, number, text) for number, text in enumerate(named)]
    failed = fields.flag("failed", not named)
    chosen = actions.replayable(
        webhook=webhook, failed=failed, since=_moment(fields, "since"), until=_moment(fields, "until")
    )
    return chosen.filter(pk__in=[one for one in ids if one]) if named else chosen


def _id(fields: Fields, number: int, text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        fields.places.append(Place(f"#/deliveries/{number}", "This is not an id."))
        return None


def _moment(fields: Fields, name: str) -> datetime | None:
    text = fields.text(name, 40)
    try:
        found = parse_datetime(text) if text else None
    except ValueError:
        found = None
    if text and (found is None or timezone.is_naive(found)):
        fields.places.append(Place(f"#/{name}", "A time with its zone is required (RFC 3339)."))
        return None
    return found


def _delivery(one: Delivery, tries: Sequence[DeliveryAttempt]) -> dict[str, Any]:
    waits = one.delivered_at is None and one.given_up_at is None
    state = "waiting" if waits else ("delivered" if one.delivered_at else "given_up")
    return {
        "id": one.pk,
        "webhook_id": one.message.name,
        "type": one.message.event_type,
        "item": one.message.item_id,
        "external_id": one.message.item.external_id if one.message.item else None,
        "sequence": one.sequence,
        "state": state,
        "created_at": one.created_at,
        "delivered_at": one.delivered_at,
        "given_up_at": one.given_up_at,
        "next_try_at": one.due_at if waits else None,
        "tries": [
            {"at": each.at, "status": each.status, "error": each.error or None, "duration_ms": each.duration_ms}
            for each in tries
        ],
    }
