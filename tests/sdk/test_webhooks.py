"""What the client makes of a webhook: the product's own signature, and everything that must not pass for one."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from reviewqueue_client import BadSignature, NotConfigured, ReviewQueue, webhooks
from standardwebhooks.webhooks import Webhook

from reviewqueue.audit.actions import SYSTEM
from reviewqueue.delivery.actions import add_webhook
from tests.cast import NOW, Cast
from tests.delivery.receiver import receiving
from tests.delivery.test_webhooks import deliver
from tests.steps import edit, publish, queued, settle

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
OUTCOME = {"item": "one", "version": 1, "decision": "edit", "basis": "review", "disposition": "final", "sequence": 1}
BODY = json.dumps(
    {
        "type": "outcome.settled",
        "timestamp": "2026-11-23T09:00:00Z",
        "data": {**OUTCOME, "final": {"content": "Fine – ü."}},
    }
)


def signed(body: str, *secrets: str, at: datetime | None = None) -> dict[str, str]:
    """Return the headers of a message, with a signature by each secret."""
    at = at or datetime.now(UTC)
    signatures = [Webhook(one).sign("msg_1", at, body) for one in secrets]
    seconds = str(int(at.timestamp()))
    return {"Webhook-Id": "msg_1", "Webhook-Timestamp": seconds, "Webhook-Signature": " ".join(signatures)}


def test_what_is_signed_is_read() -> None:
    event = webhooks.verify(BODY.encode(), signed(BODY, SECRET), SECRET)
    assert (event.id, event.type, event.sequence) == ("msg_1", "outcome.settled", 1)
    assert event.outcome is not None
    assert (event.outcome.content, event.outcome.decision) == ("Fine – ü.", "edit")
    assert event.timestamp == datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_what_the_product_sends_is_read(cast: Cast) -> None:
    with receiving() as receiver:
        webhook = add_webhook(workspace_id=cast.workspace.pk, url=receiver.url, by=None, actor=SYSTEM, now=NOW)
        (received,) = queued(cast)
        settle(cast, cast.reviewer, edit(reason_codes=["wrong-fact"]))
        publish(cast)
        deliver()
        ((headers, body),) = receiver.got
    event = webhooks.verify(body, headers, webhook.secret)
    assert event.outcome is not None
    assert (event.type, event.outcome.item, event.sequence) == ("outcome.settled", str(received.id), 1)
    assert (event.outcome.content, event.outcome.reason_codes) == ("It will arrive on Monday.", ("wrong-fact",))


def test_a_client_verifies_as_the_module_does() -> None:
    with ReviewQueue("http://127.0.0.1:9", api_key="rq_a") as rq:
        assert rq.webhooks.verify(BODY, signed(BODY, SECRET), SECRET).type == "outcome.settled"


def test_either_side_may_change_its_secret_first() -> None:
    both = signed(BODY, OTHER, SECRET)
    assert webhooks.verify(BODY, both, SECRET).id == webhooks.verify(BODY, both, OTHER).id
    assert webhooks.verify(BODY, signed(BODY, OTHER), [SECRET, OTHER]).id == "msg_1"
    with pytest.raises(BadSignature):
        webhooks.verify(BODY, signed(BODY, OTHER), SECRET)


def test_a_single_bit_anywhere_is_noticed() -> None:
    headers, body = signed(BODY, SECRET), BODY.encode()
    for place in range(0, len(body), 7):
        flipped = bytearray(body)
        flipped[place] ^= 1
        with pytest.raises(BadSignature):
            webhooks.verify(bytes(flipped), headers, SECRET)


@pytest.mark.parametrize("name", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
def test_a_header_that_is_missing_or_changed_is_noticed(name: str) -> None:
    headers = signed(BODY, SECRET)
    changes: list[Callable[[str], str]] = [
        lambda text: text[:-1],
        lambda _text: "",
        lambda _text: "v1",
        lambda text: f"{text}é",
    ]
    for change in changes:
        with pytest.raises(BadSignature):
            webhooks.verify(BODY, {**headers, name: change(headers[name])}, SECRET)
    del headers[name]
    with pytest.raises(BadSignature):
        webhooks.verify(BODY, headers, SECRET)


@pytest.mark.parametrize("away", [timedelta(minutes=-6), timedelta(minutes=6)])
def test_a_message_from_another_time_is_refused(away: timedelta) -> None:
    with pytest.raises(BadSignature):
        webhooks.verify(BODY, signed(BODY, SECRET, at=datetime.now(UTC) + away), SECRET)
    assert webhooks.verify(BODY, signed(BODY, SECRET, at=datetime.now(UTC) + away / 2), SECRET).id == "msg_1"


def test_what_is_signed_and_is_no_event_is_refused() -> None:
    with pytest.raises(BadSignature):
        webhooks.verify("[]", signed("[]", SECRET), SECRET)
    with pytest.raises(BadSignature):
        webhooks.verify(b"\xff", signed("", SECRET), SECRET)


@pytest.mark.parametrize("secret", ["", "whsec_", "not base64 ü", []])
def test_a_secret_that_is_none_is_told_from_a_bad_signature(secret: Any) -> None:
    with pytest.raises(NotConfigured):
        webhooks.verify(BODY, signed(BODY, SECRET), secret)
