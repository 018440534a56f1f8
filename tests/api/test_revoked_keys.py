"""A key that is revoked lets nothing in from that moment, also where nobody asks for it before the work is done."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from reviewqueue.accounts import queries
from reviewqueue.accounts.actions import end_membership, revoke_key
from reviewqueue.accounts.models import ApiKey, AskedOnce, User
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.intake.models import Item, ItemContent, ItemState
from reviewqueue.triage.models import Pending
from tests.api.conftest import Api
from tests.cast import NOW, Cast, item, make_cast

WRONG = {
    "a good item": json.dumps(item("new")).encode(),
    "the same again": json.dumps(item()).encode(),
    "other content": json.dumps(item(confidence=0.1)).encode(),
    "no JSON": b"{",
    "no item": b"{}",
    "an unknown source": json.dumps(item(source="unknown")).encode(),
    "an undeclared label": json.dumps(item(kind="classification", output={"label": "x"})).encode(),
    "held": json.dumps(item("held", gate={"deadline_seconds": 60, "on_timeout": "withhold"})).encode(),
    "too large": b" " * 1024 * 1024 + b"{}",
}


def remembered(api: Api) -> Api:
    """Let this process remember the key."""
    for name in ("conv-1", "conv-2", "conv-3"):
        assert api.post("items", item(name)).status_code == 201
    assert queries.remembered_viewer(api.key).remembered  # type: ignore[union-attr]
    return api


@pytest.fixture
def known(api: Api) -> Api:
    """A program whose key this process remembers."""
    return remembered(api)


def revoke(api: Api) -> None:
    row = ApiKey.objects.get(digest=queries.digest_of(api.key))
    admin = User.objects.get(email="admin@acme.localhost")
    revoke_key(api_key=row, by=admin, actor=SYSTEM, now=NOW)


def stored() -> list[int]:
    return [model.objects.count() for model in (Item, ItemContent, ItemState, Pending, AskedOnce)]


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
def test_whatever_it_sends_is_answered_as_to_a_key_that_never_was(known: Api, body: bytes) -> None:
    revoke(known)
    is_refused(known, body)


def is_refused(api: Api, body: bytes) -> None:
    before = stored()
    refused, unknown = api.post("items", body), Api("never-a-key").post("items", body)
    assert (refused.status_code, refused.content) == (401, unknown.content)
    assert dict(refused.headers) == dict(unknown.headers)
    assert stored() == before


def test_it_is_refused_at_every_other_address_too(known: Api) -> None:
    revoke(known)
    assert known.post("items/batch", {"items": [item("b")]}).status_code == 401
    assert known.post("items", item("k"), **{"idempotency-key": "k"}).status_code == 401
    assert known.get("items").status_code == 401


def test_a_key_that_acts_as_a_person_is_asked_for_every_time(cast: Cast, acting_as: Callable[..., Api]) -> None:
    api = acting_as(cast.admin)
    for name in ("conv-1", "conv-2", "conv-3"):
        assert api.post("items", item(name)).status_code == 201
    assert Event.objects.filter(verb="receive", actor_id=cast.admin.user.pk).count() == 3
    end_membership(membership=cast.admin, by=cast.lead.user, actor=SYSTEM, now=NOW)
    assert api.post("items", item("conv-4")).status_code == 401


def test_a_key_bound_to_a_source_stays_bound(cast: Cast, acting_as: Callable[..., Api]) -> None:
    api = acting_as(source="other-bot")
    for _time in range(3):
        assert api.post("items", item()).status_code == 422
    reading = acting_as(scopes=["items:read"])
    for _time in range(3):
        assert reading.post("items", item()).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_what_waits_for_the_database_while_its_key_is_revoked_is_not_stored(transactional_db: None) -> None:
    """The key is proven by the statement that stores, not before it; here each commits by itself."""
    api = remembered(Api(make_cast().key))
    answers: list[Any] = []

    def send() -> None:
        answers.append(api.post("items", item("late")).status_code)
        connection.close()

    with transaction.atomic():
        revoke(api)
        connection.cursor().execute("LOCK TABLE accounts_apikey IN ACCESS EXCLUSIVE MODE")
        sender = threading.Thread(target=send)
        sender.start()
        _await_lock()
    sender.join(timeout=20)
    assert (answers, Item.objects.count()) == ([401], 3)
    for body in WRONG.values():
        is_refused(api, body)


def _await_lock() -> None:
    """Return once another connection waits for a lock."""
    with connection.cursor() as cursor:
        for _try in range(2_000):
            cursor.execute("SELECT pg_sleep(0.005), count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[1]:
                return
    raise AssertionError("nobody waits")
