"""Examples of webhooks, their deliveries, and what is asked of them."""

from typing import Any

_WEBHOOK: dict[str, Any] = {
    "id": "01a205fb-5e22-7c18-a0d9-3b7c61f84e90",
    "url": "https://bot.example/hooks/review",
    "events": ["outcome.settled", "outcome.superseded"],
    "source": "support-chatbot",
    "state": "healthy",
    "failures": 0,
    "failing_since": None,
    "waiting": 0,
    "oldest_waiting_at": None,
    "created_at": "2026-11-23T09:00:00Z",
    "paused_at": None,
    "disabled_at": None,
    "disabled_because": None,
    "rotated_at": None,
    "old_secret_ends_at": None,
}
_FAILING = {
    **_WEBHOOK,
    "state": "failing",
    "failures": 9,
    "failing_since": "2026-11-23T10:42:11Z",
    "waiting": 412,
    "oldest_waiting_at": "2026-11-23T10:41:58Z",
}
_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - an example, from the specification
_DELIVERY = {
    "id": "01a205fc-0b7d-7e63-b7b2-9c1d4f6e2a11",
    "webhook_id": "msg_01a205fc0b7c7d21a3d00b1c2d3e4f50",
    "type": "outcome.settled",
    "item": "01a205f8-3c5e-7d2a-9b41-6f0d2c8e7a10",
    "external_id": "conv-8731:turn-4",
    "sequence": 1,
    "state": "delivered",
    "created_at": "2026-11-23T10:04:41Z",
    "delivered_at": "2026-11-23T10:04:47Z",
    "given_up_at": None,
    "next_try_at": None,
    "tries": [
        {"at": "2026-11-23T10:04:41Z", "status": None, "error": "ConnectionRefused", "duration_ms": 2},
        {"at": "2026-11-23T10:04:47Z", "status": 204, "error": None, "duration_ms": 38},
    ],
}

WEBHOOK_EXAMPLES: dict[str, dict[str, Any]] = {
    "Webhook": {"It is well": _WEBHOOK, "It fails": _FAILING},
    "WebhookPage": {"The last page": {"results": [_WEBHOOK], "next": None}},
    "MadeWebhook": {"With its secret, shown once": {**_WEBHOOK, "secret": _SECRET}},
    "NewWebhook": {
        "Outcomes of one source": {
            "url": "https://bot.example/hooks/review",
            "events": ["outcome.settled", "outcome.superseded"],
            "source": "support-chatbot",
        }
    },
    "WebhookChange": {"Pause it": {"paused": True}, "Another address": {"url": "https://bot.example/hooks/2"}},
    "Rotation": {"The old secret ends in an hour": {"overlap_seconds": 3600}},
    "NewSecret": {"Shown once": {"secret": _SECRET, "old_secret_ends_at": "2026-11-24T09:00:00Z"}},
    "TestAnswer": {
        "It arrived": {"delivered": True, "status": 204, "error": None, "duration_ms": 41},
        "Nobody listens": {"delivered": False, "status": None, "error": "ConnectionRefused", "duration_ms": 2},
    },
    "DeliveryPage": {"The last page": {"results": [_DELIVERY], "next": None}},
    "Replay": {
        "What was given up in one hour": {"since": "2026-11-23T10:00:00Z", "until": "2026-11-23T11:00:00Z"},
        "One message": {"deliveries": ["01a205fc-0b7d-7e63-b7b2-9c1d4f6e2a11"]},
    },
    "Replayed": {"So many": {"messages": 412}},
}
