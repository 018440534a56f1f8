"""Submitting and reading items, as an AI system does it."""

import json
from collections.abc import Callable

from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.common import clock
from reviewqueue.intake.actions import declare
from reviewqueue.intake.models import Item, ItemContent, Source
from reviewqueue.review.rules import Judgement
from tests.api.conftest import Api
from tests.cast import NOW, Cast, item
from tests.steps import publish, queued, settle, triage


def test_a_new_item_is_answered_201_and_the_same_again_200(api: Api) -> None:
    first = api.post("items", item())
    again = api.post("items", item())
    assert (first.status_code, again.status_code) == (201, 200)
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert first.json() == {"id": again.json()["id"], "state": "received"}
    assert Item.objects.count() == Event.objects.filter(verb="receive").count() == 1


def test_the_same_item_in_other_order_and_spacing_is_the_same_item(api: Api) -> None:
    sent = item()
    api.post("items", sent)
    turned = json.dumps(dict(reversed(sent.items())), indent=3).encode()
    assert api.post("items", turned).status_code == 200


def test_the_same_external_id_with_other_content_is_a_conflict_at_its_place(api: Api) -> None:
    api.post("items", item())
    answer = api.post("items", item(output={"content": "Something else."}))
    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"].endswith("/external-id-taken")
    assert answer.json()["errors"][0]["pointer"] == "#/external_id"


def test_an_item_is_given_back_to_the_letter(api: Api) -> None:
    exact = json.dumps(item()).replace("0.42", "4.20e-1").replace("2026-11-01", "2026-11-01 \\u00e4")
    made = api.post("items", exact.encode()).json()["id"]
    answer = api.get(f"items/{made}")
    assert answer.status_code == 200
    assert b"4.20e-1" in answer.content
    assert b"\\u00e4" in answer.content
    given = answer.json()
    assert (given["id"], given["state"], given["external_id"]) == (made, "received", "conv-1")
    assert given["output"] == {"content": "It will arrive on Friday."}
    assert ItemContent.objects.get().body == exact


def test_a_batch_answers_for_each_item_in_order_and_one_bad_item_spoils_nothing(api: Api) -> None:
    api.post("items", item("known"))
    items = [
        item("a"),
        {"source": 7},
        item("known"),
        item("known", confidence=0.1),
        item("a"),
        item("b", source="no"),
    ]
    answer = api.post("items/batch", {"items": items})
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [one["index"] for one in results] == [0, 1, 2, 3, 4, 5]
    assert [one["status"] for one in results] == [201, 422, 200, 409, 200, 422]
    assert results[0]["id"] == results[4]["id"]
    assert results[5]["error"]["errors"][0]["pointer"] == "#/source"
    assert Item.objects.count() == 2


def test_an_item_with_a_forbidden_character_does_not_spoil_its_batch(api: Api) -> None:
    body = json.dumps({"items": [item("a"), item("b", group="x"), item("c")]}).replace('"x"', '"\\u0000"')
    results = api.post("items/batch", body.encode()).json()["results"]
    assert [one["status"] for one in results] == [201, 400, 201]


def test_a_batch_may_have_a_thousand_items_and_no_more(api: Api) -> None:
    many = [item(f"conv-{number}") for number in range(1_001)]
    too_many = api.post("items/batch", {"items": many})
    assert (too_many.status_code, Item.objects.count()) == (422, 0)
    assert too_many.json()["errors"][0]["pointer"] == "#/items"
    whole = api.post("items/batch", {"items": many[:1_000]})
    assert {one["status"] for one in whole.json()["results"]} == {201}


def test_an_empty_batch_is_fine(api: Api) -> None:
    assert api.post("items/batch", {"items": []}).json() == {"results": []}


def test_the_list_goes_newest_first_in_pages_to_its_end(api: Api) -> None:
    api.post("items/batch", {"items": [item(f"conv-{number}") for number in range(7)]})
    seen, address = [], "items?limit=3"
    while address:
        answer = api.get(address).json()
        seen += [one["external_id"] for one in answer["results"]]
        address = answer["next"] and answer["next"].removeprefix("http://testserver")
    assert sorted(seen) == [f"conv-{number}" for number in range(7)]
    assert len(set(seen)) == 7


def test_the_list_is_narrowed_by_source_state_external_id_and_model_version(cast: Cast, api: Api) -> None:
    Source.objects.create(workspace=cast.workspace, slug="other-bot", name="Other", created_at=NOW)
    api.post("items", item("a"))
    api.post("items", item("b", source="other-bot", model={"name": "m", "version": "v2"}))
    api.post("items", item("c", confidence=0.99))
    triage(clock.now())

    def listed(query: str) -> list[str]:
        return sorted(one["external_id"] for one in api.get(f"items?{query}").json()["results"])

    assert listed("source=other-bot") == ["b"]
    assert listed("state=passed") == ["c"]
    assert listed("state=queued") == ["a", "b"]
    assert listed("external_id=a") == ["a"]
    assert listed("model_version=v2&state=queued") == ["b"]
    assert listed("source=unknown") == []


def test_an_outcome_that_can_still_be_undone_does_not_show(cast: Cast, api: Api) -> None:
    (received,) = queued(cast)
    settle(cast, cast.reviewer, Judgement(decision="approve"))
    assert api.get(f"items/{received.id}").json()["state"] == "in_review"
    assert api.get("items?state=settled").json()["results"] == []
    assert len(api.get("items?state=in_review").json()["results"]) == 1
    publish(cast)
    assert api.get(f"items/{received.id}").json()["state"] == "settled"
    assert len(api.get("items?state=settled").json()["results"]) == 1


def test_what_belongs_to_another_workspace_looks_exactly_like_nothing(cast: Cast, api: Api, stranger: Api) -> None:
    theirs = api.post("items", item()).json()["id"]
    unknown = "0" * 8 + "-0000-7000-8000-" + "0" * 12
    for path in ("items/{}", "items/{}/outcome"):
        foreign, missing = stranger.get(path.format(theirs)), stranger.get(path.format(unknown))
        assert (foreign.status_code, foreign.content) == (404, missing.content)
        assert foreign.headers.pop("RateLimit") != missing.headers.pop("RateLimit")  # one request more
        assert dict(foreign.headers) == dict(missing.headers)
    assert stranger.get("items").json()["results"] == []


def test_a_key_of_one_source_neither_writes_nor_sees_others(
    cast: Cast, api: Api, acting_as: Callable[..., Api]
) -> None:
    Source.objects.create(workspace=cast.workspace, slug="other-bot", name="Other", created_at=NOW)
    bound = acting_as(source="other-bot")
    theirs = api.post("items", item()).json()["id"]
    refused = bound.post("items", item("mine"))
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/source")
    assert refused.content == bound.post("items", item("mine", source="nobody")).content
    assert bound.get(f"items/{theirs}").status_code == 404
    assert bound.post("items", item("mine", source="other-bot")).status_code == 201
    assert [one["external_id"] for one in bound.get("items").json()["results"]] == ["mine"]
    assert bound.get("datasets").status_code == 403


def test_a_label_that_the_source_has_not_declared_is_refused_at_its_place(cast: Cast, api: Api) -> None:
    declare(source=cast.source, labels=["refund", "delivery"], by=SYSTEM, now=NOW)
    given = item(kind="classification", input={"text": "Where?"}, output={"label": "weather"})
    answer = api.post("items", given)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/output/label")
    assert api.post("items", {**given, "output": {"label": "delivery"}}).status_code == 201
