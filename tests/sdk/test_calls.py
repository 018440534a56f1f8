"""Every call of the client against the real server, blocking and on the event loop."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from reviewqueue_client import (
    Conflict,
    Invalid,
    NotAllowed,
    NotConfigured,
    NotThere,
    ReviewQueue,
    StillWaiting,
    Withdrawn,
)

from reviewqueue.common import clock
from reviewqueue.intake.models import Item
from tests.api.serving import Site
from tests.cast import Cast, item
from tests.sdk.both import QUICK, blocking, on_a_loop
from tests.steps import edit, publish, queued, settle, triage


def test_an_answer_is_submitted_corrected_and_comes_back(rq: Any, cast: Cast) -> None:
    stored = rq.submit(**item("conv-1"))
    assert (stored.state, stored.external_id, stored.replayed) == ("received", "conv-1", False)
    triage(clock.now())
    with ThreadPoolExecutor(1) as aside:
        asked = aside.submit(rq.wait, stored, 30)
        settle(cast, cast.reviewer, edit(reason_codes=["wrong-fact"]))
        publish(cast)
        outcome = asked.result(timeout=30)
    assert (outcome.content, outcome.decision, outcome.severity) == ("It will arrive on Monday.", "edit", "major")
    assert (outcome.reason_codes, outcome.changed, outcome.version) == (("wrong-fact",), True, 1)
    assert outcome.published_at is not None
    assert outcome.published_at >= outcome.settled_at
    assert (rq.submit(**item("conv-1")).replayed, rq.get(stored.id).state) == (True, "settled")


@blocking
def test_what_is_wrong_is_told_with_its_place(rq: Any) -> None:
    with pytest.raises(Invalid) as wrong:
        rq.submit(**item(confidence=1.5, source="support-chatbot"))
    assert [place.pointer for place in wrong.value.places] == ["#/confidence"]
    rq.submit(**item("conv-1"))
    with pytest.raises(Conflict) as taken:
        rq.submit(**item("conv-1", confidence=0.9))
    assert taken.value.problem.slug == "external-id-taken"
    with pytest.raises(NotThere):
        rq.get(str(uuid4()))


@blocking
def test_many_are_answered_in_order_and_one_bad_item_spoils_no_other(rq: Any) -> None:
    items = [item(f"conv-{number}") for number in range(1_203)]
    items[7] = item("conv-7", confidence=7)
    items[1_100] = item("conv-1100", output={"content": "\ud800"})
    results = rq.submit_many(items)
    assert [one.external_id for one in results] == [one["external_id"] for one in items]
    assert {one.index: one.status for one in results if not one.ok} == {7: 422, 1_100: 400}
    assert results[7].problem is not None
    assert results[7].problem.places[0].pointer.endswith("/confidence")
    assert Item.objects.count() == 1_201
    assert {one.status for one in rq.submit_many(items[:3])} == {200}
    assert rq.submit_many([]) == []


def test_all_items_are_gone_through_page_by_page(rq: Any, cast: Cast) -> None:
    rq.submit_many([item(f"conv-{number}") for number in range(7)])
    found = list(rq.items(source="support-chatbot", limit="3"))
    assert [one.external_id for one in found] == [f"conv-{number}" for number in reversed(range(7))]
    assert [one.id for one in rq.items(external_id="conv-3")] == [found[3].id]
    whole = rq.get(found[3].id)
    assert (whole.document["output"], whole.kind) == (item()["output"], "chat")


@blocking
def test_who_waits_in_vain_hears_where_the_item_stands(rq: Any, cast: Cast) -> None:
    (received,) = queued(cast)
    with pytest.raises(StillWaiting) as waiting:
        rq.wait(str(received.id), timeout=0.3)
    assert waiting.value.standing.state == "queued"
    assert waiting.value.standing.queue == "support"


@blocking
def test_what_nobody_needs_any_more_is_withdrawn(rq: Any, cast: Cast) -> None:
    (received,) = queued(cast)
    assert rq.withdraw(str(received.id))["state"] == "withdrawn"
    with pytest.raises(Withdrawn):
        rq.wait(str(received.id), timeout=5)


@on_a_loop
def test_what_was_decided_is_contested_and_what_was_let_pass_is_looked_at_again(rq: Any, cast: Cast) -> None:
    queued(cast)
    outcome = settle(cast, cast.reviewer, edit())
    publish(cast)
    told = rq.wait(str(outcome.item_id), timeout=5)
    assert rq.appeal(told, reason="It did arrive.", by="customer-1")["against"] == 1
    with pytest.raises(Conflict):
        rq.appeal(told)
    passed = rq.submit(**item("conv-sure", confidence=0.99))
    triage(clock.now())
    assert rq.wait(passed, timeout=5).basis == "rule"
    said = rq.signal(passed, "thumbs_down", note="It never came.", by="customer-2")
    assert (said["item"], said["kind"], said["state"]) == (passed.id, "thumbs_down", "queued")
    with pytest.raises(Invalid):
        rq.signal(passed, "shrug")


def test_the_corrections_are_followed_from_where_one_was(rq: Any, cast: Cast) -> None:
    queued(cast, 5)
    for _ in range(3):
        settle(cast, cast.reviewer, edit())
    publish(cast)
    feed = rq.corrections(limit=2)
    first = list(feed)
    assert [one.position for one in first] == [1, 2, 3]
    assert first[0].outcome.content == "It will arrive on Monday."
    assert (first[0].correction, first[0].source) == ({"content": "It will arrive on Monday."}, "support-chatbot")
    assert list(rq.corrections(since=feed.cursor)) == []
    settle(cast, cast.reviewer, edit())
    publish(cast)
    assert [one.position for one in rq.corrections(since=feed.cursor)] == [4]


def test_a_reader_that_stops_within_a_page_comes_back_to_it(site: Site, cast: Cast) -> None:
    queued(cast, 3)
    for _ in range(3):
        settle(cast, cast.reviewer, edit())
    publish(cast)
    with ReviewQueue(f"http://127.0.0.1:{site.port}", api_key=cast.key) as rq:
        feed = rq.corrections(limit=2)
        read = [one.position for one, _ in zip(feed, range(1), strict=False)]
        assert (read, feed.cursor) == ([1], None)
        pages = feed.pages()
        assert [one.position for one in next(pages)] == [1, 2]
        assert [one.position for one in rq.corrections(since=feed.cursor)] == [3]
        assert [one.position for one in next(pages)] == [3]
        assert list(rq.corrections(since=feed.cursor)) == []


@blocking
def test_what_is_accepted_in_the_background_is_stored(rq: Any) -> None:
    accepted = [rq.submit_later(**item(f"conv-{number}")) for number in range(20)]
    assert rq.flush(20)
    assert set(accepted) == set(Item.objects.values_list("external_id", flat=True))


@blocking
def test_a_key_without_the_scope_is_refused_with_its_name(site: Site, connect: Callable[..., Any]) -> None:
    with pytest.raises(NotAllowed):
        connect(f"http://127.0.0.1:{site.port}", "rq_nobodys", retry=QUICK).submit(**item())


def test_an_address_or_a_key_that_cannot_be_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REVIEWQUEUE_URL", raising=False)
    monkeypatch.delenv("REVIEWQUEUE_API_KEY", raising=False)
    for url, key in [(None, "rq_a"), ("review.example.com", "rq_a"), ("http://127.0.0.1:9", None)]:
        with pytest.raises(NotConfigured):
            ReviewQueue(url, api_key=key)
    with pytest.raises(NotConfigured, match="base_url"):
        ReviewQueue("http://127.0.0.1:9", api_key="rq_a", options={"base_url": "x"})
    monkeypatch.setenv("REVIEWQUEUE_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("REVIEWQUEUE_API_KEY", "rq_a")
    ReviewQueue().close()
