"""What a waiting AI system is told."""

from datetime import timedelta
from uuid import uuid4

import pytest

from reviewqueue.common import clock
from reviewqueue.review.rules import Judgement
from tests.api.conftest import Api
from tests.cast import Cast, item
from tests.steps import claim, edit, publish, queued, settle, submit, triage


def test_before_triage_only_the_state_is_known(api: Api) -> None:
    made = api.post("items", item()).json()["id"]
    answer = api.get(f"items/{made}/outcome")
    assert answer.status_code == 202
    assert answer.json() == {"state": "received", "queue": None, "position": None, "expected_wait_seconds": None}


def test_in_the_queue_the_place_by_rank_is_told_and_zero_while_somebody_has_it(cast: Cast, api: Api) -> None:
    now = clock.now()
    first, second = queued(cast, 2, now=now)

    def told(item_id: object) -> tuple:
        body = api.get(f"items/{item_id}/outcome").json()
        return body["state"], body["queue"], body["position"]

    places = {told(first.id), told(second.id)}
    assert places == {("queued", "support", 1), ("queued", "support", 2)}
    turn = claim(cast, cast.reviewer, now=now)
    assert told(turn.assignment.item_id) == ("in_review", "support", 0)


def test_the_expected_wait_is_the_place_times_the_queues_pace(cast: Cast, api: Api) -> None:
    now = clock.now()
    queued(cast, 5, now=now - timedelta(minutes=20))
    for minutes in (10, 5):
        settle(cast, cast.reviewer, Judgement(decision="approve"), now=now - timedelta(minutes=minutes))
    waiting = [one["id"] for one in api.get("items?state=queued").json()["results"]]
    told = sorted(api.get(f"items/{one}/outcome").json()["expected_wait_seconds"] for one in waiting)
    assert told == [pytest.approx(300 * place, abs=20) for place in (1, 2, 3)]


def test_what_triage_let_pass_is_final_as_it_is(cast: Cast, api: Api) -> None:
    (received,) = submit(cast, item(confidence=0.99))
    triage(clock.now())
    answer = api.get(f"items/{received.id}/outcome")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["decision"], body["basis"], body["disposition"]) == (None, "rule", "final")
    assert body["final"] == {"content": "It will arrive on Friday."}


def test_a_correction_is_told_only_once_it_is_published(cast: Cast, api: Api) -> None:
    (received,) = queued(cast)
    settle(cast, cast.reviewer, edit())
    assert api.get(f"items/{received.id}/outcome").status_code == 202
    publish(cast)
    body = api.get(f"items/{received.id}/outcome").json()
    assert (body["decision"], body["final"]) == ("edit", {"content": "It will arrive on Monday."})
    assert (body["item"], body["severity"], body["changed"]) == (str(received.id), "major", True)


def test_a_wait_out_of_bounds_is_refused_by_name(api: Api) -> None:
    made = api.post("items", item()).json()["id"]
    for wait in ("61", "-1", "1.5", "9" * 5_000, "", "%C2%B2", "x"):
        answer = api.get(f"items/{made}/outcome?wait={wait}")
        assert answer.status_code in {400, 422}, wait
    assert api.get(f"items/{uuid4()}/outcome").status_code == 404
