"""Dealt: workers keep the hands of present people filled, and take back what an absent one holds."""

from datetime import datetime, time, timedelta

import pytest

from reviewqueue import pipeline
from reviewqueue.accounts import actions as accounts
from reviewqueue.accounts.models import Membership, Team
from reviewqueue.accounts.teams import seats
from reviewqueue.accounts.working_time import Stretch
from reviewqueue.assignment.actions import be_gone, begin
from reviewqueue.assignment.actions import presence as presence_actions
from reviewqueue.assignment.hands import dealt_unseen, hands_of, heads_for
from reviewqueue.assignment.models import Assignment, Draft, Presence, Slot
from reviewqueue.assignment.queries import held_by
from reviewqueue.audit.models import Event
from reviewqueue.common.errors import NotAllowed
from reviewqueue.intake.models import ItemState, State
from tests.cast import NOW, Cast, item
from tests.detectors.steps import switch
from tests.steps import claim, edit, held_item, hold, on_duty, queued, settle, submit, triage

LATER = timedelta(minutes=4)


@pytest.fixture(autouse=True)
def _nothing_written_lately() -> None:
    presence_actions._written.clear()


@pytest.fixture
def team(cast: Cast) -> Team:
    """A team of both reviewers, to which items are dealt, two at a time."""
    lead = cast.viewer("lead")
    made = accounts.create_team(name="Days", by=lead, now=NOW)
    for who in (cast.reviewer, cast.reviewer2):
        accounts.join_team(team=made, user_id=who.user_id, by=lead, now=NOW)
    accounts.limit_hands(team=made, hand_limit=2, by=lead, now=NOW)
    accounts.begin_dealing(team=made, by=lead, now=NOW)
    return made


def here(*people: Membership, now: datetime = NOW) -> None:
    """Let people have been seen at this moment."""
    for one in people:
        Presence.objects.update_or_create(
            workspace_id=one.workspace_id, user_id=one.user_id, defaults={"seen_at": now}
        )


def deal(cast: Cast, now: datetime = NOW) -> int:
    return pipeline.deal(workspace_id=cast.workspace.pk, now=now)


def held(cast: Cast, name: str) -> list[Assignment]:
    return list(held_by(cast.viewer(name)))


def test_the_hands_of_those_present_are_filled_to_their_limit(cast: Cast, team: Team) -> None:
    queued(cast, 5)
    here(cast.reviewer, cast.reviewer2)
    assert deal(cast) == 4
    assert [len(held(cast, name)) for name in ("reviewer", "reviewer2", "lead")] == [2, 2, 0]
    assert {turn.how for turn in held(cast, "reviewer")} == {Assignment.How.DEALT}
    assert deal(cast) == 0
    assert Event.objects.filter(verb="deal", subject_kind="assignment").count() == 4
    assert ItemState.objects.filter(state=State.IN_REVIEW).count() == 4


def test_a_hand_that_has_room_again_is_filled_again(cast: Cast, team: Team) -> None:
    queued(cast, 4)
    here(cast.reviewer)
    deal(cast)
    turn = held(cast, "reviewer")[0]
    pipeline.submit_review(
        assignment=turn, fence=turn.fence, by=cast.reviewer.user, judgement=edit(), now=NOW + timedelta(seconds=5)
    )
    assert deal(cast, NOW + timedelta(seconds=6)) == 1
    assert len(held(cast, "reviewer")) == 2


def test_who_is_not_here_is_dealt_nothing(cast: Cast, team: Team) -> None:
    queued(cast, 2)
    here(cast.reviewer, now=NOW - timedelta(seconds=91))
    assert deal(cast) == 0


def test_without_a_team_that_is_dealt_to_people_claim_by_themselves(cast: Cast, team: Team) -> None:
    accounts.end_dealing(team=team, by=cast.viewer("lead"), now=NOW)
    queued(cast, 2)
    here(cast.reviewer)
    assert deal(cast) == 0
    assert claim(cast, cast.reviewer) is not None


def test_nothing_is_dealt_outside_of_the_teams_hours(cast: Cast, team: Team) -> None:
    """NOW is a Monday, nine in the morning."""
    night = [Stretch(day, time(22), time(6)) for day in range(7)]
    accounts.set_shifts(team=team, shifts=night, by=cast.viewer("lead"), now=NOW)
    queued(cast, 2)
    here(cast.reviewer)
    assert deal(cast) == 0
    here(cast.reviewer, now=NOW + timedelta(hours=14))
    assert deal(cast, NOW + timedelta(hours=14)) == 2


def test_nothing_is_dealt_to_who_is_away(cast: Cast, team: Team) -> None:
    queued(cast, 2)
    here(cast.reviewer)
    accounts.add_absence(
        membership=cast.reviewer, from_at=NOW, to_at=NOW + timedelta(days=1), by=cast.viewer("reviewer"), now=NOW
    )
    assert deal(cast) == 0


def test_the_day_ends_with_the_capacity_of_a_person(cast: Cast, team: Team) -> None:
    queued(cast, 5)
    accounts.limit_person(
        membership=cast.reviewer, hand_limit=None, daily_capacity=2, by=cast.viewer("lead"), now=NOW
    )
    here(cast.reviewer)
    settle(cast, cast.reviewer, edit())
    assert deal(cast) == 1
    assert len(held(cast, "reviewer")) == 1


def test_what_somebody_gave_back_is_not_dealt_to_them_again(cast: Cast, team: Team) -> None:
    queued(cast, 1)
    here(cast.reviewer)
    deal(cast)
    turn = held(cast, "reviewer")[0]
    pipeline.give_back(assignment=turn, fence=turn.fence, by=cast.reviewer.user, reason="", now=NOW)
    assert deal(cast) == 0
    here(cast.reviewer2)
    assert deal(cast) == 1


def test_skills_and_language_hold_for_what_is_dealt(cast: Cast, team: Team) -> None:
    queued(cast, 1)
    slot = Slot.objects.get()
    slot.lane.skills = ["chemistry"]
    slot.lane.save()
    here(cast.reviewer)
    assert deal(cast) == 0
    Membership.objects.filter(pk=cast.reviewer.pk).update(skills=["chemistry"])
    assert deal(cast) == 1


def test_two_reviews_of_one_item_go_to_two_people(cast: Cast, team: Team) -> None:
    queued(cast, 1, risk={"level": "high"})
    assert Slot.objects.count() == 2
    here(cast.reviewer)
    assert deal(cast) == 1
    here(cast.reviewer2)
    assert deal(cast) == 1


def test_what_an_ai_system_waits_for_is_never_dealt(cast: Cast, team: Team) -> None:
    """Its deadline would burn unseen: it goes to people on duty."""
    on_duty(cast.reviewer)
    here(cast.reviewer)
    hold(cast, held_item())
    assert Slot.objects.filter(rank__lt=0, closed_at=None).exists()
    assert deal(cast) == 0


def test_what_was_claimed_counts_as_held(cast: Cast, team: Team) -> None:
    queued(cast, 4)
    here(cast.reviewer)
    claim(cast, cast.reviewer)
    assert deal(cast) == 1


# --- taken back --------------------------------------------------------------------------------------------------


def test_what_an_absent_person_holds_goes_back_with_their_draft_kept(cast: Cast, team: Team) -> None:
    queued(cast, 1)
    here(cast.reviewer)
    deal(cast)
    turn = held(cast, "reviewer")[0]
    pipeline.heartbeat(assignment=turn, fence=turn.fence, draft={"text": "half a sentence"}, now=NOW)
    assert pipeline.take_back_absent(now=NOW + timedelta(seconds=200)) == 0
    assert pipeline.take_back_absent(now=NOW + LATER) == 1
    assert held(cast, "reviewer") == []
    assert Draft.objects.get(assignment=turn).body == {"text": "half a sentence"}
    assert ItemState.objects.get().state == State.QUEUED
    assert Event.objects.filter(verb="expire", data__why="absent").count() == 1
    here(cast.reviewer2, now=NOW + LATER)
    assert deal(cast, NOW + LATER) == 1


def test_who_comes_back_before_anybody_else_began_may_still_submit(cast: Cast, team: Team) -> None:
    queued(cast, 1)
    here(cast.reviewer)
    deal(cast)
    turn = held(cast, "reviewer")[0]
    pipeline.take_back_absent(now=NOW + LATER)
    submitted = pipeline.submit_review(
        assignment=turn, fence=turn.fence, by=cast.reviewer.user, judgement=edit(), now=NOW + LATER
    )
    assert submitted.outcome is not None


def test_who_signs_out_gives_back_at_once(cast: Cast, team: Team) -> None:
    queued(cast, 2)
    here(cast.reviewer)
    deal(cast)
    be_gone(membership=cast.reviewer)
    assert pipeline.take_back_absent(now=NOW) == 2


def test_what_a_lead_gave_in_person_stays_unless_the_absence_is_on_record(cast: Cast, team: Team) -> None:
    queued(cast, 1)
    turn = pipeline.assign(slot=Slot.objects.get(), to=cast.reviewer.user, by=cast.viewer("lead"), now=NOW)
    assert pipeline.take_back_absent(now=NOW + LATER) == 0
    lead = cast.viewer("lead")
    accounts.add_absence(membership=cast.reviewer, from_at=NOW, to_at=NOW + timedelta(days=2), by=lead, now=NOW)
    assert pipeline.take_back_absent(now=NOW + LATER) == 1
    turn.assignment.refresh_from_db()
    assert turn.assignment.end_reason == Assignment.End.EXPIRED


def test_who_lets_dealt_items_run_out_is_dealt_no_more_until_they_do_something(cast: Cast, team: Team) -> None:
    queued(cast, 3)
    here(cast.reviewer)
    assert deal(cast) == 2
    later = NOW + timedelta(minutes=31)
    pipeline.expire_due(now=later)
    here(cast.reviewer, now=later)
    assert deal(cast, later) == 0
    assert claim(cast, cast.reviewer, now=later + timedelta(seconds=1)) is not None
    assert deal(cast, later + timedelta(seconds=2)) == 1


def test_the_notice_goes_once_the_item_was_looked_at(cast: Cast, team: Team) -> None:
    queued(cast, 2)
    here(cast.reviewer)
    deal(cast)
    assert dealt_unseen(cast.viewer("reviewer")) == 2
    begin(assignment=held(cast, "reviewer")[0], now=NOW)
    assert dealt_unseen(cast.viewer("reviewer")) == 1


# --- who may ------------------------------------------------------------------------------------------------------


def test_a_team_lead_has_a_say_over_their_own_people_and_over_nobody_else(cast: Cast, team: Team) -> None:
    """A reviewer who leads a team is no lead of the workspace."""
    lead = cast.viewer("lead")
    accounts.change_team(team=team, name="Days", lead_id=cast.reviewer2.user_id, by=lead, now=NOW)
    team.refresh_from_db()
    queued(cast, 2)
    theirs, others = claim(cast, cast.reviewer), claim(cast, cast.lead)
    pipeline.take_away(assignment=theirs.assignment, by=cast.viewer("reviewer2"), now=NOW)
    with pytest.raises(NotAllowed):
        pipeline.take_away(assignment=others.assignment, by=cast.viewer("reviewer2"), now=NOW)
    with pytest.raises(NotAllowed):
        accounts.join_team(team=team, user_id=cast.lead.user_id, by=cast.viewer("reviewer2"), now=NOW)
    accounts.end_dealing(team=team, by=cast.viewer("reviewer2"), now=NOW)
    with pytest.raises(NotAllowed):
        accounts.begin_dealing(team=team, by=cast.viewer("reviewer"), now=NOW)


# --- fairly ------------------------------------------------------------------------------------------------------


def test_the_unpleasant_go_to_who_has_had_fewer_of_them(cast: Cast, team: Team) -> None:
    """High risk counts as one; who holds it is not asked for the same item again."""
    queued(cast, 1, risk={"level": "high"})
    here(cast.reviewer)
    assert deal(cast) == 1
    present = seats(workspace_id=cast.workspace.pk, now=NOW)
    counted = hands_of(workspace_id=cast.workspace.pk, seats=present, stopped=[], now=NOW)
    assert {one.user_id: (one.done, one.heavy) for one in counted} == {cast.reviewer.user_id: (1, 1)}
    here(cast.reviewer2)
    both = hands_of(workspace_id=cast.workspace.pk, seats=present, stopped=[], now=NOW)
    heads = heads_for(both, head=10)
    assert [(one.heavy, one.not_for) for one in heads] == [(True, frozenset({cast.reviewer.user_id}))]


def test_what_hurts_to_read_is_unpleasant_too(cast: Cast, team: Team) -> None:
    """A detector that looked and found nothing says so with a score of 0."""
    switch(cast, "abuse")
    rude = {"messages": [{"role": "user", "content": "Where is my parcel, you idiot?"}]}
    submit(cast, item("rude", input=rude), item("kind"))
    triage()
    here(cast.reviewer)
    present = hands_of(
        workspace_id=cast.workspace.pk, seats=seats(workspace_id=cast.workspace.pk, now=NOW), stopped=[], now=NOW
    )
    heavy = {Slot.objects.get(pk=one.slot_id).item.external_id: one.heavy for one in heads_for(present, head=10)}
    assert heavy == {"rude": True, "kind": False}
