"""What receivers verify (I-20): the reference library accepts every message, and refuses one flipped bit."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.common.clock import now as clock_now
from reviewqueue.common.errors import Invalid
from reviewqueue.delivery.actions import rotate_secret
from reviewqueue.delivery.models import Delivery, Webhook
from tests.cast import Cast
from tests.delivery.receiver import Receiver, receiving
from tests.delivery.telling import hook, items, run, tell


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def now() -> datetime:
    """The real time: the verifier refuses what is older than five minutes."""
    return clock_now()


@pytest.fixture
def webhook(cast: Cast, receiver: Receiver) -> Webhook:
    return hook(cast, receiver.url)


def accepts(secret: str, headers: dict[str, str], body: bytes) -> bool:
    try:
        Verifier(secret).verify(body, headers)
    except (WebhookVerificationError, UnicodeDecodeError):
        return False
    return True


def flipped(text: bytes, bit: int) -> bytes:
    changed = bytearray(text)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_the_reference_library_accepts_every_message(cast: Cast, webhook: Webhook, receiver: Receiver, now) -> None:
    tell(cast, items(cast, 30), now=now)
    run(now)
    assert len(receiver.got) == 30
    assert all(accepts(webhook.secret, headers, body) for headers, body in receiver.got)
    assert len({headers["webhook-id"] for headers, _body in receiver.got}) == 30


def test_one_flipped_bit_anywhere_in_the_body_is_refused(
    cast: Cast, webhook: Webhook, receiver: Receiver, now
) -> None:
    tell(cast, items(cast, 1), now=now)
    run(now)
    ((headers, body),) = receiver.got
    assert not any(accepts(webhook.secret, headers, flipped(body, bit)) for bit in range(len(body) * 8))


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_changed_header_is_refused(
    cast: Cast, webhook: Webhook, receiver: Receiver, now: datetime, name: str
) -> None:
    tell(cast, items(cast, 1), now=now)
    run(now)
    ((headers, body),) = receiver.got
    said, place = headers[name], 5  # in the middle: the last letter of base64 has bits that mean nothing
    changed = said[:place] + ("1" if said[place] != "1" else "2") + said[place + 1 :]
    assert not accepts(webhook.secret, {**headers, name: changed}, body)


def test_a_later_try_keeps_the_id_and_has_its_own_time(cast: Cast, webhook: Webhook, receiver: Receiver, now) -> None:
    receiver.answers = [(500, {}), (204, {})]
    tell(cast, items(cast, 1), now=now)
    run(now)
    run(now + timedelta(seconds=40))
    (first, body), (second, again) = receiver.got
    assert (first["webhook-id"], body) == (second["webhook-id"], again)
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 40
    assert accepts(webhook.secret, second, again)


def test_while_a_secret_is_replaced_both_are_accepted_and_then_the_new_one_alone(
    cast: Cast, webhook: Webhook, receiver: Receiver, now: datetime
) -> None:
    old = webhook.secret
    began = now - timedelta(hours=24)
    new = rotate_secret(webhook=webhook, actor=SYSTEM, now=began)
    for moment in (now - timedelta(seconds=1), now):
        tell(cast, items(cast, 1, f"at-{moment:%S}"), now=moment)
        run(moment)
    (during, body), (after, later) = receiver.got
    assert len(during["webhook-signature"].split()) == 2
    assert [accepts(secret, during, body) for secret in (old, new)] == [True, True]
    assert len(after["webhook-signature"].split()) == 1
    assert [accepts(secret, after, later) for secret in (old, new)] == [False, True]
    event = Event.objects.get(subject_kind="webhook", verb="rotate")
    assert event.data == {"overlap_seconds": 86_400}
    assert not any(secret in str(event.data) for secret in (old, new))


def test_a_secret_that_leaked_is_replaced_at_once(cast: Cast, webhook: Webhook, receiver: Receiver, now) -> None:
    old = webhook.secret
    new = rotate_secret(webhook=webhook, actor=SYSTEM, now=now, overlap=timedelta(0))
    tell(cast, items(cast, 1), now=now)
    run(now)
    ((headers, body),) = receiver.got
    assert [accepts(secret, headers, body) for secret in (old, new)] == [False, True]


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=8)])
def test_an_overlap_has_bounds(webhook: Webhook, overlap: timedelta, now: datetime) -> None:
    with pytest.raises(Invalid):
        rotate_secret(webhook=webhook, actor=SYSTEM, now=now, overlap=overlap)
    assert not Delivery.objects.exists()
