"""Quotas and caps: who asks too much is told which limit it is, how large, and when to come again."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from reviewqueue.accounts.actions import limit_key
from reviewqueue.accounts.models import ApiKey, QuotaUse
from reviewqueue.api import limits
from reviewqueue.api.agreeing import Agreement
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.common import clock
from reviewqueue.common.errors import Invalid
from reviewqueue.common.quotas import Meter
from reviewqueue.intake.actions import limit_source
from reviewqueue.intake.models import Item, SourceLoad
from tests.api.conftest import Api
from tests.cast import NOW, PASSWORD, Cast, item
from tests.steps import edit, settle, triage


@pytest.fixture(autouse=True)
def process() -> Iterator[Agreement]:
    """This process, which has counted nothing and learned nothing yet."""
    limits.meter.__init__()  # type: ignore[misc]
    limits.known.__init__()  # type: ignore[misc]
    yield Agreement()
    limits.meter.__init__()  # type: ignore[misc]
    limits.known.__init__()  # type: ignore[misc]


def another() -> tuple[Agreement, Meter, limits.Known]:
    """Return another web process."""
    meter, known = Meter(), limits.Known()
    return Agreement(meter, known), meter, known


def limit(cast: Cast, process: Agreement, *, items: int | None = None, most: int | None = None) -> None:
    """Limit the source, and let the process learn of it."""
    limit_source(source=cast.source, items_per_minute=items, open_items_most=most, by=SYSTEM, now=NOW)
    process._count_after = 0
    process.agree(clock.now())


def refused(answer: Any, slug: str, *words: str) -> None:
    """Check that an answer is a whole refusal."""
    assert (answer.status_code, answer["Content-Type"]) == (429, "application/problem+json")
    assert answer.json()["type"].rpartition("/")[2] == slug
    assert int(answer["Retry-After"]) >= 1
    assert [word for word in words if word not in answer.json()["detail"]] == []


# --- a key's requests ---------------------------------------------------------------------------------------------


def test_a_key_may_send_so_many_requests_and_no_more(cast: Cast, api: Api, process: Agreement) -> None:
    limit_key(api_key=ApiKey.objects.get(workspace=cast.workspace), requests_per_minute=3, by=SYSTEM, now=NOW)
    process.agree(clock.now())
    answers = [api.get("items") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    refused(answers[3], "rate-limited", "key", "3 requests a minute")
    assert [one.get("RateLimit") for one in answers] == [f'"key";r={left};t=60' for left in (2, 1, 0)] + [None]
    assert answers[0]["RateLimit-Policy"] == '"key";q=3;w=60'


def test_without_a_quota_of_its_own_a_key_has_that_of_the_settings(api: Api, settings: Any) -> None:
    settings.KEY_REQUESTS_PER_MINUTE = 2
    assert [api.get("items").status_code for _ in range(3)] == [200, 200, 429]


def test_no_limit_is_no_limit(api: Api, settings: Any) -> None:
    settings.KEY_REQUESTS_PER_MINUTE = settings.SOURCE_ITEMS_PER_MINUTE = settings.SOURCE_OPEN_ITEMS = 0
    answers = [api.post("items", item(f"conv-{number}")) for number in range(5)]
    assert {one.status_code for one in answers} == {201}
    assert "RateLimit" not in answers[0]


def test_one_keys_quota_is_nobody_elses(
    api: Api, stranger: Api, acting_as: Callable[..., Api], settings: Any
) -> None:
    settings.KEY_REQUESTS_PER_MINUTE = 1
    assert [api.get("items").status_code for _ in range(2)] == [200, 429]
    assert stranger.get("items").status_code == 200
    assert acting_as().get("items").status_code == 200


def test_health_sign_in_and_pages_have_no_quota(cast: Cast, api: Api, settings: Any) -> None:
    settings.KEY_REQUESTS_PER_MINUTE = 1
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    assert [api.get("items").status_code for _ in range(2)] == [200, 429]
    client = Client()
    assert {client.get("/healthz").status_code for _ in range(3)} == {200}
    signed_in = client.post("/sign-in", {"email": cast.lead.user.email, "password": PASSWORD})
    assert (signed_in.status_code, client.get("/my-queue").status_code) != (429, 429)


def test_nothing_is_asked_of_the_database_to_know_the_quota(api: Api, django_assert_num_queries: Any) -> None:
    """The key alone is looked up: the same statements with and without a quota."""
    with django_assert_num_queries(1):
        api.get("items?wrong=1")


# --- a source's items ---------------------------------------------------------------------------------------------


def test_a_batch_counts_as_many_as_it_holds(cast: Cast, api: Api, process: Agreement) -> None:
    limit(cast, process, items=5)
    assert api.post("items/batch", {"items": [item(f"a{n}") for n in range(4)]}).status_code == 200
    answer = api.post("items/batch", {"items": [item(f"b{n}") for n in range(2)]})
    refused(answer, "rate-limited", "support-chatbot", "5 items a minute", "holds 2", "1 are left")
    assert api.post("items", item("c")).status_code == 201
    refused(api.post("items", item("d")), "rate-limited", "5 items a minute")
    assert Item.objects.count() == 5


def test_what_is_wrong_counts_nothing(cast: Cast, api: Api, process: Agreement) -> None:
    limit(cast, process, items=1)
    assert api.post("items", item(confidence=9)).status_code == 422
    assert api.post("items", item()).status_code == 201


def test_an_answer_given_again_counts_nothing(cast: Cast, api: Api, process: Agreement) -> None:
    limit(cast, process, items=1)
    sent = [api.post("items", item(), **{"idempotency-key": "k"}) for _ in range(3)]
    assert {one.status_code for one in sent} == {201}


# --- open items ---------------------------------------------------------------------------------------------------


def test_so_many_items_may_be_open_and_no_more(cast: Cast, api: Api, process: Agreement) -> None:
    limit(cast, process, most=3)
    assert api.post("items/batch", {"items": [item(f"a{n}") for n in range(3)]}).status_code == 200
    refused(api.post("items", item("b")), "source-cap", "support-chatbot", "3 open items")
    triage(clock.now())
    settle(cast, cast.reviewer, edit(), now=clock.now())
    limit(cast, process, most=3)
    assert api.post("items", item("b")).status_code == 201
    refused(api.post("items", item("c")), "source-cap")


def test_history_that_triage_lets_pass_is_not_held_up(cast: Cast, api: Api, process: Agreement) -> None:
    limit(cast, process, most=3)
    for turn in range(4):
        sent = {"items": [item(f"{turn}-{n}", confidence=0.99) for n in range(3)]}
        assert api.post("items/batch", sent).status_code == 200
        triage(clock.now())
        limit(cast, process, most=3)
    assert SourceLoad.objects.get(source=cast.source).open_items == 0


@pytest.mark.parametrize(
    ("received", "queued", "settled", "seconds"),
    [(100, 0, 0, 5), (0, 100, 0, 3600), (0, 100, 45, 20), (60, 60, 45, 5), (0, 100, 9_000, 5)],
)
def test_when_to_come_again_is_told_by_the_present_pace(
    received: int, queued: int, settled: int, seconds: int
) -> None:
    load = SourceLoad(received=received, open_items=received + queued, settled_lately=settled, counted_at=NOW)
    assert limits.seconds_for_room(load, most=100) == seconds


# --- several processes --------------------------------------------------------------------------------------------


def test_what_one_process_let_in_counts_in_the_others(cast: Cast, process: Agreement) -> None:
    other, meter, _ = another()
    now = clock.now()
    stamp, whose, home = now.timestamp(), cast.source.pk, cast.workspace.pk
    assert limits.meter.take(whose, home, 6, size=10, now=stamp).left == 4
    assert meter.take(whose, home, 1, size=10, now=stamp).left == 9
    for one in (process, other, process):
        one.agree(now)
    assert limits.meter.take(whose, home, 1, size=10, now=stamp).left == 2
    assert meter.take(whose, home, 5, size=10, now=stamp).seconds > 0
    assert meter.take(whose, home, 3, size=10, now=stamp).left == 0


def test_what_is_over_is_forgotten(cast: Cast, process: Agreement) -> None:
    now = clock.now()
    limits.meter.take(cast.source.pk, cast.workspace.pk, 1, size=10, now=now.timestamp())
    process.agree(now)
    told = QuotaUse.objects.filter(whose=cast.source.pk)
    assert told.count() == 1
    process._forget_after = 0
    process.agree(now + timedelta(minutes=5))
    assert told.count() == 0


def test_a_limit_is_learned_by_every_process(cast: Cast, process: Agreement) -> None:
    other, _, known = another()
    limit(cast, process, items=7, most=9)
    other.agree(clock.now())
    assert (known.items, known.open_items) == ({cast.source.pk: 7}, {cast.source.pk: 9})


def test_counts_that_a_crash_may_lose_write_no_log(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'accounts_quotause'")
        assert cursor.fetchone() == ("u",)


# --- who sets them ------------------------------------------------------------------------------------------------


def test_a_limit_is_on_record_and_odd_ones_are_refused(cast: Cast) -> None:
    row = ApiKey.objects.get(workspace=cast.workspace)
    limit_key(api_key=row, requests_per_minute=60, by=SYSTEM, now=NOW)
    limit_source(source=cast.source, items_per_minute=None, open_items_most=10, by=SYSTEM, now=NOW)
    assert list(Event.objects.filter(verb="limit").order_by("subject_kind").values_list("subject_kind", "data")) == [
        ("key", {"requests_per_minute": 60}),
        ("source", {"items_per_minute": None, "open_items_most": 10}),
    ]
    for odd in (0, -1, 10**10):
        with pytest.raises(Invalid):
            limit_key(api_key=row, requests_per_minute=odd, by=SYSTEM, now=NOW)
        with pytest.raises(Invalid):
            limit_source(source=cast.source, items_per_minute=1, open_items_most=odd, by=SYSTEM, now=NOW)
