"""Something outside says that an answer was wrong: people look at it, whatever had become of it."""

from datetime import timedelta

import pytest

from reviewqueue import pipeline
from reviewqueue.assignment.models import Slot
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.intake.models import Item, ItemState, State
from reviewqueue.pipeline import reopening
from reviewqueue.pipeline.reopening import SaidOften, Signalled
from reviewqueue.pipeline.withdrawing import SaidToBeWrong
from reviewqueue.queues.models import QueueMember
from reviewqueue.review.actions import TooLateToUndo
from reviewqueue.review.models import Escalation, Outcome
from reviewqueue.review.queries import published_body
from reviewqueue.review.rules import Judgement
from reviewqueue.triage.actions import take_pending
from reviewqueue.triage.models import QueueEntry, Signal, TriageDecision
from reviewqueue.triage.rules import explain
from tests.cast import NOW, Cast, item
from tests.steps import claim, edit, publish, queued, settle, submit, triage

LATER = NOW + timedelta(minutes=5)
APPROVE = Judgement(decision="approve")


def signal(item_id: object, kind: str = "thumbs_down", **more: object) -> Signalled:
    return pipeline.signal(
        item=Item.objects.get(pk=item_id),
        kind=Signal.Kind(kind),
        by=SYSTEM,
        **{"now": LATER, **more},  # type: ignore[arg-type]
    )


def passed(cast: Cast, **changes: object):
    (received,) = submit(cast, item(confidence=0.99, **changes))
    triage()
    return received


def state() -> str:
    return ItemState.objects.get().state


def test_an_answer_that_had_passed_is_looked_at_and_the_reviewer_is_told_why(cast: Cast) -> None:
    received = passed(cast)
    assert signal(received.id).new
    turn = claim(cast, cast.reviewer, now=LATER)
    assert turn.assignment.item_id == received.id
    decision = TriageDecision.objects.get(pass_number=2)
    assert (decision.design, decision.stratum, decision.result) == ("directed", "directed", "review")
    assert explain(decision.reasons) == ["somebody gave the answer a thumbs down"]
    assert Signal.objects.get().decision == decision


def test_it_goes_where_the_policy_audits_and_a_complaint_goes_first(cast: Cast) -> None:
    quiet, loud = submit(cast, item("quiet", confidence=0.99), item("loud", confidence=0.99))
    triage()
    signal(quiet.id)
    signal(loud.id, "complaint")
    assert {entry.queue_id for entry in QueueEntry.objects.all()} == {cast.support.pk}
    assert claim(cast, cast.reviewer, now=LATER).assignment.item_id == loud.id


def test_what_was_settled_opens_again_for_somebody_else_and_the_new_outcome_supersedes(cast: Cast) -> None:
    (received,) = queued(cast)
    settle(cast, cast.reviewer, APPROVE)
    publish(cast)
    signal(received.id, "recontact")
    assert claim(cast, cast.reviewer, now=LATER) is None
    settle(cast, cast.reviewer2, edit(), now=LATER)
    (publication,) = publish(cast, now=LATER)
    body = published_body(publication)
    assert (body["version"], body["supersedes"], body["decision"]) == (2, 1, "edit")
    assert state() == State.SETTLED


def test_before_its_outcome_is_sent_it_opens_again_all_the_same_and_cannot_be_undone(cast: Cast) -> None:
    (received,) = queued(cast)
    outcome = settle(cast, cast.reviewer, APPROVE)
    soon = NOW + timedelta(seconds=3)
    signal(received.id, now=soon)
    with pytest.raises(TooLateToUndo):
        pipeline.undo(outcome=outcome, by=cast.reviewer.user, now=soon)
    settle(cast, cast.reviewer2, edit(), now=soon)
    assert [one.outcome.version for one in publish(cast, now=soon)] == [1, 2]


def test_while_it_waits_for_people_it_only_moves_up_in_its_line(cast: Cast) -> None:
    first, second = queued(cast, 2)
    ahead, behind = sorted((first, second), key=lambda one: Slot.objects.get(item_id=one.id).pk)
    signal(behind.id, "complaint")
    assert TriageDecision.objects.filter(item_id=behind.id).count() == 1
    assert Signal.objects.get().decision is None
    assert claim(cast, cast.reviewer, now=LATER).assignment.item_id == behind.id
    assert claim(cast, cast.reviewer, now=LATER).assignment.item_id == ahead.id


def test_said_before_triage_it_does_not_simply_pass(cast: Cast) -> None:
    (received,) = submit(cast, item(confidence=0.99))
    signal(received.id, "complaint")
    triage()
    assert [one.result for one in TriageDecision.objects.order_by("pass_number")] == ["pass", "review"]
    assert claim(cast, cast.reviewer, now=LATER).assignment.item_id == received.id


def test_the_same_said_again_while_people_are_still_to_look_is_one(cast: Cast) -> None:
    received = passed(cast)
    first = signal(received.id, said_by="customer-1")
    again = signal(received.id, said_by="customer-1")
    assert (again.new, again.signal) == (False, first.signal)
    assert signal(received.id, said_by="customer-2").new
    assert signal(received.id, "complaint", said_by="customer-1").new
    assert QueueEntry.objects.count() == 1
    assert Signal.objects.count() == 3


def test_said_again_after_people_decided_it_opens_once_more(cast: Cast) -> None:
    received = passed(cast)
    signal(received.id, said_by="customer-1")
    settle(cast, cast.reviewer, edit(), now=LATER)
    assert signal(received.id, said_by="customer-1", now=LATER + timedelta(hours=1)).new
    assert TriageDecision.objects.filter(design="directed").count() == 2


def test_a_program_cannot_write_signals_without_end(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reopening, "MOST", 2)
    received = passed(cast)
    signal(received.id, said_by="a")
    signal(received.id, said_by="b")
    with pytest.raises(SaidOften):
        signal(received.id, said_by="c")


def test_what_was_withdrawn_is_looked_at_and_cannot_be_withdrawn_again(cast: Cast) -> None:
    (received,) = queued(cast)
    found = Item.objects.get(pk=received.id)
    pipeline.withdraw(item=found, by=SYSTEM, now=NOW)
    signal(received.id)
    assert state() == State.QUEUED
    with pytest.raises(SaidToBeWrong):
        pipeline.withdraw(item=found, by=SYSTEM, now=LATER)


def test_when_everybody_in_the_queue_has_reviewed_it_a_lead_decides(cast: Cast) -> None:
    QueueMember.objects.exclude(user=cast.reviewer.user).delete()
    (received,) = queued(cast)
    settle(cast, cast.reviewer, APPROVE)
    signal(received.id)
    assert state() == State.ESCALATED
    escalation = Escalation.objects.get()
    assert (escalation.why, escalation.opened_by) == ("nobody_left", None)
    turn = pipeline.take_escalation(escalation=escalation, to=cast.lead.user, by=cast.viewer("lead"), now=LATER)
    done = pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.lead.user, judgement=edit(), now=LATER
    )
    assert done.outcome is not None


def test_what_everybody_gave_back_goes_to_a_lead_too(cast: Cast) -> None:
    QueueMember.objects.filter(user__in=[cast.lead.user, cast.reviewer2.user]).delete()
    queued(cast)
    turn = claim(cast, cast.reviewer)
    pipeline.give_back(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, reason="", now=NOW)
    assert state() == State.ESCALATED
    assert Escalation.objects.get().why == "nobody_left"


def test_each_signal_is_on_record(cast: Cast) -> None:
    received = passed(cast)
    signal(received.id, "complaint", said_by="customer-1", note="It never came.")
    signal(received.id, "thumbs_down")
    events = Event.objects.filter(verb="signal").order_by("id")
    assert [one.data for one in events] == [{"kind": "complaint", "pass": 2}, {"kind": "thumbs_down", "pass": None}]
    content = Signal.objects.get(kind="complaint").content
    assert (content.said_by, content.note) == ("customer-1", "It never came.")


def test_a_directed_look_leaves_the_first_decision_as_it_was(cast: Cast) -> None:
    """What the estimates count is pass 1: stratum and probability stay what they were drawn with."""
    received = passed(cast)
    before = TriageDecision.objects.filter(pass_number=1).values().get()
    signal(received.id)
    settle(cast, cast.reviewer, edit(), now=LATER)
    assert TriageDecision.objects.filter(pass_number=1).values().get() == before
    assert Outcome.objects.get().entry.decision.design == "directed"


def test_a_worker_that_had_taken_it_decides_it_and_heeds_the_signal(cast: Cast) -> None:
    (received,) = submit(cast, item(confidence=0.99))
    taken = take_pending(now=NOW)
    signal(received.id)
    pipeline.triage_items(taken=taken, now=LATER)
    assert state() == State.QUEUED
