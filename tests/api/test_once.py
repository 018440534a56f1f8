"""``Idempotency-Key``: what a program asks under a name of its own is done once, and answered the same again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from reviewqueue.accounts.actions import forget_asked, redact_answers
from reviewqueue.accounts.models import AskedOnce
from reviewqueue.api.schema import document
from reviewqueue.common import clock
from reviewqueue.datasets.models import Dataset, Release
from reviewqueue.intake.models import Item
from reviewqueue.review.models import Review
from tests.api.conftest import Api
from tests.cast import Cast, item
from tests.steps import edit, publish, queued, settle

REPLAYED = "Idempotency-Replayed"


def under(key: str) -> dict[str, str]:
    return {"idempotency-key": key}


def same(first: Any, again: Any) -> bool:
    """Return whether an answer is the other one, given again."""
    headers = [{k: v for k, v in one.headers.items() if k not in {REPLAYED, "RateLimit"}} for one in (first, again)]
    return (first.status_code, first.content, headers[0], again[REPLAYED]) == (
        again.status_code,
        again.content,
        headers[1],
        "true",
    )


def test_an_item_is_submitted_once_and_answered_the_same_again(api: Api) -> None:
    first = api.post("items", item(), **under("mine"))
    again = api.post("items", item(), **under("mine"))
    assert (first.status_code, REPLAYED in first) == (201, False)
    assert same(first, again)
    assert Item.objects.count() == 1


def test_a_batch_with_bad_items_is_answered_the_same_again(api: Api) -> None:
    sent = {"items": [item("a"), item("b", confidence=7), item("a")]}
    first = api.post("items/batch", sent, **under("batch"))
    again = api.post("items/batch", sent, **under("batch"))
    assert [one["status"] for one in first.json()["results"]] == [201, 422, 200]
    assert same(first, again)


def test_a_review_is_submitted_once(cast: Cast, acting_as: Callable[..., Api]) -> None:
    queued(cast)
    mine = acting_as(cast.reviewer)
    turn = mine.post("claims").json()
    sent = {"fence": turn["fence"], "decision": "edit", "severity": "minor", "correction": "New."}
    first = mine.post(f"assignments/{turn['id']}/review", sent, **under("r"))
    again = mine.post(f"assignments/{turn['id']}/review", sent, **under("r"))
    assert first.status_code == 201
    assert same(first, again)
    assert Review.objects.count() == 1


def test_an_item_is_given_back_once(cast: Cast, acting_as: Callable[..., Api]) -> None:
    queued(cast)
    mine = acting_as(cast.reviewer)
    turn = mine.post("claims").json()
    path, sent = f"assignments/{turn['id']}/return", {"fence": turn["fence"]}
    first, again = mine.post(path, sent, **under("r")), mine.post(path, sent, **under("r"))
    assert first.status_code == 204
    assert same(first, again)
    assert mine.post(path, sent).status_code == 409


def test_a_dataset_and_a_release_are_made_once(cast: Cast, api: Api) -> None:
    queued(cast)
    settle(cast, cast.reviewer, edit())
    publish(cast)
    sent = {"slug": "d", "format": "sft"}
    assert same(api.post("datasets", sent, **under("d")), api.post("datasets", sent, **under("d")))
    assert same(api.post("datasets/d/releases", **under("r")), api.post("datasets/d/releases", **under("r")))
    assert (Dataset.objects.count(), Release.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("path", "body"),
    [("items", item("conv-2")), ("items/batch", {"items": [item()]})],
    ids=["another body", "another address"],
)
def test_another_request_under_the_same_key_is_refused(api: Api, path: str, body: Any) -> None:
    api.post("items", item(), **under("k"))
    refused = api.post(path, body, **under("k"))
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (422, "idempotency-key-reused")
    assert Item.objects.count() == 1


def test_another_program_has_keys_of_its_own(api: Api, stranger: Api) -> None:
    ours, theirs = api.post("items", item(), **under("k")), stranger.post("items", item(), **under("k"))
    assert (ours.status_code, theirs.status_code) == (201, 201)
    assert ours.json()["id"] != theirs.json()["id"]


def test_what_was_refused_did_nothing_and_may_be_mended(api: Api) -> None:
    assert api.post("items", item(confidence=7), **under("k")).status_code == 422
    assert api.post("items", item(confidence=0.7), **under("k")).status_code == 201


def test_a_conflict_is_answered_as_without_a_key(cast: Cast, acting_as: Callable[..., Api]) -> None:
    queued(cast)
    mine = acting_as(cast.reviewer)
    turn = mine.post("claims").json()
    stale = {"fence": turn["fence"] + 1, "decision": "approve"}
    plain = mine.post(f"assignments/{turn['id']}/review", stale)
    keyed = mine.post(f"assignments/{turn['id']}/review", stale, **under("k"))
    assert (plain.status_code, plain.content) == (keyed.status_code, keyed.content) == (409, plain.content)
    assert AskedOnce.objects.count() == 0


@pytest.mark.parametrize("key", ["", "x" * 256, "\x7f", "ä"])
def test_a_key_that_is_not_allowed_is_refused(api: Api, key: str) -> None:
    assert api.post("items", item(), **under(key)).status_code == 400
    assert Item.objects.count() == 0


def test_a_wrong_key_or_scope_sees_no_answer(cast: Cast, api: Api, acting_as: Callable[..., Api]) -> None:
    api.post("items", item(), **under("k"))
    reader = acting_as(scopes=["items:read"])
    assert reader.post("items", item(), **under("k")).status_code == 403
    assert Client().post("/api/v1/items", headers=under("k")).status_code == 401


def test_an_answer_is_kept_for_seven_days(api: Api) -> None:
    first = api.post("items", item(), **under("k"))
    forget_asked(before=clock.now() - timedelta(days=6, hours=23))
    assert same(first, api.post("items", item(), **under("k")))
    forget_asked(before=clock.now() + timedelta(seconds=1))
    assert api.post("items", item("conv-2"), **under("k")).status_code == 201


def test_what_was_answered_about_an_item_goes_with_it(api: Api) -> None:
    batch = {"items": [item("a"), item("b")]}
    answer = api.post("items/batch", batch, **under("batch")).json()
    api.post("items", item("c"), **under("other"))
    assert redact_answers(item_ids=[answer["results"][1]["id"]], now=clock.now()) == 1
    assert AskedOnce.objects.get(idempotency_key="batch").body == ""
    erased = api.post("items/batch", batch, **under("batch"))
    assert (erased.status_code, erased.json()["type"].rpartition("/")[2]) == (410, "erased")
    assert api.post("items", item("c"), **under("other")).status_code == 201
    assert Item.objects.count() == 3


def test_every_post_says_that_it_honours_the_key() -> None:
    posts = [methods["post"] for methods in document()["paths"].values() if "post" in methods]
    assert posts
    for one in posts:
        assert "Idempotency-Key" in [parameter["name"] for parameter in one["parameters"]]
        assert {"409", "422"} <= one["responses"].keys()
