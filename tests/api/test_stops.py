"""Stopping and letting go on over the API, and what reviewers' programs are told meanwhile."""

from collections.abc import Callable

import pytest

from reviewqueue.audit.models import Event
from reviewqueue.queues.models import Stop
from tests.api.conftest import Api
from tests.cast import Cast, item
from tests.steps import queued

ADMIN = ["admin", "items:write", "items:read"]


@pytest.fixture
def operator(acting_as: Callable[..., Api]) -> Api:
    """A program with the scope admin."""
    return acting_as(scopes=ADMIN)


def test_a_queue_is_stopped_and_goes_on(cast: Cast, operator: Api, acting_as: Callable[..., Api]) -> None:
    queued(cast)
    reviewer = acting_as(cast.reviewer)
    answer = operator.post("stops", {"queue": "support", "why": "wrong_answers", "note": "Since noon."})
    assert answer.status_code == 201, answer.content
    stop = answer.json()
    assert (stop["source"], stop["queue"], stop["ended_at"]) == (None, "support", None)
    for path in ("queues/support/claims", "queues/support/claims"):
        refused = reviewer.post(path)
        assert refused.status_code == 409
        assert refused["Content-Type"] == "application/problem+json"
        assert refused.json()["type"].endswith("/problems/stopped")
        assert refused.json()["detail"] == "The queue Support is stopped: the AI's answers are wrong."
        assert "noon" not in refused.content.decode()
    assert reviewer.post("claims").status_code == 204
    ended = operator.send("DELETE", f"stops/{stop['id']}")
    assert (ended.status_code, ended.json()["ended_at"] is not None) == (200, True)
    assert reviewer.post("claims").status_code == 201


def test_a_stopped_source_still_sends(cast: Cast, api: Api, operator: Api) -> None:
    assert operator.post("stops", {"source": "support-chatbot", "why": "outage"}).status_code == 201
    answer = api.post("items", item("conv-9", confidence=0.99))
    assert (answer.status_code, answer.json()["state"]) == (201, "received")


def test_a_held_answer_is_told_at_once_that_it_does_not_pass(cast: Cast, api: Api, operator: Api) -> None:
    operator.post("stops", {"why": "exercise"})
    gate = {"deadline_seconds": 60, "on_timeout": "pass", "fallback": {"content": "A colleague will answer."}}
    answer = api.post("items", item("conv-9", confidence=0.99, gate=gate)).json()
    assert answer["triage"] == {"result": "review", "why": ["it would have passed, but passing was stopped"]}
    outcome = api.get(f"items/{answer['id']}/outcome").json()
    assert (outcome["disposition"], outcome["final"]) == ("fallback", {"content": "A colleague will answer."})
    assert api.get(f"items/{answer['id']}").json()["held"]["closed_because"] == "stopped"


def test_the_same_request_under_one_name_stops_once(cast: Cast, operator: Api) -> None:
    first = operator.post("stops", {"why": "outage"}, **{"idempotency-key": "mine"})
    again = operator.post("stops", {"why": "outage"}, **{"idempotency-key": "mine"})
    assert (first.content, again["Idempotency-Replayed"]) == (again.content, "true")
    other = operator.post("stops", {"why": "outage"})
    assert (other.status_code, other.json()["type"].rpartition("/")[2]) == (409, "stopped-already")
    assert operator.send("DELETE", f"stops/{first.json()['id']}").status_code == 200
    assert operator.send("DELETE", f"stops/{first.json()['id']}").status_code == 409
    assert [one["id"] for one in operator.get("stops").json()["results"]] == [first.json()["id"]]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["#/why"]),
        ({"why": "because"}, ["#/why"]),
        ({"why": "outage", "source": "nobody", "queue": "nowhere"}, ["#/source", "#/queue", "#/queue"]),
        ({"why": "outage", "source": 7, "since": "noon"}, ["#/since", "#/source"]),
        ({"why": "outage", "note": "x" * 2_001}, ["#/note"]),
    ],
)
def test_what_is_wrong_is_told_by_its_place(operator: Api, body: dict, pointers: list[str]) -> None:
    answer = operator.post("stops", body)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == pointers
    assert not Stop.objects.exists()


def test_a_key_of_one_source_stops_and_sees_that_one_alone(cast: Cast, acting_as: Callable[..., Api]) -> None:
    bound = acting_as(scopes=ADMIN, source="support-chatbot")
    assert bound.post("stops", {"why": "outage"}).status_code == 403
    assert bound.post("stops", {"why": "outage", "queue": "support"}).status_code == 403
    assert bound.post("stops", {"why": "outage", "source": "support-chatbot"}).status_code == 201
    acting_as(scopes=ADMIN).post("stops", {"why": "outage"})
    assert [one["source"] for one in bound.get("stops").json()["results"]] == ["support-chatbot"]


def test_who_leads_nothing_stops_nothing(cast: Cast, acting_as: Callable[..., Api], api: Api) -> None:
    assert acting_as(cast.reviewer, scopes=ADMIN).post("stops", {"why": "outage"}).status_code == 403
    assert api.post("stops", {"why": "outage"}).status_code == 403
    assert acting_as(cast.lead, scopes=ADMIN).post("stops", {"why": "outage"}).status_code == 201
    assert Event.objects.get(verb="stop").actor_id == cast.lead.user_id
