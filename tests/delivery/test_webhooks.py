"""The AI system is told of every published outcome, signed, and again until it has heard."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now as clock_now
from reviewqueue.delivery import posting
from reviewqueue.delivery.actions import add_webhook, take_due, write_answer
from reviewqueue.delivery.models import Delivery, Webhook
from reviewqueue.delivery.rules import Answer
from reviewqueue.delivery.sending import send
from tests.cast import NOW, Cast
from tests.delivery.receiver import Receiver, dripping, receiving
from tests.steps import edit, publish, queued, settle
from workers.tasks import delivery as task

PUBLISHED = NOW + timedelta(seconds=11)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def webhook(cast: Cast, receiver: Receiver) -> Webhook:
    return add_webhook(workspace_id=cast.workspace.pk, url=receiver.url, by=None, actor=SYSTEM, now=NOW)


@pytest.fixture
def published(cast: Cast, webhook: Webhook) -> Delivery:
    """One outcome, published, and its message due."""
    queued(cast)
    settle(cast, cast.reviewer, edit())
    publish(cast)
    return Delivery.objects.get()


def publish_items(cast: Cast, count: int) -> None:
    """Publish outcomes of so many items."""
    queued(cast, count)
    for _number in range(count):
        settle(cast, cast.reviewer, edit())
    publish(cast)


def deliver(now=PUBLISHED) -> int:
    """Send what is due, as the task does."""
    due = take_due(now=now)
    for one, answer in zip(due, send(due, now=clock_now()), strict=True):
        write_answer(delivery=one, answer=answer, now=now)
    return len(due)


def test_a_message_carries_the_correction_and_verifies(
    published: Delivery, webhook: Webhook, receiver: Receiver
) -> None:
    assert deliver() == 1
    ((headers, body),) = receiver.got
    message = Verifier(webhook.secret).verify(body, headers)
    assert (message["type"], message["data"]["sequence"]) == ("outcome.settled", 1)
    assert message["data"]["final"] == {"content": "It will arrive on Monday."}
    published.refresh_from_db()
    assert published.delivered_at == PUBLISHED


def test_a_flipped_bit_does_not_verify(published: Delivery, webhook: Webhook, receiver: Receiver) -> None:
    deliver()
    ((headers, body),) = receiver.got
    with pytest.raises(WebhookVerificationError):
        Verifier(webhook.secret).verify(body.replace(b"Monday", b"Sunday"), headers)


def test_an_endpoint_that_was_down_hears_of_it_later_under_the_same_id(
    published: Delivery, receiver: Receiver
) -> None:
    receiver.answers = [(500, {}), (204, {})]
    deliver()
    assert deliver(PUBLISHED + timedelta(seconds=1)) == 0
    assert deliver(PUBLISHED + timedelta(seconds=10)) == 1
    first, second = receiver.got
    assert first[0]["webhook-id"] == second[0]["webhook-id"]
    assert json.loads(first[1]) == json.loads(second[1])
    published.refresh_from_db()
    assert (published.attempts, published.delivered_at is None) == (2, False)


def test_an_endpoint_that_asks_to_wait_is_given_its_time(published: Delivery, receiver: Receiver) -> None:
    receiver.answers = [(503, {"retry-after": "120"}), (204, {})]
    deliver()
    assert deliver(PUBLISHED + timedelta(seconds=119)) == 0
    assert deliver(PUBLISHED + timedelta(seconds=121)) == 1


def test_an_endpoint_that_is_gone_is_left_alone(published: Delivery, webhook: Webhook, receiver: Receiver) -> None:
    receiver.answers = [(410, {})]
    deliver()
    webhook.refresh_from_db()
    published.refresh_from_db()
    assert webhook.disabled_because == "gone"
    assert published.given_up_at == PUBLISHED


def test_what_waits_for_an_endpoint_that_is_gone_is_given_up(
    cast: Cast, webhook: Webhook, receiver: Receiver
) -> None:
    receiver.answers = [(410, {}), (204, {})]
    publish_items(cast, 3)
    (first, *_others) = take_due(now=PUBLISHED)
    Delivery.objects.exclude(pk=first.pk).update(due_at=PUBLISHED)
    write_answer(delivery=first, answer=send([first], now=clock_now())[0], now=PUBLISHED)
    assert set(Delivery.objects.values_list("given_up_at", flat=True)) == {PUBLISHED}
    assert (deliver(), len(receiver.got)) == (0, 1)


def test_nothing_is_sent_to_a_disabled_webhook(published: Delivery, webhook: Webhook, receiver: Receiver) -> None:
    Webhook.objects.update(disabled_at=NOW)
    assert (deliver(), receiver.got) == (0, [])


def test_a_late_fault_does_not_erase_what_another_sender_delivered(published: Delivery) -> None:
    (slow,) = take_due(now=PUBLISHED)
    later = PUBLISHED + timedelta(seconds=61)
    deliver(later)
    write_answer(delivery=slow, answer=Answer(error="ReadTimeout"), now=later + timedelta(seconds=1))
    published.refresh_from_db()
    assert (published.delivered_at, published.last_error) == (later, "")
    assert deliver(later + timedelta(days=1)) == 0


def test_a_late_fault_does_not_take_the_message_from_its_present_sender(published: Delivery) -> None:
    (slow,) = take_due(now=PUBLISHED)
    (present,) = take_due(now=PUBLISHED + timedelta(seconds=61))
    write_answer(delivery=slow, answer=Answer(error="ReadTimeout"), now=PUBLISHED + timedelta(seconds=62))
    published.refresh_from_db()
    assert (published.lease_until, published.due_at) == (present.lease_until, present.due_at)


def test_a_late_success_counts(published: Delivery) -> None:
    (slow,) = take_due(now=PUBLISHED)
    take_due(now=PUBLISHED + timedelta(seconds=61))
    write_answer(delivery=slow, answer=Answer(status=204), now=PUBLISHED + timedelta(seconds=62))
    published.refresh_from_db()
    assert published.delivered_at is not None


def test_an_endpoint_that_drips_is_cut_off_and_the_others_hear_everything(
    cast: Cast, webhook: Webhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "DEADLINE", 1.0)
    monkeypatch.setattr(task, "now", lambda: PUBLISHED)
    with dripping() as url:
        slow = add_webhook(workspace_id=cast.workspace.pk, url=url, by=None, actor=SYSTEM, now=NOW)
        publish_items(cast, 9)
        task.deliver.run()
    assert {one.delivered_at is not None for one in Delivery.objects.filter(webhook=webhook)} == {True}
    assert len(receiver.got) == 9
    tried = Delivery.objects.filter(webhook=slow, attempts__gt=0)
    assert set(tried.values_list("last_error", "delivered_at")) == {("Timeout", None)}


def test_a_message_that_cannot_be_written_holds_up_no_other(cast: Cast, webhook: Webhook, receiver: Receiver) -> None:
    publish_items(cast, 2)
    spoiled = Delivery.objects.order_by("pk")[0]
    broken = Webhook.objects.create(workspace=cast.workspace, url=receiver.url, secret="whsec_a", created_at=NOW)
    Delivery.objects.filter(pk=spoiled.pk).update(webhook=broken)
    deliver()
    assert Delivery.objects.exclude(pk=spoiled.pk).get().delivered_at == PUBLISHED
    spoiled.refresh_from_db()
    assert (spoiled.delivered_at, spoiled.last_error != "") == (None, True)


@pytest.mark.parametrize("url", ["http://no-such-host.invalid/", f"http://{'a' * 70}.test/", "http://[::1/"])
def test_an_address_that_leads_nowhere_is_an_answer_too(published: Delivery, url: str) -> None:
    Webhook.objects.update(url=url)
    deliver()
    published.refresh_from_db()
    assert (published.delivered_at, published.last_error != "") == (None, True)


def test_a_redirect_is_a_failure_and_is_not_followed(published: Delivery, receiver: Receiver) -> None:
    receiver.answers = [(302, {"location": receiver.url})]
    deliver()
    published.refresh_from_db()
    assert (len(receiver.got), published.last_status, published.delivered_at) == (1, 302, None)


def test_after_seven_days_a_message_is_given_up(published: Delivery, receiver: Receiver) -> None:
    receiver.answers = [(500, {})]
    deliver(PUBLISHED + timedelta(days=7, minutes=1))
    published.refresh_from_db()
    assert published.given_up_at is not None


def test_a_sender_that_died_leaves_the_message_to_the_next(published: Delivery) -> None:
    take_due(now=PUBLISHED)
    assert take_due(now=PUBLISHED + timedelta(seconds=30)) == []
    assert len(take_due(now=PUBLISHED + timedelta(seconds=61))) == 1
