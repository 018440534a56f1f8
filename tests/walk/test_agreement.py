"""Several reviews of one item: blind or not, all of them or more than half, and who decides when they differ."""

from datetime import timedelta

import pytest

from reviewqueue import pipeline
from reviewqueue.accounts.models import Absence, Membership
from reviewqueue.assignment.models import Assignment, Exclusion, Slot
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.common.errors import Conflict, Invalid
from reviewqueue.intake.models import ItemState
from reviewqueue.queues.actions import Settings, change_queue, join_queue, leave_queue
from reviewqueue.queues.models import Queue
from reviewqueue.review.models import Disagreement, Escalation, Outcome
from reviewqueue.review.queries import reviews_beside
from reviewqueue.review.rules import Judgement
from reviewqueue.triage.actions import activate_policy
from reviewqueue.triage.models import QueueEntry
from tests.cast import NOW, Cast
from tests.steps import claim, edit, queued

APPROVE = Judgement("approve")
SOON = NOW + timedelta(seconds=5)


def ask_for(cast: Cast, **changes) -> Queue:
    """Say anew how the careful queue works."""
    as_is = {name: getattr(cast.careful, name) for name in Settings.__dataclass_fields__}
    change_queue(queue=cast.careful, to=Settings(**{**as_is, **changes}), by=SYSTEM, now=NOW)
    cast.careful.refresh_from_db()
    return cast.careful


def careful(cast: Cast, count: int = 1) -> None:
    queued(cast, count, risk={"level": "high"})


def take(cast: Cast, who: Membership):
    turn = claim(cast, who, queue="careful")
    assert turn is not None
    return turn


def submit(turn, judgement: Judgement, now=NOW):
    return pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=turn.assignment.user, judgement=judgement, now=now
    )


def review(cast: Cast, who: Membership, judgement: Judgement):
    return submit(take(cast, who), judgement)


def disagree(cast: Cast) -> Escalation:
    """Let two reviewers differ about an item."""
    careful(cast)
    review(cast, cast.reviewer, APPROVE)
    review(cast, cast.reviewer2, edit())
    return Escalation.objects.get(ended_at=None)


# --- more than half ----------------------------------------------------------------------------------------------


def test_two_of_three_settle_it_and_nobody_is_asked_any_more(cast: Cast) -> None:
    ask_for(cast, reviews_required=3, agreement="majority")
    careful(cast)
    assert review(cast, cast.reviewer, edit(severity="minor")).outcome is None
    done = review(cast, cast.reviewer2, edit(severity="major"))
    assert done.outcome is not None
    assert (done.outcome.basis, done.outcome.severity, done.outcome.reviewers) == ("agreement", "major", 2)
    assert claim(cast, cast.lead, queue="careful") is None
    assert not Slot.objects.filter(closed_at=None).exists()
    assert not Disagreement.objects.exists()


def test_who_is_at_work_on_the_third_is_waited_for(cast: Cast) -> None:
    ask_for(cast, reviews_required=3, agreement="majority")
    careful(cast)
    turns = [take(cast, who) for who in (cast.reviewer, cast.reviewer2, cast.lead)]
    assert submit(turns[0], edit()).outcome is None
    assert submit(turns[1], edit()).outcome is None
    outcome = submit(turns[2], APPROVE).outcome
    assert outcome is not None
    assert (outcome.basis, outcome.decision, outcome.reviewers) == ("agreement", "edit", 3)
    differed = Disagreement.objects.get()
    assert (differed.settled_by, [one["decision"] for one in differed.decisions]) == (
        "majority",
        ["edit", "edit", "approve"],
    )
    assert Event.objects.filter(verb="disagree").count() == 1


def test_when_the_third_gives_it_back_it_is_still_decided(cast: Cast) -> None:
    """The slot waits for the next; nothing is stuck because somebody was waited for in vain."""
    ask_for(cast, reviews_required=3, agreement="majority")
    join_queue(queue=cast.careful, user=cast.admin.user, by=SYSTEM, now=NOW)
    careful(cast)
    turns = [take(cast, who) for who in (cast.reviewer, cast.reviewer2, cast.lead)]
    for one in turns[:2]:
        submit(one, edit())
    pipeline.give_back(
        assignment=turns[2].assignment, fence=turns[2].fence, by=cast.lead.user, reason="unsure", now=NOW
    )
    outcome = review(cast, cast.admin, APPROVE).outcome
    assert outcome is not None
    assert outcome.decision == "edit"


def test_an_undone_majority_opens_what_was_not_asked_any_more(cast: Cast) -> None:
    ask_for(cast, reviews_required=3, agreement="majority")
    careful(cast)
    review(cast, cast.reviewer, edit())
    outcome = review(cast, cast.reviewer2, edit()).outcome
    assert outcome is not None
    again = pipeline.undo(outcome=outcome, by=cast.reviewer2.user, now=SOON)
    assert Slot.objects.filter(closed_at=None).count() == 2
    third = take(cast, cast.lead)
    assert submit(again, APPROVE, now=SOON).outcome is None
    settled = submit(third, edit(), now=SOON).outcome
    assert settled is not None
    assert (settled.version, settled.decision) == (2, "edit")


def test_what_was_undone_counts_only_when_it_is_said_again(cast: Cast) -> None:
    ask_for(cast, reviews_required=3, agreement="majority")
    join_queue(queue=cast.careful, user=cast.admin.user, by=SYSTEM, now=NOW)
    careful(cast)
    review(cast, cast.reviewer, edit())
    outcome = review(cast, cast.reviewer2, edit()).outcome
    again = pipeline.undo(outcome=outcome, by=cast.reviewer2.user, now=SOON)
    pipeline.give_back(assignment=again.assignment, fence=again.fence, by=cast.reviewer2.user, reason="", now=SOON)
    third = take(cast, cast.lead)
    assert submit(third, APPROVE, now=SOON).outcome is None
    assert ItemState.objects.get().state == "queued"


def test_three_answers_are_nobodys_majority_so_a_lead_decides(cast: Cast) -> None:
    ask_for(cast, reviews_required=3, agreement="majority")
    careful(cast)
    for who, judgement in ((cast.reviewer, APPROVE), (cast.reviewer2, edit()), (cast.lead, edit("Another."))):
        assert review(cast, who, judgement).outcome is None
    assert Escalation.objects.get().why == "disagreement"
    assert Disagreement.objects.get().settled_by == "adjudication"


def test_what_came_before_a_change_keeps_what_held_then(cast: Cast) -> None:
    careful(cast)
    ask_for(cast, reviews_required=3, agreement="majority")
    review(cast, cast.reviewer, edit())
    assert review(cast, cast.reviewer2, edit()).outcome is not None
    assert QueueEntry.objects.get().agreement == "unanimous"


# --- who sees whom -----------------------------------------------------------------------------------------------


def test_the_second_reviewer_sees_the_first_only_where_it_is_not_blind(cast: Cast) -> None:
    careful(cast, 1)
    review(cast, cast.reviewer, edit())
    blind = take(cast, cast.reviewer2)
    assert list(reviews_beside(blind.assignment)) == []
    submit(blind, edit())
    ask_for(cast, blind=False)
    queued(cast, 2, risk={"level": "high"})
    review(cast, cast.reviewer, edit())
    seeing = take(cast, cast.reviewer2)
    assert [one.user_id for one in reviews_beside(seeing.assignment)] == [cast.reviewer.user_id]


def test_a_rule_says_blind_or_not_over_its_queue(cast: Cast) -> None:
    rule = {
        "name": "High risk",
        "conditions": [{"field": "risk_level", "op": "is", "value": "high"}],
        "queue": cast.careful,
        "blind": False,
    }
    activate_policy(
        workspace_id=cast.workspace.pk,
        rules=[rule],
        audit_rate=0.0,
        audit_queue=cast.support,
        by=None,
        actor=SYSTEM,
        now=NOW,
    )
    careful(cast)
    assert QueueEntry.objects.get().blind is False


def test_who_decides_between_them_sees_both_and_in_an_appeal_nothing(cast: Cast) -> None:
    escalation = disagree(cast)
    turn = pipeline.take_escalation(escalation=escalation, to=cast.lead.user, by=cast.viewer("lead"), now=NOW)
    assert len(reviews_beside(turn.assignment)) == 2


# --- who decides when they differ --------------------------------------------------------------------------------


def name_adjudicator(cast: Cast, who: Membership) -> None:
    join_queue(queue=cast.careful, user=who.user, by=SYSTEM, now=NOW)
    ask_for(cast, adjudicator_id=who.user_id)


def senior(cast: Cast) -> Membership:
    """Make the ML engineer a reviewer whom the careful queue names."""
    Membership.objects.filter(pk=cast.ml.pk).update(role="reviewer")
    cast.ml.refresh_from_db()
    name_adjudicator(cast, cast.ml)
    return cast.ml


def test_the_person_named_decides_and_needs_to_be_no_lead(cast: Cast) -> None:
    named = senior(cast)
    disagree(cast)
    assert claim(cast, cast.lead, queue="careful") is None
    outcome = review(cast, named, edit("Sunday.")).outcome
    assert outcome is not None
    assert (outcome.basis, outcome.decision) == ("adjudication", "edit")


def test_a_lead_does_not_step_in_while_that_person_is_there(cast: Cast) -> None:
    senior(cast)
    escalation = disagree(cast)
    with pytest.raises(Conflict, match="names who decides"):
        pipeline.take_escalation(escalation=escalation, to=cast.lead.user, by=cast.viewer("lead"), now=NOW)


def away(cast: Cast, named: Membership) -> None:
    hour = timedelta(hours=1)
    Absence.objects.create(
        workspace=cast.workspace, user=named.user, from_at=NOW - hour, to_at=NOW + hour, created_at=NOW
    )


def gone_from_the_queue(cast: Cast, named: Membership) -> None:
    leave_queue(queue=cast.careful, user=named.user, by=SYSTEM, now=NOW)


def no_member(cast: Cast, named: Membership) -> None:
    Membership.objects.filter(pk=named.pk).update(ended_at=NOW)


def no_longer_named(cast: Cast, named: Membership) -> None:
    ask_for(cast, adjudicator_id=None)


@pytest.mark.parametrize("unable", [away, gone_from_the_queue, no_member, no_longer_named])
@pytest.mark.parametrize("before", [True, False])
def test_any_lead_decides_while_that_person_cannot(cast: Cast, unable, before: bool) -> None:
    """It does not matter whether they left before the reviewers differed or after that."""
    named = senior(cast)
    if before:
        unable(cast, named)
    disagree(cast)
    if not before:
        unable(cast, named)
    outcome = review(cast, cast.lead, APPROVE).outcome
    assert outcome is not None
    assert outcome.basis == "adjudication"


def test_who_was_away_decides_again_once_they_are_back(cast: Cast) -> None:
    named = senior(cast)
    disagree(cast)
    away(cast, named)
    Absence.objects.update(to_at=NOW)
    assert claim(cast, cast.lead, queue="careful") is None
    assert take(cast, named)


def test_what_the_person_named_reviewed_or_returns_is_any_leads(cast: Cast) -> None:
    name_adjudicator(cast, cast.reviewer)
    escalation = disagree(cast)
    turn = pipeline.take_escalation(escalation=escalation, to=cast.lead.user, by=cast.viewer("lead"), now=NOW)
    assert turn.assignment.user_id == cast.lead.user_id


def test_what_the_person_named_gives_back_is_any_leads(cast: Cast) -> None:
    named = senior(cast)
    disagree(cast)
    turn = take(cast, named)
    pipeline.give_back(assignment=turn.assignment, fence=turn.fence, by=named.user, reason="Mine too.", now=NOW)
    assert take(cast, cast.lead)


def test_a_question_is_any_leads_whoever_is_named(cast: Cast) -> None:
    """Somebody named decides between reviewers; what a reviewer asks is for the leads."""
    senior(cast)
    careful(cast)
    turn = take(cast, cast.reviewer)
    pipeline.escalate(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, question="Whose?", now=NOW)
    assert take(cast, cast.lead).assignment.slot.kind == Slot.Kind.ADJUDICATION


def test_a_queue_names_only_who_takes_from_it(cast: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        ask_for(cast, adjudicator_id=cast.stranger.user_id, reviews_required=12, agreement="most", name="")
    assert {one.pointer for one in refused.value.places} == {
        "#/name",
        "#/reviews_required",
        "#/agreement",
        "#/adjudicator",
    }


# --- what comes back, and to whom ---------------------------------------------------------------------------------


def test_what_everybody_has_returned_is_escalated_and_none_of_them_was_asked_twice(cast: Cast) -> None:
    """Three people may review it; each gives it back once, is never offered it again, and then a lead decides."""
    leave_queue(queue=cast.support, user=cast.lead.user, by=SYSTEM, now=NOW)
    queued(cast)
    for who in (cast.reviewer, cast.reviewer2):
        turn = claim(cast, who)
        pipeline.give_back(assignment=turn.assignment, fence=turn.fence, by=who.user, reason="Not me.", now=NOW)
        assert claim(cast, who) is None
    assert Escalation.objects.get().why == "nobody_left"
    assert Assignment.objects.count() == Exclusion.objects.filter(reason="returned").count() == 2
    assert not Outcome.objects.exists()


# --- taken back --------------------------------------------------------------------------------------------------


def back(cast: Cast, who: Membership, outcome: Outcome | None):
    assert outcome is not None
    return pipeline.undo(outcome=outcome, by=who.user, now=SOON)


def test_a_review_that_was_taken_back_never_counts_again(cast: Cast) -> None:
    """Its place was given back, closed because others agreed, and open again once those took theirs back too."""
    ask_for(cast, reviews_required=3, agreement="majority")
    join_queue(queue=cast.careful, user=cast.admin.user, by=SYSTEM, now=NOW)
    careful(cast)
    review(cast, cast.reviewer, APPROVE)
    again = back(cast, cast.reviewer2, review(cast, cast.reviewer2, APPROVE).outcome)
    third = take(cast, cast.lead)
    pipeline.give_back(assignment=again.assignment, fence=again.fence, by=cast.reviewer2.user, reason="", now=SOON)
    held = back(cast, cast.lead, submit(third, APPROVE, SOON).outcome)
    assert submit(held, edit(), SOON).outcome is None, "one approves, one edits, and the third took it back"
    assert Slot.objects.filter(closed_at=None).count() == 1
    done = review(cast, cast.admin, edit()).outcome
    assert (done.decision, done.reviewers) == ("edit", 3)


def test_who_took_a_review_back_may_give_another_wherever_they_get_the_item(cast: Cast) -> None:
    ask_for(cast, reviews_required=3, agreement="majority")
    careful(cast)
    review(cast, cast.reviewer, APPROVE)
    back(cast, cast.reviewer2, review(cast, cast.reviewer2, APPROVE).outcome)
    pipeline.expire_due(now=NOW + timedelta(hours=1))
    take(cast, cast.lead)
    elsewhere = take(cast, cast.reviewer2)
    assert submit(elsewhere, edit()).outcome is None
