"""Held answers are decided without detectors, which look afterwards and may only raise them."""

from datetime import timedelta

import pytest

from reviewqueue import pipeline
from reviewqueue.audit.models import Event
from reviewqueue.common import failpoints
from reviewqueue.intake.models import Gate, ItemState, State
from reviewqueue.pipeline import detecting, looking_late
from reviewqueue.review.rules import Judgement
from reviewqueue.triage.models import Finding, LateLook, QueueEntry, TriageDecision
from tests.cast import NOW, Cast
from tests.detectors.steps import activate, decision_of, found, kind, plant, rule, switch
from tests.steps import held_item, hold, on_duty

URGENT = found("abuse", "at_least", 0.5)
LATER = NOW + timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _nothing_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detecting, "_resting", {})


@pytest.fixture
def watched(cast: Cast) -> Cast:
    """A workspace whose policy makes abuse urgent, whose people are here, and whose source is looked at."""
    activate(
        cast,
        rule("Abuse", [URGENT], cast.careful, urgency="high"),
        rule("Unsure", [{"field": "confidence", "op": "below", "value": 0.6}], cast.support),
    )
    switch(cast, "abuse")
    on_duty(cast.reviewer, cast.reviewer2)
    return cast


def said(text: str, **more: object) -> dict:
    return held_item(output={"content": text}, **more)


def test_a_held_answer_is_decided_by_the_rules_alone_and_looked_at_afterwards(watched: Cast) -> None:
    hold(watched, said("You idiot."))
    assert "findings" not in decision_of("held-1").facts
    assert LateLook.objects.count() == 1
    assert pipeline.look_late(now=LATER) == 1
    row = Finding.objects.get()
    assert row.found["abuse"]["kinds"] == ["insult", "answer:insult"]
    assert (row.raised, row.rule and row.rule.name) == (Finding.Raised.HASTENED, "Abuse")
    assert Event.objects.filter(item_id=row.item_id, verb="find", data={"how": "hastened"}).count() == 1


def test_it_keeps_its_place_while_somebody_waits_and_is_urgent_afterwards(watched: Cast) -> None:
    hold(watched, said("You idiot."), held_item("held-2"))
    held = QueueEntry.objects.get(item__external_id="held-1")
    pipeline.look_late(now=LATER)
    assert QueueEntry.objects.get(pk=held.pk).rank == held.rank, "ahead of all others, by its deadline"
    pipeline.time_out_due(now=NOW + timedelta(minutes=5))
    ranks = dict(QueueEntry.objects.values_list("item__external_id", "rank"))
    assert ranks["held-2"] - ranks["held-1"] == 30 * 60 * 1000


def test_what_had_passed_is_brought_to_people_where_the_rule_says(watched: Cast) -> None:
    hold(watched, said("You idiot.", confidence=0.99))
    assert Gate.objects.get().closed_because == Gate.Closed.PASSED
    pipeline.look_late(now=LATER)
    entry = QueueEntry.objects.get()
    assert entry.queue == watched.careful
    assert (entry.decision.pass_number, entry.decision.design) == (2, TriageDecision.Design.DIRECTED)
    assert ItemState.objects.get().state == State.QUEUED
    assert Finding.objects.get().raised == Finding.Raised.LOOKED_AGAIN


def test_nothing_is_ever_lowered_or_let_pass(cast: Cast) -> None:
    harmless = rule("Harmless", [found("abuse", "below", 0.3)], None, sample_rate=0.0)
    calm = rule("Calm", [kind("abuse", "profanity")], cast.support)
    activate(cast, harmless, calm, rule("All", [], cast.careful, urgency="high"))
    switch(cast, "abuse")
    on_duty(cast.reviewer, cast.reviewer2)
    hold(cast, said("On Friday."), held_item("held-2", output={"content": "Shit happens."}))
    before = list(QueueEntry.objects.order_by("pk").values())
    assert pipeline.look_late(now=LATER) == 2
    assert list(QueueEntry.objects.order_by("pk").values()) == before
    assert set(Finding.objects.values_list("raised", flat=True)) == {Finding.Raised.NOTHING}


def test_what_people_decided_meanwhile_stays_decided(watched: Cast) -> None:
    hold(watched, said("You idiot."))
    turn = pipeline.claim_next(membership=watched.reviewer, queues=[watched.support], now=NOW)
    assert turn is not None
    pipeline.submit_review(
        assignment=turn.assignment,
        fence=turn.fence,
        by=watched.reviewer.user,
        judgement=Judgement(decision="approve"),
        now=NOW,
    )
    pipeline.look_late(now=LATER)
    assert ItemState.objects.get().state == State.SETTLED
    assert Finding.objects.get().raised == Finding.Raised.NOTHING


def test_a_source_without_detectors_waits_for_no_look(cast: Cast) -> None:
    on_duty(cast.reviewer)
    hold(cast, held_item())
    assert not LateLook.objects.exists()


def test_a_detector_that_fails_raises_nothing_and_is_noted(watched: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, "abuse", "error")
    hold(watched, said("You idiot."))
    pipeline.look_late(now=LATER)
    row = Finding.objects.get()
    assert (row.found, row.raised) == ({"abuse": {"not_run": "failed"}}, Finding.Raised.NOTHING)


def test_a_look_that_ends_its_worker_is_taken_again_and_given_up_in_the_end(
    watched: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(watched, said("You idiot."))
    monkeypatch.setitem(failpoints._ARMED, "look_late.detected", "error")
    for minute in range(3):
        with pytest.raises(RuntimeError):
            pipeline.look_late(now=NOW + timedelta(minutes=2 * minute))
    assert pipeline.look_late(now=NOW + timedelta(minutes=1)) == 0, "it is another's for a while"
    monkeypatch.setitem(failpoints._ARMED, "look_late.detected", "")
    assert pipeline.look_late(now=NOW + timedelta(minutes=20)) == 1
    assert not LateLook.objects.exists()
    assert Finding.objects.get().found == {"abuse": {"not_run": "tried_before"}}


def test_one_look_is_written_once(watched: Cast) -> None:
    hold(watched, said("You idiot.", confidence=0.99))
    [item_id] = LateLook.objects.values_list("item_id", flat=True)
    detected = detecting.detect([item_id])
    assert looking_late._looked_at(item_id, detected, LATER)
    assert not looking_late._looked_at(item_id, detected, LATER)
    assert QueueEntry.objects.count() == 1
