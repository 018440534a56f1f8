"""A bot says that it no longer needs an answer."""

from collections.abc import Callable
from uuid import uuid4

from tests.api.conftest import Api
from tests.cast import Cast, item
from tests.steps import claim, edit, publish, queued, settle, submit


def test_it_is_answered_with_its_state_and_as_often_as_it_is_sent(cast: Cast, api: Api) -> None:
    (received,) = submit(cast, item())
    for _again in range(2):
        answer = api.post(f"items/{received.id}/withdrawal")
        assert (answer.status_code, answer.json()) == (200, {"id": str(received.id), "state": "withdrawn"})
    assert api.get(f"items/{received.id}").json()["state"] == "withdrawn"
    assert api.get("items?state=withdrawn").json()["results"][0]["id"] == str(received.id)


def test_who_asks_for_its_outcome_is_told_that_there_will_be_none(cast: Cast, api: Api) -> None:
    (received,) = queued(cast)
    api.post(f"items/{received.id}/withdrawal", {})
    answer = api.get(f"items/{received.id}/outcome")
    assert answer.status_code == 202
    assert answer.json()["state"] == "withdrawn"


def test_a_reviewer_who_sends_a_review_of_it_is_told_why_not(
    cast: Cast, api: Api, acting_as: Callable[..., Api]
) -> None:
    (received,) = queued(cast)
    mine = acting_as(cast.reviewer)
    turn = mine.post("claims").json()
    api.post(f"items/{received.id}/withdrawal")
    answer = mine.post(f"assignments/{turn['id']}/review", {"fence": turn["fence"], "decision": "approve"})
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("no-longer-needed")
    assert "no longer needs" in answer.json()["detail"]


def test_what_is_decided_is_a_conflict(cast: Cast, api: Api) -> None:
    queued(cast)
    outcome = settle(cast, cast.reviewer, edit())
    publish(cast)
    answer = api.post(f"items/{outcome.item_id}/withdrawal")
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("decided-already")


def test_only_its_own_source_may_and_only_with_the_scope(
    cast: Cast, api: Api, stranger: Api, acting_as: Callable[..., Api]
) -> None:
    (received,) = queued(cast)
    path = f"items/{received.id}/withdrawal"
    assert stranger.post(path).status_code == 404
    assert api.post(f"items/{uuid4()}/withdrawal").status_code == 404
    assert acting_as(source="other").post(path).status_code == 404
    assert acting_as(scopes=["items:read"]).post(path).status_code == 403
    assert acting_as(cast.reviewer).post(path).status_code == 403
    assert api.post(path, {"why": "x"}).status_code == 422
    assert claim(cast, cast.reviewer) is not None
