"""What a lead does about an item's place: raise, lower, hold, give to somebody else, move to another queue."""

from datetime import timedelta

import pytest

from reviewqueue import pipeline
from reviewqueue.assignment.actions.keeping import TurnOver
from reviewqueue.assignment.models import Assignment, Hold, Slot
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.common.errors import NotAllowed
from reviewqueue.intake.models import Item, ItemState
from reviewqueue.pipeline import Refused
from reviewqueue.queues.actions import leave_queue
from reviewqueue.review.models import Review
from reviewqueue.triage.models import QueueEntry
from tests.cast import NOW, Cast
from tests.steps import claim, edit, held_item, hold, on_duty, queued

MINUTE = 60_000
LATER = NOW + timedelta(hours=2)


def items(cast: Cast, count: int = 1, **changes) -> list[Item]:
    return [Item.objects.get(pk=one.id) for one in queued(cast, count, **changes)]


def refused(step, **given) -> str:
    with pytest.raises(Refused) as error:
        step(**given, now=NOW)
    return error.value.because


def lead(cast: Cast) -> dict:
    return {"by": cast.viewer("lead"), "now": NOW}


# --- along the line ----------------------------------------------------------------------------------------------


def test_what_is_raised_comes_first_and_what_is_lowered_last(cast: Cast) -> None:
    first, second, third = items(cast, 3)
    pipeline.raise_rank(item=third, minutes=60, **lead(cast))
    pipeline.lower_rank(item=first, minutes=60, **lead(cast))
    taken = [claim(cast, cast.reviewer).assignment.item_id for _ in range(3)]
    assert taken == [third.pk, second.pk, first.pk]


def test_stay_and_slots_keep_the_same_place_and_the_promise_stays(cast: Cast) -> None:
    (one,) = items(cast, risk={"level": "high"})
    before = QueueEntry.objects.get()
    pipeline.raise_rank(item=one, minutes=90, **lead(cast))
    after = QueueEntry.objects.get()
    assert (before.rank - after.rank, after.due_at) == (90 * MINUTE, before.due_at)
    assert set(Slot.objects.values_list("rank", flat=True)) == {after.rank}


def test_nobody_moves_it_further_than_a_day_however_often_they_try(cast: Cast) -> None:
    """Bounded both ways, so that whatever is lowered comes to its turn all the same."""
    (one,) = items(cast)
    before = QueueEntry.objects.get().rank
    for _try in range(3):
        pipeline.lower_rank(item=one, minutes=600, **lead(cast))
    assert QueueEntry.objects.get().rank - before == 24 * 60 * MINUTE
    assert refused(pipeline.lower_rank, item=one, minutes=1, by=cast.viewer("lead")) == "at_the_end"


def test_its_place_goes_with_it_to_a_lead_and_back(cast: Cast) -> None:
    (one,) = items(cast)
    pipeline.raise_rank(item=one, minutes=60, **lead(cast))
    turn = claim(cast, cast.reviewer)
    escalation = pipeline.escalate(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, question="Whose?", now=NOW
    )
    pipeline.hand_back(escalation=escalation, **lead(cast))
    assert QueueEntry.objects.get(ended_at=None).ahead_minutes == 60


def test_what_an_ai_system_waits_for_goes_by_its_deadline(cast: Cast) -> None:
    on_duty(cast.reviewer)
    (received,) = hold(cast, held_item())
    one = Item.objects.get(pk=received.id)
    assert refused(pipeline.lower_rank, item=one, minutes=60, by=cast.viewer("lead")) == "waited_for"
    assert refused(pipeline.hold, item=one, until=None, by=cast.viewer("lead")) == "waited_for"


@pytest.mark.parametrize("who", ["reviewer", "ml", "auditor"])
def test_only_a_lead_does_any_of_it(cast: Cast, who: str) -> None:
    (one,) = items(cast)
    given = {"item": one, "by": cast.viewer(who), "now": NOW}
    for step in (
        lambda: pipeline.raise_rank(minutes=60, **given),
        lambda: pipeline.hold(until=None, **given),
        lambda: pipeline.release_hold(**given),
        lambda: pipeline.move_entry(to=cast.careful, **given),
        lambda: pipeline.reassign(to=cast.reviewer.user, **given),
    ):
        with pytest.raises(NotAllowed):
            step()


# --- hold --------------------------------------------------------------------------------------------------------


def test_what_is_on_hold_is_nobodys_until_it_is_lifted(cast: Cast) -> None:
    (one,) = items(cast)
    pipeline.hold(item=one, until=None, **lead(cast))
    assert claim(cast, cast.reviewer) is None
    assert refused(pipeline.hold, item=one, until=None, by=cast.viewer("lead")) == "on_hold"
    pipeline.release_hold(item=one, **lead(cast))
    assert claim(cast, cast.reviewer) is not None
    assert refused(pipeline.release_hold, item=one, by=cast.viewer("lead")) == "not_on_hold"


def test_a_hold_with_a_time_ends_by_itself_at_its_old_place(cast: Cast) -> None:
    first, second = items(cast, 2)
    pipeline.hold(item=first, until=LATER, **lead(cast))
    pipeline.expire_due(now=LATER - timedelta(seconds=1))
    assert claim(cast, cast.reviewer).assignment.item_id == second.pk
    pipeline.expire_due(now=LATER)
    assert claim(cast, cast.reviewer, now=LATER).assignment.item_id == first.pk
    assert Hold.objects.get().ended_at == LATER
    assert Event.objects.get(verb="release_hold").actor_kind == "system"


def test_what_somebody_has_in_hand_is_not_put_on_hold(cast: Cast) -> None:
    (one,) = items(cast)
    claim(cast, cast.reviewer)
    assert refused(pipeline.hold, item=one, until=None, by=cast.viewer("lead")) == "in_hand"


def test_a_late_review_of_what_is_on_hold_counts_and_ends_the_hold(cast: Cast) -> None:
    (one,) = items(cast)
    turn = claim(cast, cast.reviewer)
    pipeline.expire_due(now=LATER)
    pipeline.hold(item=one, until=None, by=cast.viewer("lead"), now=LATER)
    done = pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, judgement=edit(), now=LATER
    )
    assert done.outcome is not None
    pipeline.expire_due(now=LATER)
    assert Hold.objects.get().ended_at == LATER


# --- to somebody else ---------------------------------------------------------------------------------------------


def test_who_comes_late_cannot_put_aside_what_is_on_hold(cast: Cast) -> None:
    """It would come back at their time, though the lead has not let it go."""
    (one,) = items(cast)
    turn = claim(cast, cast.reviewer)
    pipeline.expire_due(now=LATER)
    pipeline.hold(item=one, until=None, by=cast.viewer("lead"), now=LATER)
    until = LATER + timedelta(minutes=30)
    with pytest.raises(TurnOver):
        pipeline.snooze(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, until=until, now=LATER)
    pipeline.expire_due(now=until)
    assert claim(cast, cast.reviewer2, now=until) is None
    pipeline.release_hold(item=one, by=cast.viewer("lead"), now=until)
    assert claim(cast, cast.reviewer2, now=until) is not None


def test_a_lead_gives_it_from_one_hand_into_another(cast: Cast) -> None:
    (one,) = items(cast)
    had = claim(cast, cast.reviewer)
    turn, before = pipeline.reassign(item=one, to=cast.reviewer2.user, **lead(cast))
    assert (before.pk, turn.assignment.user_id) == (had.assignment.pk, cast.reviewer2.user_id)
    assert Assignment.objects.get(pk=had.assignment.pk).end_reason == "reassigned"
    with pytest.raises(TurnOver):
        pipeline.heartbeat(assignment=had.assignment, fence=had.fence, now=NOW)
    assert refused(pipeline.reassign, item=one, to=cast.reviewer2.user, by=cast.viewer("lead")) == "theirs_already"


def test_what_nobody_has_is_given_out_of_its_line_also_when_it_was_put_aside(cast: Cast) -> None:
    (one,) = items(cast)
    turn = claim(cast, cast.reviewer)
    pipeline.snooze(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, until=LATER, now=NOW)
    _turn, before = pipeline.reassign(item=one, to=cast.reviewer2.user, **lead(cast))
    assert before is None
    assert Slot.objects.get().holder_id == cast.reviewer2.user_id


def test_nobody_gets_what_they_have_had(cast: Cast) -> None:
    (one,) = items(cast)
    turn = claim(cast, cast.reviewer)
    pipeline.give_back(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, reason="", now=NOW)
    for who in (cast.reviewer, cast.ml, cast.stranger):
        assert refused(pipeline.reassign, item=one, to=who.user, by=cast.viewer("lead")) == "not_for_them"


def test_of_several_holders_one_has_to_be_named(cast: Cast) -> None:
    (one,) = items(cast, risk={"level": "high"})
    first, second = (claim(cast, who, queue="careful") for who in (cast.reviewer, cast.reviewer2))
    assert refused(pipeline.reassign, item=one, to=cast.lead.user, by=cast.viewer("lead")) == "several"
    pipeline.reassign(item=one, to=cast.lead.user, assignment=second.assignment, **lead(cast))
    holders = set(Slot.objects.values_list("holder_id", flat=True))
    assert holders == {cast.reviewer.user_id, cast.lead.user_id}
    assert first.assignment.user_id in holders


# --- to another queue ---------------------------------------------------------------------------------------------


def test_it_moves_with_its_promise_and_place_and_the_other_queue_says_what_it_needs(cast: Cast) -> None:
    (one,) = items(cast)
    pipeline.raise_rank(item=one, minutes=30, **lead(cast))
    was, stay = pipeline.move_entry(item=one, to=cast.careful, **lead(cast))
    was.refresh_from_db()
    assert (was.end_reason, was.due_at, was.rank) == ("moved", stay.due_at, stay.rank)
    assert Slot.objects.filter(entry=stay, closed_at=None).count() == cast.careful.reviews_required == 2
    assert claim(cast, cast.reviewer) is None
    assert claim(cast, cast.reviewer, queue="careful").assignment.item_id == one.pk
    assert Event.objects.get(verb="move").data["queue"] == str(cast.careful.pk)


def test_whoever_has_it_in_hand_is_told_and_keeps_what_they_wrote(cast: Cast) -> None:
    (one,) = items(cast)
    turn = claim(cast, cast.reviewer)
    pipeline.heartbeat(assignment=turn.assignment, fence=turn.fence, draft={"note": "half"}, now=NOW)
    pipeline.move_entry(item=one, to=cast.careful, **lead(cast))
    with pytest.raises(TurnOver):
        pipeline.submit_review(
            assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, judgement=edit(), now=NOW
        )
    assert turn.assignment.draft.body == {"note": "half"}
    assert ItemState.objects.get().state == "queued"


def test_reviews_given_stay_on_record_and_whoever_gave_them_does_not_get_it_there(cast: Cast) -> None:
    (one,) = items(cast, risk={"level": "high"})
    turn = claim(cast, cast.reviewer, queue="careful")
    pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, judgement=edit(), now=NOW
    )
    pipeline.move_entry(item=one, to=cast.support, **lead(cast))
    assert Review.objects.count() == 1
    assert claim(cast, cast.reviewer) is None
    assert claim(cast, cast.reviewer2) is not None


def test_it_does_not_move_to_where_nobody_may_review_it(cast: Cast) -> None:
    (one,) = items(cast)
    assert refused(pipeline.move_entry, item=one, to=cast.support, by=cast.viewer("lead")) == "there_already"
    leave_queue(queue=cast.careful, user=cast.reviewer.user, by=SYSTEM, now=NOW)
    leave_queue(queue=cast.careful, user=cast.reviewer2.user, by=SYSTEM, now=NOW)
    assert refused(pipeline.move_entry, item=one, to=cast.careful, by=cast.viewer("lead")) == "nobody_there"


def test_what_waits_for_a_lead_is_decided_handed_on_or_handed_back(cast: Cast) -> None:
    (one,) = items(cast)
    turn = claim(cast, cast.reviewer)
    pipeline.escalate(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, question="Whose?", now=NOW)
    assert refused(pipeline.move_entry, item=one, to=cast.careful, by=cast.viewer("lead")) == "with_a_lead"
    assert refused(pipeline.hold, item=one, until=None, by=cast.viewer("lead")) == "with_a_lead"


def test_what_was_decided_is_gone(cast: Cast) -> None:
    (one,) = items(cast)
    turn = claim(cast, cast.reviewer)
    pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, judgement=edit(), now=NOW
    )
    assert refused(pipeline.raise_rank, item=one, minutes=60, by=cast.viewer("lead")) == "gone"
    assert refused(pipeline.move_entry, item=one, to=cast.careful, by=cast.viewer("lead")) == "gone"
