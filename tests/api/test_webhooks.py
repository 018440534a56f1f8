"""Webhooks over the API: what a deployment's own programs set up, watch and repair."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from reviewqueue.accounts.actions import create_key
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now as clock_now
from reviewqueue.delivery.models import Delivery, Webhook
from reviewqueue.delivery.sending import send_due
from tests.api.conftest import Api
from tests.cast import NOW, Cast
from tests.delivery.receiver import Receiver, receiving
from tests.delivery.telling import after, hook, items, run, tell


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def admin(cast: Cast) -> Api:
    """A program that may administer."""
    _row, key = create_key(workspace=cast.workspace, name="operator", scopes=["admin"], by=SYSTEM, now=NOW)
    return Api(key)


def add(admin: Api, receiver: Receiver, **more: object) -> dict:
    answer = admin.post("webhooks", {"url": receiver.url, "events": ["item.escalated"], **more})
    assert answer.status_code == 201, answer.json()
    return answer.json()


def test_a_program_adds_a_webhook_hears_of_what_it_chose_and_verifies_it(
    cast: Cast, admin: Api, receiver: Receiver
) -> None:
    made = add(admin, receiver, source=cast.source.slug)
    assert (made["state"], made["source"], made["events"]) == ("healthy", cast.source.slug, ["item.escalated"])
    tell(cast, items(cast, 1), now=clock_now())
    run(clock_now())
    ((headers, body),) = receiver.got
    assert Verifier(made["secret"]).verify(body, headers)["data"]["external_id"] == "told-0"
    shown = admin.get(f"webhooks/{made['id']}").json()
    assert "secret" not in shown
    assert admin.get("webhooks").json()["results"] == [shown]


def test_a_repeated_request_adds_nothing_and_shows_no_secret_again(admin: Api, receiver: Receiver) -> None:
    asked = {"url": receiver.url}
    first = admin.post("webhooks", asked, **{"Idempotency-Key": "hook-1"})
    again = admin.post("webhooks", asked, **{"Idempotency-Key": "hook-1"})
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.json()["id"], again.json()["secret"]) == (first.json()["id"], None)
    assert first.json()["secret"].startswith("whsec_")
    assert Webhook.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "#/url"),
        ({"url": "http://bot.example/", "events": []}, "#/events"),
        ({"url": "http://bot.example/", "events": ["outcome.lost"]}, "#/events/0"),
        ({"url": "http://bot.example/", "source": "nobody"}, "#/source"),
        ({"url": "http://bot.example/", "secret": "mine"}, "#/secret"),
    ],
)
def test_a_webhook_that_is_wrong_is_refused_at_its_place(admin: Api, body: dict, place: str) -> None:
    answer = admin.post("webhooks", body)
    assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (422, [place])
    assert not Webhook.objects.exists()


def test_a_forbidden_address_is_refused_by_name(admin: Api) -> None:
    answer = admin.post("webhooks", {"url": "http://169.254.169.254/latest/meta-data/"})
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("/address-refused")


def test_it_is_changed_paused_resumed_and_deleted(cast: Cast, admin: Api, receiver: Receiver) -> None:
    made = add(admin, receiver)
    address = f"webhooks/{made['id']}"
    assert admin.patch(address, {"events": ["outcome.settled", "item.escalated"]}).json()["events"] == [
        "outcome.settled",
        "item.escalated",
    ]
    assert admin.patch(address, {"paused": True}).json()["state"] == "paused"
    tell(cast, items(cast, 2))
    assert admin.get(address).json()["waiting"] == 2
    assert admin.patch(address, {"paused": False}).json()["state"] == "healthy"
    assert admin.send("DELETE", address).status_code == 204
    shown = admin.get(address).json()
    assert (shown["state"], shown["disabled_because"], shown["waiting"]) == ("disabled", "deleted", 0)
    assert admin.send("DELETE", address).status_code == 409
    assert admin.patch(address, {"paused": True}).status_code == 409


def test_a_secret_is_replaced_with_an_overlap(admin: Api, receiver: Receiver) -> None:
    made = add(admin, receiver)
    address = f"webhooks/{made['id']}"
    fresh = admin.post(f"{address}/rotation", {"overlap_seconds": 60}).json()
    tested = admin.post(f"{address}/test").json()
    assert (tested["delivered"], tested["status"], tested["error"]) == (True, 204, None)
    ((headers, body),) = receiver.got
    assert all(Verifier(one).verify(body, headers) for one in (made["secret"], fresh["secret"]))
    assert admin.post(f"{address}/rotation", {"overlap_seconds": 10**7}).status_code == 422
    assert admin.post(f"{address}/rotation").status_code == 201


def test_a_failing_endpoint_is_seen_and_what_it_missed_is_sent_again(
    cast: Cast, admin: Api, receiver: Receiver
) -> None:
    webhook = hook(cast, receiver.url)
    address = f"webhooks/{webhook.pk}"
    tell(cast, items(cast, 6))
    receiver.answers = [(500, {})]
    run(NOW)
    shown = admin.get(address).json()
    assert (shown["state"], shown["waiting"], shown["failing_since"]) == ("failing", 6, "2025-11-24T09:00:00Z")
    assert admin.post(f"{address}/replays", {}).status_code == 409
    run(after(days=8))
    log = admin.get(f"{address}/deliveries?state=given_up&type=item.escalated").json()["results"]
    assert len(log) == 6
    assert {one["tries"][0]["status"] for one in log if one["tries"]} == {500}
    receiver.got.clear()
    receiver.answers = [(204, {})]
    Webhook.objects.update(failures=0, opened_at=None, quiet_until=None, replayed_at=None)
    one = admin.post(f"{address}/replays", {"deliveries": [log[0]["id"]]})
    assert (one.status_code, one.json()) == (201, {"messages": 1})
    assert admin.post(f"{address}/replays", {"failed": True}).status_code == 409
    Webhook.objects.update(replayed_at=None)
    chosen = {"since": "2025-11-24T08:00:00Z", "until": "2025-11-25T00:00:00Z"}
    assert admin.post(f"{address}/replays", chosen).json() == {"messages": 5}
    send_due(clock=lambda: max(clock_now(), after(days=8)) + timedelta(seconds=1), seconds=10)
    assert {headers["webhook-id"] for headers, _body in receiver.got} == {one["webhook_id"] for one in log}
    assert {one["state"] for one in admin.get(f"{address}/deliveries").json()["results"]} == {"delivered"}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"since": "yesterday"}, "#/since"),
        ({"until": "2025-11-24T08:00:00"}, "#/until"),
        ({"deliveries": ["x"]}, "#/deliveries/0"),
        ({"everything": True}, "#/everything"),
    ],
)
def test_a_replay_that_is_wrong_is_refused_at_its_place(cast: Cast, admin: Api, body: dict, place: str) -> None:
    webhook = hook(cast, "http://bot.example/")
    answer = admin.post(f"webhooks/{webhook.pk}/replays", body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, place)


def test_long_logs_have_pages(cast: Cast, admin: Api) -> None:
    webhook = hook(cast, "http://bot.example/")
    tell(cast, items(cast, 5))
    first = admin.get(f"webhooks/{webhook.pk}/deliveries?limit=3").json()
    rest = admin.get(first["next"].removeprefix("http://testserver")).json()
    assert (len(first["results"]), len(rest["results"]), rest["next"]) == (3, 2, None)


def test_it_takes_the_scope_admin_and_a_person_who_administers(cast: Cast, api: Api, receiver: Receiver) -> None:
    webhook = hook(cast, receiver.url)
    assert api.get("webhooks").status_code == 403
    for user, source, status in (
        (cast.lead.user, "", 403),
        (None, cast.source.slug, 403),
        (cast.admin.user, "", 200),
    ):
        _row, key = create_key(
            workspace=cast.workspace, name="x", scopes=["admin"], by=SYSTEM, now=NOW, user=user, source_slug=source
        )
        assert Api(key).get(f"webhooks/{webhook.pk}").status_code == status
    assert not Delivery.objects.exists()


def test_another_workspaces_webhook_is_not_there(cast: Cast, receiver: Receiver) -> None:
    webhook = hook(cast, receiver.url)
    _row, key = create_key(workspace=cast.stranger.workspace, name="x", scopes=["admin"], by=SYSTEM, now=NOW)
    for path in (f"webhooks/{webhook.pk}", f"webhooks/{uuid4()}"):
        assert Api(key).get(path).status_code == 404
        assert Api(key).post(f"{path}/test").status_code == 404
    assert receiver.got == []
