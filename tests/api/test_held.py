"""Answers that are held: what a waiting AI system gets, row by row, and what it is told while it waits."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from reviewqueue import pipeline
from reviewqueue.assignment.actions import leave_duty
from reviewqueue.assignment.models import Duty, Lane
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.common import clock
from reviewqueue.delivery.actions import add_webhook
from reviewqueue.delivery.models import Delivery
from reviewqueue.delivery.rules import EVENTS
from reviewqueue.intake.models import Gate, Item
from reviewqueue.queues.actions import leave_queue
from reviewqueue.queues.models import Queue, QueueMember, Rubric
from reviewqueue.review.models import Outcome, Publication
from reviewqueue.review.rules import Judgement
from reviewqueue.triage.actions import activate_policy
from reviewqueue.triage.models import Pending
from tests import steps
from tests.api.conftest import Api
from tests.cast import Cast
from tests.policies import without_policy
from tests.steps import FALLBACK, edit, held_item, on_duty

OWN, CORRECTED = {"content": "It will arrive on Friday."}, {"content": "It will arrive on Monday."}
APPROVE = Judgement(decision="approve")
REJECT = Judgement(decision="reject", severity="major")
SURE = 0.99


@pytest.fixture
def now(cast: Cast) -> datetime:
    """The present moment, at which the reviewers are here for held answers."""
    moment = clock.now()
    on_duty(cast.reviewer, cast.reviewer2, now=moment)
    return moment


def outcome_of(api: Api, item_id: Any) -> dict[str, Any]:
    answer = api.get(f"items/{item_id}/outcome")
    assert answer.status_code == 200, answer.json()
    return answer.json()


def gist(outcome: dict[str, Any]) -> tuple[Any, ...]:
    return outcome["basis"], outcome["disposition"], outcome["final"]


# --- the table -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("judgement", "fallback", "disposition", "final"),
    [
        (APPROVE, FALLBACK, "final", OWN),
        (edit(), FALLBACK, "final", CORRECTED),
        (REJECT, FALLBACK, "withheld", FALLBACK),
        (REJECT, None, "withheld", None),
    ],
)
def test_a_decision_in_time_is_what_it_gets(
    cast: Cast, api: Api, now: datetime, judgement: Judgement, fallback: Any, disposition: str, final: Any
) -> None:
    gate = {"deadline_seconds": 120, "on_timeout": "withhold", "fallback": fallback}
    made = api.post("items", held_item(gate=gate)).json()
    assert (made["state"], made["triage"]["result"]) == ("queued", "review")
    assert "outcome" not in made
    steps.settle(cast, cast.reviewer, judgement, now=now)
    outcome = outcome_of(api, made["id"])  # at once: an AI system waits, so there is no time to undo
    assert gist(outcome) == ("review", disposition, final)
    assert (outcome["version"], outcome["late"], outcome["decision"]) == (1, False, judgement.decision)
    assert Gate.objects.get().closed_because == "decided"


@pytest.mark.parametrize(
    ("on_timeout", "risk", "disposition", "final"),
    [
        ("withhold", None, "withheld", None),
        ("fallback", None, "fallback", FALLBACK),
        ("pass", None, "final", OWN),
        ("withhold", "high", "withheld", None),
        ("fallback", "high", "withheld", None),
        ("pass", "high", "withheld", None),  # a high-risk item is never passed by a timeout
        ("pass", "medium", "final", OWN),
    ],
)
def test_a_deadline_that_passes_is_answered_as_was_agreed(
    cast: Cast, api: Api, now: datetime, on_timeout: str, risk: str | None, disposition: str, final: Any
) -> None:
    risks = {"risk": {"level": risk}} if risk else {}
    made = api.post("items", held_item(on_timeout=on_timeout, seconds=30, **risks)).json()
    assert pipeline.time_out_due(now=now + timedelta(seconds=29)) == 0
    assert pipeline.time_out_due(now=clock.now() + timedelta(seconds=31)) == 1
    outcome = outcome_of(api, made["id"])
    assert gist(outcome) == ("timeout", disposition, final)
    assert (outcome["decision"], outcome["reviewers"], outcome["late"]) == (None, 0, False)
    assert api.get(f"items/{made['id']}").json()["state"] == "queued"  # for a decision that comes late


def test_what_triage_lets_pass_is_answered_in_the_post(cast: Cast, api: Api, now: datetime) -> None:
    answer = api.post("items", held_item(confidence=SURE))
    made = answer.json()
    assert (answer.status_code, made["state"], made["triage"]["result"]) == (201, "passed", "pass")
    assert made["triage"]["why"] == ["no rule of policy 1 asks for a person"]
    assert gist(made["outcome"]) == ("rule", "final", OWN)
    assert outcome_of(api, made["id"]) == made["outcome"]


def test_while_a_lead_is_asked_it_waits_until_the_deadline(cast: Cast, api: Api, now: datetime) -> None:
    made = api.post("items", held_item()).json()
    turn = steps.claim(cast, cast.reviewer, now=now)
    pipeline.escalate(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, question="May we?", now=now
    )
    # no lead is on duty, and still it waits for one
    assert pipeline.time_out_due(now=now + timedelta(seconds=100)) == 0
    waiting = api.get(f"items/{made['id']}/outcome")
    assert (waiting.status_code, waiting.json()["state"]) == (202, "escalated")
    assert pipeline.time_out_due(now=clock.now() + timedelta(seconds=121)) == 1
    assert gist(outcome_of(api, made["id"])) == ("timeout", "fallback", FALLBACK)
    assert api.get(f"items/{made['id']}").json()["state"] == "escalated"  # the edge stays open


def test_a_person_who_decides_after_the_deadline_makes_the_next_version(cast: Cast, api: Api, now: datetime) -> None:
    made = api.post("items", held_item(on_timeout="pass")).json()
    pipeline.time_out_due(now=clock.now() + timedelta(seconds=121))
    steps.settle(cast, cast.reviewer, edit(), now=clock.now() + timedelta(seconds=200))
    outcome = outcome_of(api, made["id"])
    assert gist(outcome) == ("review", "final", CORRECTED)
    assert (outcome["version"], outcome["late"], outcome["supersedes"]) == (2, True, 1)
    feed = api.get("corrections").json()["results"]
    assert [one["version"] for one in feed] == [1, 2]


# --- in the post -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("on_timeout", "disposition"), [("withhold", "withheld"), ("fallback", "fallback")])
def test_with_nobody_there_the_answer_comes_at_once(cast: Cast, api: Api, on_timeout: str, disposition: str) -> None:
    made = api.post("items", held_item(on_timeout=on_timeout)).json()
    assert (made["state"], made["triage"]["result"]) == ("queued", "review")
    assert (made["outcome"]["basis"], made["outcome"]["disposition"]) == ("timeout", disposition)
    gate = api.get(f"items/{made['id']}").json()["held"]
    assert (gate["closed_because"], gate["closed_at"] < gate["deadline_at"]) == ("unattended", True)
    steps.settle(cast, cast.reviewer, APPROVE, now=clock.now())
    assert outcome_of(api, made["id"])["late"] is True


@pytest.mark.parametrize("why", ["another queue", "another language", "a skill", "silent", "left"])
def test_people_who_may_not_take_it_are_nobody(cast: Cast, api: Api, now: datetime, why: str) -> None:
    for one in (cast.reviewer, cast.reviewer2):
        if why == "another queue":
            leave_queue(queue=cast.support, user=one.user, by=cast.viewer("lead").actor, now=now)
        if why == "left":
            leave_duty(membership=one, now=now)
    needs = {"another language": {"language": "de"}, "a skill": {"required_skills": ["refunds"]}}.get(why, {})
    rewrite_rules(cast, needs)
    if why == "silent":
        Duty.objects.update(seen_at=now - timedelta(seconds=60))
    assert api.post("items", held_item()).json()["outcome"]["basis"] == "timeout"


def rewrite_rules(cast: Cast, needs: dict[str, Any]) -> None:
    activate_policy(
        workspace_id=cast.workspace.pk,
        rules=[{"name": "All", "conditions": [], "queue": cast.support, **needs}],
        audit_rate=0.0,
        audit_queue=cast.support,
        by=None,
        actor=cast.viewer("lead").actor,
        now=clock.now(),
    )


def test_when_the_last_one_leaves_the_answer_goes_out(cast: Cast, api: Api, now: datetime) -> None:
    made = api.post("items", held_item()).json()
    leave_duty(membership=cast.reviewer, now=now)
    assert pipeline.time_out_due(now=now) == 0
    leave_duty(membership=cast.reviewer2, now=now)
    assert pipeline.time_out_due(now=now) == 1
    assert gist(outcome_of(api, made["id"])) == ("timeout", "fallback", FALLBACK)


def test_what_somebody_has_in_hand_waits_for_them_though_nobody_else_is_there(
    cast: Cast, api: Api, now: datetime
) -> None:
    made = api.post("items", held_item()).json()
    turn = steps.claim(cast, cast.reviewer, now=now)
    for one in (cast.reviewer, cast.reviewer2):
        leave_duty(membership=one, now=now)
    assert pipeline.time_out_due(now=now) == 0
    pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, judgement=APPROVE, now=now
    )
    assert outcome_of(api, made["id"])["basis"] == "review"


def test_sent_again_it_is_told_what_stands_now(cast: Cast, api: Api, now: datetime) -> None:
    first = api.post("items", held_item())
    again = api.post("items", held_item())
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    steps.settle(cast, cast.reviewer, edit(), now=now)
    third = api.post("items", held_item()).json()
    assert (third["state"], third["outcome"]["final"]) == ("settled", CORRECTED)
    other = api.post("items", held_item(gate={"deadline_seconds": 5}))
    assert other.status_code == 409
    assert Event.objects.filter(verb="receive").count() == 1


def test_in_a_batch_each_is_told_its_own(cast: Cast, api: Api, now: datetime) -> None:
    batch = [
        held_item("h-1"),
        steps.item("plain"),
        held_item("h-2", confidence=SURE),
        held_item("h-3", gate={"deadline_seconds": 0}),
        held_item("h-1"),
    ]
    results = api.post("items/batch", {"items": batch}).json()["results"]
    assert [one["status"] for one in results] == [201, 201, 201, 422, 200]
    assert [one.get("triage", {}).get("result") for one in results] == ["review", None, "pass", None, "review"]
    assert gist(results[2]["outcome"]) == ("rule", "final", OWN)
    assert results[3]["error"]["errors"][0]["pointer"] == "#/gate/deadline_seconds"
    assert Pending.objects.count() == 1  # what is held waits for no worker


def test_the_audit_sample_is_not_told(cast: Cast, api: Api, now: datetime) -> None:
    activate_policy(
        workspace_id=cast.workspace.pk,
        rules=[],
        audit_rate=1.0,
        audit_queue=cast.support,
        by=None,
        actor=SYSTEM,
        now=now,
    )
    told = api.post("items", held_item(confidence=SURE)).json()["triage"]
    assert told["result"] == "review"
    assert not any("sample" in why or "random" in why or "audit" in why for why in told["why"])
    assert set(told) == {"result", "why"}


def test_without_a_policy_a_person_decides(cast: Cast, api: Api, now: datetime) -> None:
    without_policy(cast.workspace)
    made = api.post("items", held_item(confidence=SURE)).json()
    assert made["triage"] == {"result": "review", "why": ["there is no routing policy yet, so a person decides"]}


def test_without_a_queue_nothing_is_stored_and_it_is_to_be_sent_again(cast: Cast, api: Api) -> None:
    without_policy(cast.workspace)
    with_nothing = Queue.objects.filter(workspace=cast.workspace)
    Rubric.objects.filter(queue__in=with_nothing).delete()
    QueueMember.objects.filter(queue__in=with_nothing).delete()
    Lane.objects.filter(queue__in=with_nothing).delete()
    with_nothing.delete()
    answer = api.post("items", held_item())
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "30")
    assert not Item.objects.exists()


@pytest.mark.parametrize(
    ("gate", "place"),
    [
        ({"deadline_seconds": 0}, "#/gate/deadline_seconds"),
        ({"deadline_seconds": 86_401}, "#/gate/deadline_seconds"),
        ({"deadline_seconds": True}, "#/gate/deadline_seconds"),
        ({"deadline_seconds": 1.5}, "#/gate/deadline_seconds"),
        ({}, "#/gate/deadline_seconds"),
        ({"deadline_seconds": 5, "on_timeout": "guess"}, "#/gate/on_timeout"),
        ({"deadline_seconds": 5, "on_timeout": "fallback"}, "#/gate/fallback"),
        ({"deadline_seconds": 5, "fallback": {"text": "x"}}, "#/gate/fallback/content"),
        ({"deadline_seconds": 5, "fallback": "x"}, "#/gate/fallback"),
        ({"deadline_seconds": 5, "a/b": 1}, "#/gate/a~1b"),
        ([], "#/gate"),
    ],
)
def test_a_gate_that_is_wrong_is_refused_with_its_place(api: Api, gate: Any, place: str) -> None:
    answer = api.post("items", held_item(gate=gate))
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [place]


# --- while it waits ----------------------------------------------------------------------------------------------


def test_held_answers_come_before_all_others_and_by_their_deadline(cast: Cast, api: Api, now: datetime) -> None:
    steps.queued(cast, 2, now=now - timedelta(days=30))
    later, sooner = (
        api.post("items", held_item(name, gate={"deadline_seconds": seconds})).json()["id"]
        for name, seconds in (("later", 900), ("sooner", 60))
    )
    places = [api.get(f"items/{one}/outcome").json()["position"] for one in (sooner, later)]
    turns = [steps.claim(cast, who, now=now) for who in (cast.reviewer, cast.reviewer2)]
    assert places == [1, 2]
    assert [str(turn.assignment.item_id) for turn in turns] == [sooner, later]
    assert [api.get(f"items/{one}/outcome").json()["position"] for one in (sooner, later)] == [0, 0]


def test_after_its_timeout_it_waits_at_its_ordinary_place(cast: Cast, api: Api, now: datetime) -> None:
    steps.queued(cast, 1, now=now - timedelta(hours=1))
    api.post("items", held_item()).json()
    pipeline.time_out_due(now=clock.now() + timedelta(seconds=121))
    turn = steps.claim(cast, cast.reviewer, now=now)
    assert turn.assignment.item.external_id == "conv-0"


def test_the_expected_wait_is_rounds_of_the_people_on_duty_and_ends_at_the_deadline(
    cast: Cast, api: Api, now: datetime
) -> None:
    made = [api.post("items", held_item(f"h-{n}", seconds=3600)).json()["id"] for n in range(5)]

    def told() -> list[Any]:
        answers = [api.get(f"items/{one}/outcome") for one in made]
        return [one.json().get("expected_wait_seconds") for one in answers]

    assert told() == [None] * 5  # nothing was settled yet, so nobody knows
    turn = steps.claim(cast, cast.reviewer, now=now - timedelta(seconds=40))
    pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, judgement=APPROVE, now=now
    )
    assert told()[1:] == [40, 40, 80, 80]  # two people, 40 s each
    short = api.post("items", held_item("short", seconds=10)).json()["id"]
    assert api.get(f"items/{short}/outcome").json()["expected_wait_seconds"] <= 10


def test_an_item_shows_its_gate(cast: Cast, api: Api, now: datetime) -> None:
    made = api.post("items", held_item()).json()
    shown = api.get(f"items/{made['id']}").json()
    assert shown["gate"] == held_item()["gate"]  # as it was sent
    assert (shown["held"]["closed_at"], shown["held"]["closed_because"]) == (None, None)
    left = datetime.fromisoformat(shown["held"]["deadline_at"]) - now
    assert timedelta(seconds=119) < left < timedelta(seconds=125)
    assert "held" not in api.get(f"items/{api.post('items', steps.item()).json()['id']}").json()


def test_a_withdrawn_item_waits_for_nobody(cast: Cast, api: Api, now: datetime) -> None:
    made = api.post("items", held_item()).json()
    assert api.post(f"items/{made['id']}/withdrawal").status_code == 200
    assert pipeline.time_out_due(now=clock.now() + timedelta(seconds=121)) == 0
    assert (Gate.objects.get().closed_because, Outcome.objects.count()) == ("withdrawn", 0)


def test_webhooks_are_told_of_the_timeout_once(cast: Cast, api: Api, now: datetime) -> None:
    viewer = cast.viewer("admin")
    url = "http://127.0.0.1:18080/"
    add_webhook(
        workspace_id=cast.workspace.pk, url=url, events=list(EVENTS), by=viewer.user, actor=viewer.actor, now=now
    )
    api.post("items", held_item())
    moment = clock.now() + timedelta(seconds=121)
    assert [pipeline.time_out_due(now=moment), pipeline.time_out_due(now=moment)] == [1, 0]
    told = list(Delivery.objects.order_by("sequence").values_list("message__event_type", flat=True))
    assert told == ["outcome.settled", "gate.timed_out"]
    assert Publication.objects.count() == 1


def test_a_program_that_acts_as_a_person_is_here_as_long_as_it_says_so(
    cast: Cast, api: Api, acting_as: Callable[..., Api]
) -> None:
    person = acting_as(cast.reviewer)
    here = person.post("duty")
    assert here.status_code == 200
    assert datetime.fromisoformat(here.json()["until"]) > clock.now() + timedelta(seconds=50)
    made = api.post("items", held_item()).json()
    assert "outcome" not in made
    turn = person.post("claims").json()
    done = person.post(f"assignments/{turn['id']}/review", {"fence": turn["fence"], "decision": "approve"})
    assert done.json()["visible_at"] is not None
    assert outcome_of(api, made["id"])["basis"] == "review"
    assert person.send("DELETE", "duty").status_code == 204
    assert api.post("items", held_item("later")).json()["outcome"]["basis"] == "timeout"
    assert api.post("duty").status_code == 403
