"""The person affected contests what was decided: somebody who has never had the item decides it anew (I-12)."""

from datetime import timedelta

import pytest

from reviewqueue import pipeline
from reviewqueue.accounts.models import Membership
from reviewqueue.assignment.models import Exclusion, Slot
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.common.errors import Conflict
from reviewqueue.intake.models import Item, ItemState, State
from reviewqueue.pipeline.appealing import AppealedAlready, NothingToAppeal
from reviewqueue.pipeline.withdrawing import DecidedAlready
from reviewqueue.queues.models import QueueMember
from reviewqueue.review.models import Appeal, Escalation, Outcome
from reviewqueue.review.queries import published_body
from reviewqueue.review.rules import Judgement
from reviewqueue.triage.models import Signal, TriageDecision
from reviewqueue.triage.rules import explain
from tests.cast import NOW, Cast, item
from tests.steps import claim, edit, publish, queued, settle, submit, triage

LATER = NOW + timedelta(hours=2)
APPROVE = Judgement(decision="approve")
REJECT = Judgement(decision="reject", severity="major")


def decided(cast: Cast, judgement: Judgement = REJECT) -> Item:
    """Return an item that the first reviewer decided, published."""
    queued(cast)
    outcome = settle(cast, cast.reviewer, judgement)
    publish(cast)
    return outcome.item


def appeal(found: Item, **more: object) -> Appeal:
    return pipeline.appeal(item=found, by=SYSTEM, **{"now": LATER, **more})  # type: ignore[arg-type]


def take(cast: Cast, who: Membership, *, now=LATER):
    return claim(cast, who, now=now)


def state() -> str:
    return ItemState.objects.get().state


def test_somebody_else_decides_anew_and_is_told_that_it_is_contested(cast: Cast) -> None:
    found = decided(cast)
    appeal(found, reason="I have the receipt.", said_by="customer-1")
    assert take(cast, cast.reviewer) is None
    turn = take(cast, cast.reviewer2)
    assert turn.assignment.slot.kind == Slot.Kind.APPEAL
    assert explain(TriageDecision.objects.get(pass_number=2).reasons) == [
        "the person affected contests what was decided"
    ]


def test_the_appeal_ends_with_the_outcome_that_answers_it(cast: Cast) -> None:
    found = decided(cast)
    opened = appeal(found)
    outcome = settle(cast, cast.reviewer2, APPROVE, now=LATER)
    opened.refresh_from_db()
    assert (opened.outcome, opened.end_reason, opened.ended_at) == (outcome, "changed", LATER)
    (publication,) = publish(cast, now=LATER)
    body = published_body(publication)
    assert (body["basis"], body["version"], body["supersedes"]) == ("review", 2, 1)


@pytest.mark.parametrize(
    ("first", "second", "end"),
    [
        (REJECT, REJECT, "upheld"),
        (APPROVE, APPROVE, "upheld"),
        (edit("On Monday."), edit("On Monday."), "upheld"),
        (edit("On Monday."), edit("On Tuesday."), "changed"),
        (APPROVE, REJECT, "changed"),
    ],
)
def test_it_is_upheld_when_the_person_gets_what_they_got_before(
    cast: Cast, first: Judgement, second: Judgement, end: str
) -> None:
    appeal(decided(cast, first))
    settle(cast, cast.reviewer2, second, now=LATER)
    assert Appeal.objects.get().end_reason == end


def test_where_no_person_had_decided_one_does_now(cast: Cast) -> None:
    (received,) = submit(cast, item(confidence=0.99))
    triage()
    opened = appeal(Item.objects.get(pk=received.id))
    assert opened.against is None
    settle(cast, cast.reviewer, edit(), now=LATER)
    assert Appeal.objects.get().end_reason == "changed"


def test_nobody_who_ever_had_it_in_hand_gets_it_however_they_let_go(cast: Cast) -> None:
    """Held and run out, put aside, given back, escalated, reviewed: each of them has seen it."""
    queued(cast)
    turn = claim(cast, cast.reviewer2)
    pipeline.expire_due(now=NOW + timedelta(hours=1))  # ran out, without any decision
    assert turn is not None
    settle(cast, cast.reviewer, REJECT, now=NOW + timedelta(hours=1))
    publish(cast, now=NOW + timedelta(hours=1))
    appeal(Item.objects.get())
    assert take(cast, cast.reviewer) is None
    assert take(cast, cast.reviewer2) is None
    assert take(cast, cast.lead).assignment.slot.kind == Slot.Kind.APPEAL
    assert Exclusion.objects.get(user=cast.reviewer2.user).reason == "seen"


def test_a_lead_cannot_assign_it_to_somebody_who_has_seen_it(cast: Cast) -> None:
    appeal(decided(cast))
    slot = Slot.objects.get(kind=Slot.Kind.APPEAL)
    with pytest.raises(Conflict, match="already reviewed"):
        pipeline.assign(slot=slot, to=cast.reviewer.user, by=cast.viewer("lead"), now=LATER)
    turn = pipeline.assign(slot=slot, to=cast.reviewer2.user, by=cast.viewer("lead"), now=LATER)
    assert state() == State.IN_REVIEW
    assert turn.assignment.user == cast.reviewer2.user


def only(cast: Cast, *members: Membership) -> None:
    QueueMember.objects.exclude(user__in=[one.user for one in members]).delete()


def test_with_no_reviewer_left_a_lead_who_has_not_seen_it_decides(cast: Cast) -> None:
    only(cast, cast.reviewer)
    appeal(decided(cast))
    escalation = Escalation.objects.get()
    assert (state(), escalation.why) == (State.ESCALATED, "nobody_left")
    assert "leads" not in Event.objects.get(verb="escalate").data
    turn = pipeline.take_escalation(escalation=escalation, to=cast.lead.user, by=cast.viewer("lead"), now=LATER)
    done = pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.lead.user, judgement=APPROVE, now=LATER
    )
    assert done.outcome is not None
    assert done.outcome.basis == "adjudication"
    assert Appeal.objects.get().outcome == done.outcome


def test_a_lead_who_has_seen_it_does_not_take_it_while_another_has_not(cast: Cast) -> None:
    only(cast, cast.lead)
    queued(cast)
    settle(cast, cast.lead, REJECT)
    publish(cast)
    appeal(Item.objects.get())
    escalation = Escalation.objects.get()
    with pytest.raises(Conflict, match="somebody else"):
        pipeline.take_escalation(escalation=escalation, to=cast.lead.user, by=cast.viewer("lead"), now=LATER)
    turn = pipeline.take_escalation(escalation=escalation, to=cast.admin.user, by=cast.viewer("admin"), now=LATER)
    assert turn.assignment.user == cast.admin.user


def test_when_every_lead_has_seen_it_one_decides_all_the_same_and_that_is_on_record(cast: Cast) -> None:
    only(cast, cast.lead)
    Membership.objects.filter(pk=cast.admin.pk).update(ended_at=NOW)
    queued(cast)
    settle(cast, cast.lead, REJECT)
    publish(cast)
    appeal(Item.objects.get())
    assert Event.objects.get(verb="escalate").data == {"why": "nobody_left", "leads": "seen"}
    assert take(cast, cast.lead).assignment.slot.kind == Slot.Kind.ADJUDICATION


def test_a_look_under_way_ends_because_whoever_has_it_has_seen_it(cast: Cast) -> None:
    found = decided(cast)
    pipeline.signal(item=found, kind=Signal.Kind.COMPLAINT, by=SYSTEM, now=LATER)
    turn = take(cast, cast.reviewer2)
    appeal(found)
    with pytest.raises(Conflict):
        pipeline.submit_review(
            assignment=turn.assignment, fence=turn.fence, by=cast.reviewer2.user, judgement=APPROVE, now=LATER
        )
    assert take(cast, cast.reviewer2) is None
    assert take(cast, cast.lead) is not None


def test_without_an_outcome_there_is_nothing_to_contest(cast: Cast) -> None:
    (waiting,) = queued(cast)
    with pytest.raises(NothingToAppeal):
        appeal(Item.objects.get(pk=waiting.id))
    settle(cast, cast.reviewer, REJECT)  # it can still be undone, so outside nobody knows of it
    with pytest.raises(NothingToAppeal):
        appeal(Item.objects.get(pk=waiting.id), now=NOW)
    pipeline.publish(workspace_id=cast.workspace.pk, now=LATER)
    assert appeal(Item.objects.get(pk=waiting.id))


def test_one_appeal_at_a_time_and_the_ai_system_cannot_call_it_off(cast: Cast) -> None:
    found = decided(cast)
    appeal(found)
    with pytest.raises(AppealedAlready):
        appeal(found)
    with pytest.raises(DecidedAlready):
        pipeline.withdraw(item=found, by=SYSTEM, now=LATER)
    settle(cast, cast.reviewer2, REJECT, now=LATER)
    publish(cast, now=LATER)
    assert appeal(found, now=LATER + timedelta(hours=1)).against == Outcome.objects.get(version=2)


def test_an_answer_that_was_undone_leaves_the_appeal_open(cast: Cast) -> None:
    appeal(decided(cast))
    outcome = settle(cast, cast.reviewer2, APPROVE, now=LATER)
    pipeline.undo(outcome=outcome, by=cast.reviewer2.user, now=LATER + timedelta(seconds=2))
    opened = Appeal.objects.get()
    assert (opened.ended_at, opened.outcome, opened.end_reason) == (None, None, "")


def test_an_appeal_handed_back_by_a_lead_stays_an_appeal(cast: Cast) -> None:
    appeal(decided(cast))
    turn = take(cast, cast.reviewer2)
    escalation = pipeline.escalate(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer2.user, question="Whose?", now=LATER
    )
    pipeline.hand_back(escalation=escalation, by=cast.viewer("lead"), now=LATER)
    assert take(cast, cast.lead).assignment.slot.kind == Slot.Kind.APPEAL
