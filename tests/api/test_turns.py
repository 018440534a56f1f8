"""A reviewer who works through the API: claim, keep, judge, give back, ask."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from reviewqueue.accounts.models import ApiKey, Membership, User
from reviewqueue.assignment.models import Assignment
from reviewqueue.audit.actions import SYSTEM, person
from reviewqueue.audit.models import Event
from reviewqueue.queues.actions import write_rubric
from reviewqueue.review.models import Outcome, Review
from tests.api.conftest import Api
from tests.cast import NOW, Cast, item
from tests.steps import held_item, publish, queued


@pytest.fixture
def reviewer(cast: Cast, acting_as: Callable[..., Api]) -> Api:
    """A program that acts as the reviewer."""
    return acting_as(cast.reviewer)


def claimed(program: Api, path: str = "claims") -> dict[str, Any]:
    answer = program.post(path)
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_claim_gives_the_item_why_it_is_here_and_how_it_is_judged(cast: Cast, reviewer: Api) -> None:
    (received,) = queued(cast)
    turn = claimed(reviewer)
    assert turn["item"]["id"] == str(received.id)
    assert turn["item"]["output"] == {"content": "It will arrive on Friday."}
    assert turn["item"]["state"] == "in_review"
    assert turn["why"] == ["confidence 0.42 is below 0.60 (rule 2, policy 1)"]
    assert (turn["queue"], turn["guidelines"]) == ("support", ["Name the last day."])
    assert reviewer.post("claims").status_code == 204


def test_guidelines_come_in_the_language_of_whom_the_key_acts_as(cast: Cast, reviewer: Api) -> None:
    write_rubric(
        queue=cast.support,
        guidelines=["Name the last day."],
        in_languages={"de": ["Nenne den letzten Tag."]},
        by=None,
        actor=SYSTEM,
        now=NOW,
    )
    queued(cast, 2)
    turn = claimed(reviewer)
    assert turn["guidelines"] == ["Name the last day."]
    settle_turn = {"fence": turn["fence"], "reason": ""}
    reviewer.post(f"assignments/{turn['id']}/return", settle_turn)
    User.objects.filter(pk=cast.reviewer.user_id).update(language="de")
    assert claimed(reviewer)["guidelines"] == ["Nenne den letzten Tag."]


def test_a_key_of_one_source_is_shown_no_others_by_claiming(cast: Cast, acting_as: Callable[..., Api]) -> None:
    queued(cast)
    bound = acting_as(cast.reviewer, source="another-bot")
    answer = bound.post("claims")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (403, "not-allowed")
    assert "bound to one source" in answer.json()["detail"]
    assert claimed(acting_as(cast.reviewer))["queue"] == "support"


def test_a_claim_from_one_queue_leaves_the_others_alone(cast: Cast, reviewer: Api) -> None:
    queued(cast, risk={"level": "high"})
    assert reviewer.post("queues/support/claims").status_code == 204
    assert reviewer.post("queues/elsewhere/claims").status_code == 404
    assert claimed(reviewer, "queues/careful/claims")["queue"] == "careful"


def test_a_correction_settles_the_item_in_the_reviewers_name(cast: Cast, reviewer: Api, api: Api) -> None:
    (received,) = queued(cast)
    turn = claimed(reviewer)
    body = {
        "fence": turn["fence"],
        "decision": "edit",
        "severity": "major",
        "correction": {"content": "It will arrive on Monday."},
        "reason_codes": ["wrong-fact"],
        "cause": "knowledge",
        "note": "The handbook is old.",
        "follow_up": True,
    }
    answer = reviewer.post(f"assignments/{turn['id']}/review", body)
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert (told["decision"], told["severity"], told["state"]) == ("edit", "major", "in_review")
    assert told["visible_at"] > told["submitted_at"]
    review = Review.objects.get()
    assert (review.user, review.shown["through"]) == (cast.reviewer.user, "api")
    keys = set(ApiKey.objects.filter(user=cast.reviewer.user).values_list("pk", flat=True))
    for verb in ("claim", "submit", "settle"):
        event = Event.objects.get(verb=verb)
        assert (event.actor_kind, event.actor_id) == ("person", cast.reviewer.user.pk)
        assert {UUID(event.data["through_key"])} == keys
    publish(cast, now=Outcome.objects.get().settled_at)
    outcome = api.get(f"items/{received.id}/outcome").json()
    assert outcome["final"] == {"content": "It will arrive on Monday."}
    assert (outcome["follow_up"], outcome["cause"], outcome["reason_codes"]) == (True, "knowledge", ["wrong-fact"])


def test_the_trail_names_the_key_only_where_one_acts(cast: Cast, acting_as: Callable[..., Api]) -> None:
    program = acting_as(cast.admin)
    (key_id,) = ApiKey.objects.filter(user=cast.admin.user).values_list("pk", flat=True)
    sent = item("by-admin"), {**held_item("held-by-admin"), "source": "support-chatbot"}
    for one in sent:
        assert program.post("items", one).status_code == 201
    received = Event.objects.filter(verb="receive").values_list("actor_id", "data__through_key")
    assert set(received) == {(cast.admin.user.pk, str(key_id))}
    assert person(cast.admin.user.pk).through is None, "the next request in this thread is not the key's"


def test_a_correction_may_be_the_text_alone(cast: Cast, reviewer: Api) -> None:
    queued(cast)
    turn = claimed(reviewer)
    body = {"fence": turn["fence"], "decision": "edit", "severity": "none", "correction": "It will arrive on Monday."}
    assert reviewer.post(f"assignments/{turn['id']}/review", body).status_code == 201


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"decision": "edit", "severity": "minor"}, "#/correction/content"),
        ({"decision": "edit", "correction": "New."}, "#/severity"),
        ({"decision": "reject"}, "#/severity"),
        ({"decision": "reject", "severity": "none"}, "#/severity"),
        ({"decision": "approve", "severity": "major"}, "#/severity"),
        ({"decision": "approve", "correction": "New."}, "#/correction"),
        ({"decision": "shrug"}, "#/decision"),
        ({"decision": "reject", "severity": "major", "reason_codes": ["no-such"]}, "#/reason_codes"),
        ({"decision": "edit", "severity": "minor", "correction": {"text": "New."}}, "#/correction"),
        (
            {"decision": "edit", "severity": "minor", "correction": "It will arrive on Friday."},
            "#/correction/content",
        ),
    ],
)
def test_an_incomplete_review_is_refused_at_its_place(cast: Cast, reviewer: Api, body: dict, place: str) -> None:
    queued(cast)
    turn = claimed(reviewer)
    answer = reviewer.post(f"assignments/{turn['id']}/review", {"fence": turn["fence"], **body})
    assert answer.status_code == 422
    assert place in {one["pointer"] for one in answer.json()["errors"]}
    assert not Review.objects.exists()


def test_a_heartbeat_renews_and_a_late_one_keeps_the_draft(cast: Cast, reviewer: Api) -> None:
    queued(cast)
    turn = claimed(reviewer)
    path = f"assignments/{turn['id']}"
    answer = reviewer.patch(path, {"fence": turn["fence"], "draft": {"content": "It will"}})
    assert answer.status_code == 200
    assert answer.json()["expires_at"] >= turn["expires_at"]
    late = reviewer.patch(path, {"fence": turn["fence"] - 1, "draft": {"content": "It will arrive"}})
    assert late.status_code == 409
    assert late.json()["type"].endswith("/turn-over")
    assert Assignment.objects.get().draft.body == {"content": "It will arrive"}


def test_what_was_given_back_goes_to_somebody_else(cast: Cast, reviewer: Api, acting_as: Callable[..., Api]) -> None:
    queued(cast)
    turn = claimed(reviewer)
    answer = reviewer.post(f"assignments/{turn['id']}/return", {"fence": turn["fence"], "reason": "Not my language."})
    assert answer.status_code == 204
    assert reviewer.post("claims").status_code == 204
    assert claimed(acting_as(cast.reviewer2))["fence"] > turn["fence"]
    again = reviewer.post(f"assignments/{turn['id']}/return", {"fence": turn["fence"]})
    assert again.status_code == 409


def test_a_question_goes_to_a_lead(cast: Cast, reviewer: Api, acting_as: Callable[..., Api], api: Api) -> None:
    (received,) = queued(cast)
    turn = claimed(reviewer)
    body = {"fence": turn["fence"], "question": "May we promise a day?"}
    answer = reviewer.post(f"assignments/{turn['id']}/escalation", body)
    assert (answer.status_code, answer.json()["why"]) == (201, "question")
    waiting = api.get(f"items/{received.id}/outcome")
    assert (waiting.status_code, waiting.json()["state"]) == (202, "escalated")
    assert claimed(acting_as(cast.lead))["item"]["id"] == str(received.id)


def test_another_persons_turn_looks_exactly_like_none(
    cast: Cast, reviewer: Api, acting_as: Callable[..., Api]
) -> None:
    queued(cast)
    turn = claimed(reviewer)
    unknown = "00000000-0000-7000-8000-000000000000"
    body = {"fence": turn["fence"], "decision": "approve"}

    def refused(who: Membership, turn_id: str) -> Any:
        answer = acting_as(who).post(f"assignments/{turn_id}/review", body)
        assert answer.status_code == 404
        return answer.content

    for who in (cast.reviewer2, cast.lead, cast.admin):
        assert refused(who, turn["id"]) == refused(who, unknown)
    assert not Review.objects.exists()


def test_a_key_is_worth_nothing_once_its_person_has_left(cast: Cast, reviewer: Api) -> None:
    queued(cast)
    Membership.objects.filter(pk=cast.reviewer.pk).update(ended_at=NOW)
    assert reviewer.post("claims").status_code == 401


def test_a_key_of_one_source_cannot_review(cast: Cast, acting_as: Callable[..., Api]) -> None:
    queued(cast)
    assert acting_as(cast.reviewer, source="support-chatbot").post("claims").status_code == 403


def test_the_same_idempotency_key_gives_the_same_turn_again(cast: Cast, reviewer: Api) -> None:
    queued(cast, 2)
    first = reviewer.post("claims", **{"idempotency-key": "mine-1"})
    again = reviewer.post("claims", **{"idempotency-key": "mine-1"})
    other = reviewer.post("claims", **{"idempotency-key": "mine-2"})
    assert (first.content, first.status_code) == (again.content, 201)
    assert (again["Idempotency-Replayed"], first.get("Idempotency-Replayed")) == ("true", None)
    assert other.json()["id"] != first.json()["id"]
    assert Assignment.objects.count() == 2
    reused = reviewer.post("queues/support/claims", **{"idempotency-key": "mine-1"})
    assert (reused.status_code, reused.json()["type"].rpartition("/")[2]) == (422, "idempotency-key-reused")


def test_nothing_to_claim_is_answered_the_same_again(cast: Cast, reviewer: Api) -> None:
    assert reviewer.post("claims", **{"idempotency-key": "k"}).status_code == 204
    queued(cast)
    assert reviewer.post("claims", **{"idempotency-key": "k"}).status_code == 204
    assert reviewer.post("claims", **{"idempotency-key": "k2"}).status_code == 201


def test_an_idempotency_key_that_is_not_allowed_is_refused(reviewer: Api) -> None:
    for key in ("x" * 256, "\x7f", "ä"):
        assert reviewer.post("claims", **{"idempotency-key": key}).status_code == 400
