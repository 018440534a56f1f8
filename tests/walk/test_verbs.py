"""The whole walk by the verbs alone, with the clock in hand."""

from datetime import timedelta

import orjson
import pytest

from reviewqueue import pipeline
from reviewqueue.assignment.actions.keeping import TurnOver
from reviewqueue.common.errors import Conflict, NotThere
from reviewqueue.common.ids import new_id
from reviewqueue.intake.actions.receiving import _seen_models
from reviewqueue.intake.models import ItemState, State
from reviewqueue.review.actions import TooLateToUndo
from reviewqueue.review.models import Escalation, Outcome
from reviewqueue.review.queries import published_body, undoable_by
from reviewqueue.review.rules import Judgement
from reviewqueue.triage.models import QueueEntry
from tests.cast import NOW, Cast, item
from tests.steps import claim, edit, publish, queued, settle, submit, triage

LATER = NOW + timedelta(minutes=10)


def state(cast: Cast) -> str:
    return ItemState.objects.get().state


def test_an_unsure_answer_is_corrected_and_published(cast: Cast) -> None:
    queued(cast)
    assert state(cast) == State.QUEUED
    outcome = settle(cast, cast.reviewer, edit())
    assert (state(cast), outcome.basis, outcome.changed) == (State.SETTLED, "review", True)
    (publication,) = publish(cast)
    body = published_body(publication)
    assert orjson.loads(orjson.dumps(body["final"])) == {"content": "It will arrive on Monday."}
    assert (publication.position, body["severity"], body["disposition"]) == (1, "major", "final")


def test_a_confident_answer_passes_without_a_person(cast: Cast) -> None:
    submit(cast, item(confidence=0.99))
    assert triage() == 1
    assert state(cast) == State.PASSED


def test_the_same_item_again_is_a_replay_and_a_changed_one_a_conflict(cast: Cast) -> None:
    (first,) = submit(cast, item())
    again, changed = submit(cast, item(), item(confidence=0.5))
    assert (again.id, again.new, again.conflict) == (first.id, False, False)
    assert (changed.new, changed.conflict) == (False, True)


def test_what_ran_out_goes_to_the_next_reviewer_and_the_first_is_told(cast: Cast) -> None:
    queued(cast)
    first = claim(cast, cast.reviewer)
    assert pipeline.expire_due(now=LATER) == 1
    assert state(cast) == State.QUEUED
    second = claim(cast, cast.reviewer2, now=LATER)
    assert second is not None
    assert second.fence == first.fence + 1
    with pytest.raises(TurnOver):
        pipeline.submit_review(
            assignment=first.assignment, fence=first.fence, by=cast.reviewer.user, judgement=edit(), now=LATER
        )


def test_a_late_review_counts_when_nobody_else_began(cast: Cast) -> None:
    queued(cast)
    turn = claim(cast, cast.reviewer)
    pipeline.expire_due(now=LATER)
    done = pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, judgement=edit(), now=LATER
    )
    assert done.outcome is not None


def test_undo_gives_the_item_back_until_it_is_sent(cast: Cast) -> None:
    queued(cast)
    outcome = settle(cast, cast.reviewer, edit())
    turn = pipeline.undo(outcome=outcome, by=cast.reviewer.user, now=NOW + timedelta(seconds=5))
    assert state(cast) == State.IN_REVIEW
    done = pipeline.submit_review(
        assignment=turn.assignment,
        fence=turn.fence,
        by=cast.reviewer.user,
        judgement=Judgement(decision="approve"),
        now=NOW + timedelta(seconds=6),
    )
    assert done.outcome is not None
    (publication,) = publish(cast, now=NOW + timedelta(seconds=6))
    assert publication.outcome.version == 2
    with pytest.raises(TooLateToUndo):
        pipeline.undo(outcome=done.outcome, by=cast.reviewer.user, now=NOW + timedelta(seconds=30))


def test_two_reviews_that_agree_settle_once(cast: Cast) -> None:
    queued(cast, risk={"level": "high"})
    for who in (cast.reviewer, cast.reviewer2):
        turn = claim(cast, who, queue="careful")
        assert claim(cast, who, queue="careful") is None
        pipeline.submit_review(
            assignment=turn.assignment,
            fence=turn.fence,
            by=who.user,
            judgement=Judgement(decision="approve"),
            now=NOW,
        )
    assert Outcome.objects.get().basis == "agreement"


def test_two_reviews_that_disagree_go_to_a_lead(cast: Cast) -> None:
    queued(cast, risk={"level": "high"})
    for who, judgement in ((cast.reviewer, edit()), (cast.reviewer2, Judgement(decision="approve"))):
        turn = claim(cast, who, queue="careful")
        pipeline.submit_review(
            assignment=turn.assignment, fence=turn.fence, by=who.user, judgement=judgement, now=NOW
        )
    assert state(cast) == State.ESCALATED
    assert Escalation.objects.get().why == "disagreement"
    turn = claim(cast, cast.lead, queue="careful")
    done = pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.lead.user, judgement=edit(), now=NOW
    )
    assert done.outcome is not None
    assert done.outcome.basis == "adjudication"


def test_a_question_goes_to_a_lead_who_takes_it_and_decides(cast: Cast) -> None:
    queued(cast)
    turn = claim(cast, cast.reviewer)
    escalation = pipeline.escalate(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, question="Is this allowed?", now=NOW
    )
    assert state(cast) == State.ESCALATED
    assert claim(cast, cast.reviewer2) is None
    taken = pipeline.take_escalation(escalation=escalation, to=cast.lead.user, by=cast.viewer("lead"), now=NOW)
    pipeline.submit_review(
        assignment=taken.assignment, fence=taken.fence, by=cast.lead.user, judgement=edit(), now=NOW
    )
    escalation.refresh_from_db()
    assert (state(cast), escalation.end_reason) == (State.SETTLED, "decided")


def test_an_escalation_handed_back_waits_for_other_reviewers(cast: Cast) -> None:
    queued(cast)
    turn = claim(cast, cast.reviewer)
    escalation = pipeline.escalate(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, question="?", now=NOW
    )
    pipeline.hand_back(escalation=escalation, by=cast.viewer("lead"), now=NOW)
    assert claim(cast, cast.reviewer) is None
    assert claim(cast, cast.reviewer2) is not None


def test_what_one_returns_goes_to_another_and_never_back(cast: Cast) -> None:
    queued(cast)
    turn = claim(cast, cast.reviewer)
    pipeline.give_back(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, reason="not my topic", now=NOW
    )
    assert claim(cast, cast.reviewer) is None
    assert claim(cast, cast.reviewer2) is not None


def test_a_snoozed_item_comes_back_in_its_time(cast: Cast) -> None:
    queued(cast)
    turn = claim(cast, cast.reviewer)
    pipeline.snooze(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, until=LATER, now=NOW)
    assert claim(cast, cast.reviewer2) is None
    pipeline.expire_due(now=LATER)
    assert claim(cast, cast.reviewer2, now=LATER) is not None


def test_what_waits_for_a_lead_is_not_escalated_again(cast: Cast) -> None:
    queued(cast)
    turn = claim(cast, cast.reviewer)
    pipeline.escalate(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, question="?", now=NOW)
    again = claim(cast, cast.lead)
    with pytest.raises(Conflict, match="waits for a lead already"):
        pipeline.escalate(assignment=again.assignment, fence=again.fence, by=cast.lead.user, question="?", now=NOW)
    assert state(cast) == State.ESCALATED


def test_the_reviewer_who_settled_it_can_undo_though_the_other_ones_review_stands(cast: Cast) -> None:
    queued(cast, risk={"level": "high"})
    for who in (cast.reviewer, cast.reviewer2):
        turn = claim(cast, who, queue="careful")
        done = pipeline.submit_review(
            assignment=turn.assignment,
            fence=turn.fence,
            by=who.user,
            judgement=Judgement(decision="approve"),
            now=NOW,
        )
    assert done.outcome is not None
    assert undoable_by(cast.viewer("reviewer"), now=NOW) is None
    assert undoable_by(cast.viewer("reviewer2"), now=NOW) is not None
    with pytest.raises(NotThere):
        pipeline.undo(outcome=done.outcome, by=cast.reviewer.user, now=NOW)
    pipeline.undo(outcome=done.outcome, by=cast.reviewer2.user, now=NOW)
    assert state(cast) == State.IN_REVIEW


def test_a_version_that_was_undone_is_never_heard_of_outside(cast: Cast) -> None:
    queued(cast)
    outcome = settle(cast, cast.reviewer, edit())
    turn = pipeline.undo(outcome=outcome, by=cast.reviewer.user, now=NOW)
    pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, judgement=edit("On Tuesday."), now=NOW
    )
    (publication,) = publish(cast)
    assert published_body(publication)["supersedes"] is None


def test_what_a_lead_hands_back_asks_of_people_what_it_asked_before(cast: Cast) -> None:
    queued(cast, risk={"level": "high"})
    turn = claim(cast, cast.reviewer, queue="careful")
    QueueEntry.objects.update(language="de", required_skills=["refunds"])
    escalation = pipeline.escalate(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, question="?", now=NOW
    )
    pipeline.hand_back(escalation=escalation, by=cast.viewer("lead"), now=NOW)
    waiting = QueueEntry.objects.get(ended_at=None)
    assert (waiting.reviews_required, waiting.language, waiting.required_skills) == (2, "de", ["refunds"])
    assert claim(cast, cast.reviewer2, queue="careful") is None


@pytest.mark.django_db(transaction=True)
def test_a_database_that_was_restored_under_a_running_process_still_takes_items(
    transactional_db: None, cast: Cast
) -> None:
    model = ("support-bot", "2026-11-01", "", "")
    _seen_models[(cast.source.pk, model)] = new_id()  # a model version that the restored database does not hold
    (received,) = submit(cast, item())
    assert received.new
