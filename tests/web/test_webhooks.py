"""Webhooks as an admin sees them: cards, a log, a test, the secret, a pause, and sending again."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client
from standardwebhooks.webhooks import Webhook as Verifier

from reviewqueue.audit.models import Event
from reviewqueue.common.clock import now as clock_now
from reviewqueue.delivery.models import Delivery, DeliveryAttempt, Webhook
from reviewqueue.delivery.sending import send_due
from tests.cast import NOW, Cast
from tests.delivery.receiver import Receiver, receiving
from tests.delivery.telling import after, hook, items, run, tell
from tests.steps import edit, publish, queued, settle

Browser = Callable[[str], Client]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def admin(browser: Browser) -> Client:
    return browser("admin")


def secret_in(words: str) -> str:
    found = re.search(r'<code id="secret">([^<]+)</code>', words)
    assert found
    return found[1]


def words_of(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def page(webhook: Webhook, more: str = "") -> str:
    return f"/settings/webhooks/{webhook.pk}/{more}"


def test_a_webhook_is_added_with_its_events_and_source_and_shows_its_secret_once(cast: Cast, admin: Client) -> None:
    chosen = ["item.escalated", "dataset.released"]
    asked = {"url": "http://bot:9000/hook", "event": chosen, "source": cast.source.slug}
    words = admin.post("/settings/webhooks/", asked).content.decode()
    webhook = Webhook.objects.get()
    assert secret_in(words) == webhook.secret
    assert (webhook.events, webhook.source) == (chosen, cast.source)
    for address in ("/settings/webhooks/", page(webhook)):
        words = words_of(admin, address)
        assert "http://bot:9000/hook" in words
        assert "whsec_" not in words


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "This is not a web address"),
        ("ftp://x.example/", "This is not a web address"),
        ("javascript:alert(1)", "This is not a web address"),
        ("https://[bad/", "This is not a web address"),
        ("https://me:secret@x.example/", "name or password"),
        ("http://169.254.169.254/latest/", "never called"),
        ("http://x.example:6379/", "at this port"),
    ],
)
def test_an_address_that_is_refused_is_explained_and_stays_typed(admin: Client, url: str, why: str) -> None:
    answer = admin.post("/settings/webhooks/", {"url": url, "event": ["item.escalated"]})
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert not Webhook.objects.exists()


def test_cards_say_who_is_well_who_fails_with_what_waits_and_who_is_disabled(
    cast: Cast, admin: Client, receiver: Receiver
) -> None:
    hook(cast, "http://well.example/")
    hook(cast, receiver.url)
    tell(cast, items(cast, 9))
    Delivery.objects.filter(webhook__url="http://well.example/").update(delivered_at=NOW)
    receiver.answers = [(500, {})]
    run(NOW)
    words = words_of(admin, "/settings/webhooks/")
    assert "healthy" in words
    assert "failing" in words
    assert "9 messages wait" in words
    assert "probed every 5 minutes" in words
    receiver.answers = [(410, {})]
    run(after(minutes=6))
    assert "said that it is gone (410)" in words_of(admin, "/settings/webhooks/")


def test_the_log_shows_request_answer_and_time_and_can_be_narrowed(
    cast: Cast, admin: Client, receiver: Receiver
) -> None:
    webhook = hook(cast, receiver.url, "outcome.settled")
    queued(cast)
    settle(cast, cast.reviewer, edit())
    publish(cast)
    run(after(seconds=20))
    delivery = Delivery.objects.get()
    words = words_of(admin, page(webhook))
    assert "conv-0" in words
    assert "it answered 204" in words
    assert "conv-0" in words_of(admin, page(webhook, "?state=delivered&event=outcome.settled&item=conv-0"))
    for query in ("?state=given_up", "?event=gate.timed_out", "?item=conv-1", "?before=00000000-0000-7000-8000-0"):
        assert ("conv-0</span>" in words_of(admin, page(webhook, query))) is query.startswith("?before")
    words = words_of(admin, page(webhook, f"deliveries/{delivery.pk}/"))
    assert "It will arrive on Monday." in words
    assert f"msg_{delivery.message_id.hex}" in words
    signature = receiver.got[0][0]["webhook-signature"]
    assert signature[:10] in words
    assert signature not in words
    assert "204" in words


def test_long_logs_have_pages(cast: Cast, admin: Client) -> None:
    webhook = hook(cast, "http://bot.example/")
    tell(cast, items(cast, 60))
    first = words_of(admin, page(webhook))
    older = re.search(r'rel="next" href="([^"#]+)', first)
    assert older
    second = words_of(admin, older[1].replace("&amp;", "&"))
    told = [set(re.findall(r"told-\d+", words)) for words in (first, second)]
    assert [len(one) for one in told] == [50, 10]
    assert not told[0] & told[1]


def test_a_test_is_signed_sent_at_once_and_answered_in_place(cast: Cast, admin: Client, receiver: Receiver) -> None:
    webhook = hook(cast, receiver.url)
    words = admin.post(page(webhook, "test/"), HTTP_HX_REQUEST="true").content.decode()
    assert "The test arrived:" in words
    assert "<html" not in words
    ((headers, body),) = receiver.got
    assert Verifier(webhook.secret).verify(body, headers)["type"] == "webhook.test"
    receiver.answers = [(503, {})]
    words = admin.post(page(webhook, "test/")).content.decode()
    assert "The test did not arrive:" in words
    assert "it answered 503" in words
    assert "<html" in words
    webhook.refresh_from_db()
    assert webhook.failures == 0
    send_due(clock=lambda: clock_now() + timedelta(days=1), seconds=5)
    assert len(receiver.got) == 2


def test_a_test_that_arrives_closes_the_circuit(cast: Cast, admin: Client, receiver: Receiver) -> None:
    webhook = hook(cast, receiver.url)
    Webhook.objects.update(failures=9, opened_at=NOW, quiet_until=clock_now() + timedelta(days=1))
    admin.post(page(webhook, "test/"))
    webhook.refresh_from_db()
    assert (webhook.failures, webhook.opened_at) == (0, None)


def test_a_secret_is_replaced_and_the_new_one_shown_once(cast: Cast, admin: Client, receiver: Receiver) -> None:
    webhook = hook(cast, receiver.url)
    words = admin.post(page(webhook, "rotate/"), {"hours": "1"}).content.decode()
    fresh = secret_in(words)
    assert fresh != webhook.secret
    admin.post(page(webhook, "test/"))
    ((headers, body),) = receiver.got
    assert all(Verifier(one).verify(body, headers) for one in (webhook.secret, fresh))
    words = words_of(admin, page(webhook))
    assert "Messages carry two signatures" in words
    assert "whsec_" not in words


def test_a_paused_webhook_says_who_paused_it_and_sends_what_waited_when_it_is_resumed(
    cast: Cast, admin: Client, receiver: Receiver
) -> None:
    webhook = hook(cast, receiver.url)
    admin.post(page(webhook, "pause/"))
    tell(cast, items(cast, 2))
    assert (run(NOW), receiver.got) == (0, [])
    words = words_of(admin, "/settings/webhooks/")
    assert "paused" in words
    assert "Admin" in words
    assert "2 messages wait" in words
    assert admin.post(page(webhook, "pause/")).status_code == 409
    admin.post(page(webhook, "resume/"))
    assert (run(NOW), len(receiver.got)) == (2, 2)
    assert admin.post(page(webhook, "resume/")).status_code == 409


def test_what_was_given_up_is_sent_again_under_its_own_id(cast: Cast, admin: Client, receiver: Receiver) -> None:
    webhook = hook(cast, receiver.url)
    tell(cast, items(cast, 3))
    receiver.answers = [(500, {})]
    run(after(days=8))
    lost = {headers["webhook-id"] for headers, _body in receiver.got}
    receiver.got.clear()
    receiver.answers = [(204, {})]
    assert "Send 3 messages again" in words_of(admin, page(webhook, "replays/?which=failed"))
    assert admin.post(page(webhook, "replays/"), {"which": "failed"}).status_code == 302
    send_due(clock=lambda: max(clock_now(), after(days=9)), seconds=5)
    assert {headers["webhook-id"] for headers, _body in receiver.got} == lost
    assert Event.objects.get(verb="replay").data["messages"] == 3


def test_a_range_is_counted_sent_again_and_not_twice_within_a_minute(
    cast: Cast, admin: Client, receiver: Receiver
) -> None:
    webhook = hook(cast, receiver.url)
    for hour in range(4):
        tell(cast, items(cast, 2, f"hour-{hour}"), now=after(hours=hour))
    run(after(hours=5))
    chosen = {"which": "all", "since": "2025-11-24T10:00Z", "until": "2025-11-24T12:00Z"}
    assert "Send 4 messages again" in admin.get(page(webhook, "replays/"), chosen).content.decode()
    assert admin.post(page(webhook, "replays/"), chosen).status_code == 302
    assert Delivery.objects.filter(delivered_at=None).count() == 4
    again = admin.post(page(webhook, "replays/"), {"which": "all"})
    assert again.status_code == 409
    assert "less than a minute ago" in again.content.decode()


@pytest.mark.parametrize("since", ["yesterday", "2026-13-40T99:99", "\x00"])
def test_a_time_that_is_none_is_refused(cast: Cast, admin: Client, since: str) -> None:
    webhook = hook(cast, "http://bot.example/")
    assert admin.get(page(webhook, "replays/"), {"since": since}).status_code == 422


def test_one_message_is_sent_again_but_not_while_it_waits(cast: Cast, admin: Client, receiver: Receiver) -> None:
    webhook = hook(cast, receiver.url)
    tell(cast, items(cast, 1))
    address = page(webhook, f"deliveries/{Delivery.objects.get().pk}/")
    assert "nothing here that is over" in admin.post(f"{address}replay/", follow=True).content.decode()
    run(NOW)
    assert "sent again, under the same id" in admin.post(f"{address}replay/", follow=True).content.decode()
    send_due(clock=lambda: max(clock_now(), NOW) + timedelta(seconds=1), seconds=5)
    assert len({headers["webhook-id"] for headers, _body in receiver.got}) == 1
    assert (len(receiver.got), DeliveryAttempt.objects.count()) == (2, 2)


def test_a_deleted_webhook_is_left_alone_for_good_and_its_log_stays(
    cast: Cast, admin: Client, receiver: Receiver
) -> None:
    webhook = hook(cast, receiver.url)
    tell(cast, items(cast, 2))
    admin.post(page(webhook, "delete/"))
    assert (run(NOW), receiver.got) == (0, [])
    assert "deleted by Admin" in words_of(admin, "/settings/webhooks/")
    assert "told-1" in words_of(admin, page(webhook))
    for verb in ("delete/", "pause/", "rotate/", "test/"):
        assert admin.post(page(webhook, verb)).status_code in {200, 409}
    assert receiver.got == []


def test_a_changed_address_gets_what_waits(cast: Cast, admin: Client, receiver: Receiver) -> None:
    webhook = hook(cast, "http://127.0.0.1:8009/")
    tell(cast, items(cast, 2))
    asked = {"url": receiver.url, "event": ["outcome.settled", "item.escalated"]}
    assert admin.post(page(webhook), asked).status_code == 302
    assert (run(NOW), len(receiver.got)) == (2, 2)
    assert admin.post(page(webhook), {"url": receiver.url}).status_code == 422


@pytest.mark.parametrize("name", ["reviewer", "lead", "ml", "auditor"])
def test_only_admins_see_webhooks(cast: Cast, browser: Browser, name: str) -> None:
    webhook = hook(cast, "http://bot.example/")
    client = browser(name)
    assert client.get(page(webhook)).status_code == 403
    assert client.post(page(webhook, "test/")).status_code == 403


def test_every_change_is_on_the_audit_trail(cast: Cast, admin: Client, receiver: Receiver) -> None:
    admin.post("/settings/webhooks/", {"url": receiver.url, "event": ["item.escalated"]})
    webhook = Webhook.objects.get()
    admin.post(page(webhook), {"url": receiver.url, "event": ["item.escalated"]})
    for verb in ("rotate", "test", "pause", "resume", "delete"):
        admin.post(page(webhook, f"{verb}/"))
    trail = Event.objects.filter(subject_kind="webhook", subject_id=webhook.pk).order_by("id")
    assert [one.verb for one in trail] == ["create", "change", "rotate", "test", "pause", "resume", "delete"]
    assert {one.actor_id for one in trail} == {cast.admin.user_id}
