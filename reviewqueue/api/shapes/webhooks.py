"""Webhooks, their deliveries, and what is asked of them."""

from drf_spectacular.utils import OpenApiParameter

from reviewqueue.delivery.actions import MOST_AT_ONCE
from reviewqueue.delivery.queries import STATES
from reviewqueue.delivery.rules import EVENTS, TEST

from .words import COUNT, FLAG, ID, TIME, Shape, choice, in_query, listed, nullable, obj, optional, page_of, ref, text

HEALTHY, FAILING, PAUSED, DISABLED = WEBHOOK_STATES = ("healthy", "failing", "paused", "disabled")

_URL = text(2000, minLength=1)
_EVENTS = listed(ref("WebhookEvent"), len(EVENTS)) | {"minItems": 1}
_SOURCE = nullable(text(50, description="Only of this source; null is of all."))
_WEBHOOK: Shape = {
    "id": ID,
    "url": text(),
    "events": listed(ref("WebhookEvent")),
    "source": nullable(text()),
    "state": ref("WebhookState"),
    "failures": COUNT | {"description": "Failures in a row."},
    "failing_since": nullable(TIME),
    "waiting": COUNT | {"description": "Messages that wait."},
    "oldest_waiting_at": nullable(TIME),
    "created_at": TIME,
    "paused_at": nullable(TIME),
    "disabled_at": nullable(TIME),
    "disabled_because": optional("WebhookEnd"),
    "rotated_at": nullable(TIME),
    "old_secret_ends_at": nullable(TIME),
}
_SECRET = nullable(text(description="Shown once: null when the request is repeated under its Idempotency-Key."))

WEBHOOKS: dict[str, Shape] = {
    "WebhookEvent": choice(list(EVENTS)),
    "WebhookState": choice(list(WEBHOOK_STATES)),
    "WebhookEnd": choice(["gone", "deleted"]),
    "DeliveryState": choice(list(STATES)),
    "Webhook": obj(_WEBHOOK),
    "WebhookPage": page_of("Webhook"),
    "MadeWebhook": obj({**_WEBHOOK, "secret": _SECRET}),
    "NewWebhook": obj({"url": _URL, "events": _EVENTS, "source": _SOURCE}, ("events", "source"), closed=True),
    "WebhookChange": obj(
        {"url": _URL, "events": _EVENTS, "source": _SOURCE, "paused": {"type": ["boolean", "null"]}},
        ("url", "events", "source", "paused"),
        closed=True,
        about="What is not named stays as it is.",
    ),
    "Rotation": obj(
        {"overlap_seconds": {"type": "integer", "minimum": 0, "maximum": 604_800, "default": 86_400}},
        ("overlap_seconds",),
        closed=True,
    ),
    "NewSecret": obj({"secret": _SECRET, "old_secret_ends_at": nullable(TIME)}),
    "TestAnswer": obj(
        {"delivered": FLAG, "status": nullable(COUNT), "error": nullable(text()), "duration_ms": COUNT}
    ),
    "Try": obj({"at": TIME, "status": nullable(COUNT), "error": nullable(text()), "duration_ms": COUNT}),
    "Delivery": obj(
        {
            "id": ID,
            "webhook_id": text(description="The header `webhook-id` of every try."),
            "type": text(description=f"One of the events, or {TEST}."),
            "item": nullable(text(format="uuid")),
            "external_id": nullable(text()),
            "sequence": COUNT,
            "state": ref("DeliveryState"),
            "created_at": TIME,
            "delivered_at": nullable(TIME),
            "given_up_at": nullable(TIME),
            "next_try_at": nullable(TIME),
            "tries": listed(ref("Try")),
        }
    ),
    "DeliveryPage": page_of("Delivery"),
    "Replay": obj(
        {
            "deliveries": listed(ID, 100),
            "failed": FLAG | {"default": True, "description": "Only what was given up."},
            "since": nullable(TIME),
            "until": nullable(TIME),
        },
        ("deliveries", "failed", "since", "until"),
        closed=True,
        about=f"Named deliveries, or those of a time range: at most {MOST_AT_ONCE:,}, once a minute.",
    ),
    "Replayed": obj({"messages": COUNT}),
}

DELIVERY_PARAMETERS: list[OpenApiParameter] = [
    in_query("state", ref("DeliveryState"), "Only those in this state."),
    in_query("type", choice([*EVENTS, TEST]), "Only messages of this type."),
]
