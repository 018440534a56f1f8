"""A program says that an answer was wrong, or contests what was decided for the person affected."""

from collections.abc import Callable
from uuid import uuid4

from reviewqueue.common import clock
from reviewqueue.triage.models import Signal
from tests.api.conftest import Api
from tests.cast import Cast, item
from tests.steps import edit, publish, queued, settle, submit, triage


def passed(cast: Cast) -> str:
    (received,) = submit(cast, item(confidence=0.99))
    triage(clock.now())
    return str(received.id)


def test_a_thumbs_down_brings_an_answer_to_people(cast: Cast, api: Api) -> None:
    item_id = passed(cast)
    answer = api.post(f"items/{item_id}/signals", {"kind": "thumbs_down", "note": "Nobody came.", "by": "customer-1"})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["item"], body["kind"], body["state"]) == (item_id, "thumbs_down", "queued")
    assert Signal.objects.get().content.note == "Nobody came."


def test_sent_again_it_is_the_same_signal(cast: Cast, api: Api) -> None:
    path, body = f"items/{passed(cast)}/signals", {"kind": "complaint", "by": "customer-1"}
    first, again = api.post(path, body), api.post(path, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json()["id"] == again.json()["id"]


def test_the_outcome_that_was_known_stands_while_people_look_again(cast: Cast, api: Api) -> None:
    item_id = passed(cast)
    known = api.get(f"items/{item_id}/outcome").json()
    api.post(f"items/{item_id}/signals", {"kind": "recontact"})
    answer = api.get(f"items/{item_id}/outcome")
    assert (answer.status_code, answer.json()) == (200, known)
    settle(cast, cast.reviewer, edit())
    publish(cast)
    assert api.get(f"items/{item_id}/outcome").json()["version"] == 1


def test_the_reviewer_gets_to_know_why_through_the_api(cast: Cast, api: Api, acting_as: Callable[..., Api]) -> None:
    api.post(f"items/{passed(cast)}/signals", {"kind": "complaint"})
    assert acting_as(cast.reviewer).post("claims").json()["why"] == ["somebody complained about the answer"]


def test_what_is_wrong_with_a_signal_is_said_in_its_place(cast: Cast, api: Api) -> None:
    path = f"items/{passed(cast)}/signals"
    for body, pointer in (
        ({}, "#/kind"),
        ({"kind": "angry"}, "#/kind"),
        ({"kind": "report", "by": "x" * 256}, "#/by"),
        ({"kind": "report", "note": "x" * 10_001}, "#/note"),
        ({"kind": "report", "why": "x"}, "#/why"),
        ({"kind": "report", "note": 7}, "#/note"),
    ):
        answer = api.post(path, body)
        assert answer.status_code == 422
        assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


def test_an_appeal_is_decided_anew(cast: Cast, api: Api) -> None:
    queued(cast)
    outcome = settle(cast, cast.reviewer, edit())
    publish(cast)
    answer = api.post(f"items/{outcome.item_id}/appeals", {"reason": "I contest it.", "by": "customer-1"})
    assert answer.status_code == 201
    assert (answer.json()["against"], answer.json()["state"]) == (1, "queued")
    again = api.post(f"items/{outcome.item_id}/appeals")
    assert (again.status_code, again.json()["type"].rpartition("/")[2]) == (409, "appealed-already")


def test_without_an_outcome_an_appeal_is_a_conflict(cast: Cast, api: Api) -> None:
    (received,) = queued(cast)
    answer = api.post(f"items/{received.id}/appeals", {})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, "nothing-to-appeal")


def test_only_its_own_source_may_and_only_with_the_scope(
    cast: Cast, api: Api, stranger: Api, acting_as: Callable[..., Api]
) -> None:
    item_id = passed(cast)
    for path, body in ((f"items/{item_id}/signals", {"kind": "report"}), (f"items/{item_id}/appeals", {})):
        assert stranger.post(path, body).status_code == 404
        assert api.post(path.replace(item_id, str(uuid4())), body).status_code == 404
        assert acting_as(source="other").post(path, body).status_code == 404
        assert acting_as(scopes=["items:read"]).post(path, body).status_code == 403
    assert not Signal.objects.exists()
