"""Stopped: nothing new is handed out or passes, held answers go to their safe side, and all of it goes on again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from reviewqueue import pipeline
from reviewqueue.accounts import actions as accounts
from reviewqueue.assignment.models import Assignment, Presence, Slot
from reviewqueue.audit.actions import SYSTEM, person
from reviewqueue.audit.models import Event
from reviewqueue.common.errors import Conflict
from reviewqueue.intake.actions import declare_source
from reviewqueue.intake.models import Gate, Item, ItemState, Source
from reviewqueue.pipeline import gating
from reviewqueue.queues import queries
from reviewqueue.queues.actions import StoppedAlready
from reviewqueue.queues.models import Stop
from reviewqueue.queues.queries import forget_stops, stops_of
from reviewqueue.queues.rules import Stopped
from reviewqueue.review.models import Outcome, Publication
from reviewqueue.review.queries import final_of
from reviewqueue.triage.actions import activate_policy
from reviewqueue.triage.models import Pending, TriageDecision
from tests.cast import NOW, Cast, item
from tests.faults.counting import CONSERVATION, broken
from tests.steps import FALLBACK, claim, edit, held_item, hold, on_duty, publish, queued, settle, submit, triage

SOON = NOW + timedelta(seconds=6)
LATER = NOW + timedelta(minutes=10)
SURE = {"confidence": 0.99}


def stop(cast: Cast, *, now=NOW, **what: Any) -> Stop:
    """Stop something as a lead does, and let workers do what that leaves."""
    by = cast.lead.user
    why = Stop.Why.WRONG_ANSWERS
    made = pipeline.stop(
        workspace=cast.workspace, why=why, note="Since noon.", by=person(by.pk), person=by, now=now, **what
    )
    pipeline.carry_out_stops(now=now)
    return made


def go_on(cast: Cast, made: Stop, *, now=LATER) -> None:
    """End a stop, and let workers put everything back."""
    pipeline.end_stop(stop=made, by=person(cast.lead.user_id), person=cast.lead.user, now=now)
    made.refresh_from_db()
    pipeline.carry_out_stops(now=now)


def other_source(cast: Cast) -> Source:
    return declare_source(workspace=cast.workspace, slug="mail-bot", name="Mail bot", by=SYSTEM, now=NOW)


def states() -> list[str]:
    return sorted(ItemState.objects.values_list("state", flat=True))


@pytest.fixture(autouse=True)
def _nothing_is_lost(cast: Cast):
    yield
    with connection.cursor() as cursor:
        cursor.execute(CONSERVATION)
        assert broken(cursor.fetchall()) == {}


# --- claims -----------------------------------------------------------------------------------------------------


def test_of_a_stopped_queue_nothing_is_handed_out_and_of_others_all(cast: Cast) -> None:
    queued(cast)
    submit(cast, item("risky", risk={"level": "high"}))
    triage()
    made = stop(cast, queue=cast.support)
    with pytest.raises(Stopped) as refused:
        claim(cast, cast.reviewer)
    assert (refused.value.status, refused.value.slug) == (409, "stopped")
    assert refused.value.detail == "The queue Support is stopped: the AI's answers are wrong."
    both = pipeline.claim_next(membership=cast.reviewer, queues=[cast.support, cast.careful], now=NOW)
    assert both is not None
    assert both.assignment.entry.queue == cast.careful
    go_on(cast, made)
    assert claim(cast, cast.reviewer, now=LATER) is not None


def test_of_a_stopped_workspace_nothing_is_handed_out_at_all(cast: Cast) -> None:
    queued(cast)
    made = stop(cast)
    with pytest.raises(Stopped, match="All work is stopped"):
        claim(cast, cast.reviewer)
    with pytest.raises(Stopped):
        pipeline.assign(slot=Slot.objects.get(), to=cast.reviewer.user, by=cast.viewer("lead"), now=NOW)
    assert not Assignment.objects.exists()
    go_on(cast, made)
    assert claim(cast, cast.reviewer, now=LATER) is not None


def test_items_of_a_stopped_source_leave_their_line_and_those_of_others_stay(cast: Cast) -> None:
    other = other_source(cast)
    queued(cast, 3)
    theirs = submit_for(cast, other, "mail-1")
    ranks = dict(Slot.objects.values_list("pk", "rank"))
    made = stop(cast, source=cast.source)
    assert Slot.objects.filter(held_until__isnull=False, stop=made).count() == 3
    turn = claim(cast, cast.reviewer)
    assert turn.assignment.item_id == theirs
    assert claim(cast, cast.reviewer) is None
    go_on(cast, made)
    assert not Slot.objects.filter(held_until__isnull=False).exists()
    assert dict(Slot.objects.values_list("pk", "rank")) == ranks
    assert claim(cast, cast.reviewer, now=LATER) is not None


def submit_for(cast: Cast, source: Source, name: str, **changes: Any):
    """Submit and triage an item of another source; return its id."""
    (one,) = submit(replace(cast, source=source), item(name, source=source.slug, **changes))
    triage()
    return one.id


def test_what_comes_to_a_stopped_source_begins_outside_the_line(cast: Cast) -> None:
    made = stop(cast, source=cast.source)
    queued(cast, 2)
    assert states() == ["queued", "queued"]
    assert Slot.objects.filter(stop=made, held_until__isnull=False).count() == 2
    assert claim(cast, cast.reviewer) is None


def test_what_comes_back_to_its_line_while_its_source_is_stopped_is_not_handed_out(cast: Cast) -> None:
    queued(cast, 2)
    held = claim(cast, cast.reviewer)
    stop(cast, source=cast.source)
    pipeline.give_back(assignment=held.assignment, fence=held.fence, by=cast.reviewer.user, reason="", now=SOON)
    assert Slot.objects.filter(held_until=None).count() == 1
    assert claim(cast, cast.reviewer2, now=SOON) is None
    assert not Slot.objects.filter(held_until=None).exists(), "the claim has taken it out of the line"


def test_what_somebody_put_aside_comes_back_at_its_time_and_not_before(cast: Cast) -> None:
    queued(cast)
    turn = claim(cast, cast.reviewer)
    until = NOW + timedelta(hours=2)
    pipeline.snooze(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, until=until, now=SOON)
    made = stop(cast, source=cast.source)
    go_on(cast, made)
    assert Slot.objects.get().held_until == until
    assert claim(cast, cast.reviewer2, now=LATER) is None
    pipeline.expire_due(now=until)
    assert claim(cast, cast.reviewer2, now=until) is not None


def test_who_holds_an_item_finishes_it_and_what_they_decide_is_sent(cast: Cast) -> None:
    queued(cast)
    turn = claim(cast, cast.reviewer)
    stop(cast)
    assert pipeline.heartbeat(assignment=turn.assignment, fence=turn.fence, now=SOON) > SOON
    done = pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, judgement=edit(), now=SOON
    )
    assert done.outcome is not None
    again = pipeline.undo(outcome=done.outcome, by=cast.reviewer.user, now=SOON)
    pipeline.submit_review(
        assignment=again.assignment, fence=again.fence, by=cast.reviewer.user, judgement=edit(), now=SOON
    )
    assert len(publish(cast, now=SOON)) == 1


# --- passing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["source", "workspace", "queue"])
def test_what_would_pass_waits_until_work_goes_on(cast: Cast, what: str) -> None:
    made = stop(cast, **{"source": {"source": cast.source}, "queue": {"queue": cast.support}}.get(what, {}))
    submit(cast, item("sure", **SURE))
    triage()
    assert states() == ["received"]
    assert (Pending.objects.get().stop, TriageDecision.objects.count()) == (made, 0)
    triage(LATER)
    assert states() == ["received"]
    go_on(cast, made)
    triage(LATER)
    assert states() == ["passed"]
    assert TriageDecision.objects.get().decided_at == LATER


def test_what_passes_by_way_of_another_queue_goes_on(cast: Cast) -> None:
    """People see the random share of it in a queue that is not stopped."""
    stop(cast, queue=cast.careful)
    submit(cast, item("sure", **SURE))
    triage()
    assert states() == ["passed"]


def test_what_people_must_see_is_placed_as_ever(cast: Cast) -> None:
    stop(cast)
    queued(cast)
    assert states() == ["queued"]


def sampled(cast: Cast) -> None:
    """Let the next version of the policy show people half of everything."""
    made = {"rules": [], "audit_rate": 0.5, "audit_queue": cast.support}
    activate_policy(workspace_id=cast.workspace.pk, **made, by=None, actor=SYSTEM, now=NOW)


def test_while_passing_is_stopped_nothing_is_drawn_so_that_a_draw_is_of_one_policy(cast: Cast) -> None:
    """What one policy had not drawn the next would never draw, though it says that it draws a half."""
    sampled(cast)
    made = stop(cast)
    submit(cast, *[item(f"sure-{number}", **SURE) for number in range(30)])
    triage()
    assert not TriageDecision.objects.exists()
    sampled(cast)
    go_on(cast, made)
    triage(LATER)
    decisions = TriageDecision.objects.filter(policy__version=3, probability=0.5)
    assert decisions.count() == 30
    assert 0 < decisions.filter(result="review").count() < 30


def test_of_held_answers_nothing_is_drawn_either_while_passing_is_stopped(cast: Cast) -> None:
    sampled(cast)
    on_duty(cast.reviewer)
    stop(cast)
    hold(cast, *[held_item(f"held-{number}", **SURE) for number in range(12)])
    assert set(TriageDecision.objects.values_list("stratum", "probability")) == {("stopped", 1.0)}


def test_what_waits_can_be_withdrawn_and_a_signal_keeps_it_from_passing(cast: Cast) -> None:
    made = stop(cast)
    gone, wrong = submit(cast, item("a", **SURE), item("b", **SURE))
    triage()
    pipeline.withdraw(item=Item.objects.get(pk=gone.id), by=SYSTEM, now=SOON)
    pipeline.signal(item=Item.objects.get(pk=wrong.id), kind="complaint", by=SYSTEM, now=SOON)
    go_on(cast, made)
    triage(LATER)
    assert states() == ["queued", "withdrawn"]


def test_the_end_of_one_stop_leaves_what_another_covers(cast: Cast) -> None:
    one, all_of_it = stop(cast, source=cast.source), stop(cast)
    submit(cast, item("sure", **SURE))
    triage()
    for ending in (all_of_it, one):
        assert states() == ["received"]
        go_on(cast, ending)
        triage(LATER)
    assert states() == ["passed"]


# --- held answers -------------------------------------------------------------------------------------------------

SAFE = [
    ("pass", "low", "fallback", FALLBACK),
    ("fallback", "low", "fallback", FALLBACK),
    ("withhold", "low", "withheld", None),
    ("pass", "high", "withheld", None),
    ("fallback", "high", "withheld", None),
]


@pytest.mark.parametrize(("on_timeout", "risk", "disposition", "final"), SAFE)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_held_answer_goes_to_its_safe_side_at_once(
    cast: Cast, on_timeout: str, risk: str, disposition: str, final: Any, when: str
) -> None:
    on_duty(cast.reviewer)
    asked = held_item("held", on_timeout=on_timeout, risk={"level": risk})
    if when == "before":
        hold(cast, asked)
        assert not Outcome.objects.exists()
    stop(cast)
    if when == "after":
        hold(cast, asked)
    outcome = Outcome.objects.get()
    assert (outcome.disposition, outcome.basis, final_of(outcome)) == (disposition, "timeout", final)
    assert Publication.objects.get().outcome == outcome
    assert Gate.objects.get().closed_because == Gate.Closed.STOPPED
    assert states() == ["queued"]


def test_a_held_answer_that_would_pass_does_not_while_that_is_stopped(cast: Cast) -> None:
    on_duty(cast.reviewer)
    made = stop(cast, source=cast.source)
    hold(cast, held_item("held", on_timeout="pass", **SURE))
    decision = TriageDecision.objects.get()
    assert (decision.result, decision.stratum, decision.reasons) == ("review", "stopped", [{"code": "stopped"}])
    assert Outcome.objects.get().disposition == "fallback"
    go_on(cast, made)
    turn = claim(cast, cast.reviewer, now=LATER)
    done = pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, judgement=edit(), now=LATER
    )
    assert (done.outcome.late, done.outcome.version) == (True, 2)


def test_a_stop_of_a_queue_answers_those_that_wait_in_it_alone(cast: Cast) -> None:
    on_duty(cast.reviewer)
    hold(cast, held_item("here"), held_item("there", risk={"level": "high"}))
    stop(cast, queue=cast.support)
    assert sorted(Gate.objects.values_list("closed_because", flat=True)) == ["", "stopped"]
    assert Outcome.objects.get().item.external_id == "here"


def test_a_deadline_that_passes_meanwhile_lets_nothing_pass(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the stop itself was not carried out yet when the deadline came."""
    on_duty(cast.reviewer)
    hold(cast, held_item("held", on_timeout="pass"))
    pipeline.stop(workspace=cast.workspace, why=Stop.Why.OUTAGE, by=SYSTEM, now=NOW)
    monkeypatch.setattr(gating, "running_stops", list)
    assert pipeline.time_out_due(now=LATER) == 1
    assert (Gate.objects.get().closed_because, Outcome.objects.get().disposition) == ("stopped", "fallback")


# --- who, why, and how it is read -----------------------------------------------------------------------------------


def test_who_and_why_are_on_record_and_the_words_are_apart(cast: Cast) -> None:
    made = stop(cast, source=cast.source)
    go_on(cast, made)
    begun, ended = Event.objects.filter(subject_kind="stop").order_by("at", "pk")
    assert (begun.verb, begun.actor_id, begun.data) == (
        "stop",
        cast.lead.user_id,
        {"source": cast.source.slug, "why": "wrong_answers"},
    )
    assert (ended.verb, ended.actor_id, ended.at) == ("end_stop", cast.lead.user_id, LATER)
    assert made.content.note == "Since noon."


def test_the_same_is_stopped_once_and_ended_once(cast: Cast) -> None:
    made = stop(cast, queue=cast.support)
    with pytest.raises(StoppedAlready):
        stop(cast, queue=cast.support)
    go_on(cast, made)
    with pytest.raises(Conflict, match="ended already"):
        go_on(cast, made)
    assert stop(cast, queue=cast.support).pk != made.pk


def test_a_process_goes_by_what_it_has_read_for_two_seconds_at_most(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = [1000.0]
    monkeypatch.setattr(queries.time, "monotonic", lambda: moment[0])
    forget_stops(cast.workspace.pk)
    assert not stops_of(cast.workspace.pk)
    Stop.objects.create(workspace=cast.workspace, why="outage", begun_at=NOW)  # as another process does
    moment[0] += 1.9
    assert not stops_of(cast.workspace.pk)
    moment[0] += 0.2
    assert stops_of(cast.workspace.pk).of_all


def test_a_stop_is_done_with_once_all_of_it_is_back(cast: Cast) -> None:
    queued(cast, 3)
    made = stop(cast, source=cast.source)
    assert made.held_back_at is None
    pipeline.carry_out_stops(now=SOON)
    made.refresh_from_db()
    assert made.held_back_at == SOON
    go_on(cast, made)
    assert pipeline.carry_out_stops(now=LATER) == 1
    assert pipeline.carry_out_stops(now=LATER + timedelta(minutes=2)) == 1
    made.refresh_from_db()
    assert made.let_go_at is not None
    assert pipeline.carry_out_stops(now=LATER + timedelta(minutes=3)) == 0


def test_people_who_settle_go_on_where_only_a_source_is_stopped(cast: Cast) -> None:
    stop(cast, source=other_source(cast))
    queued(cast)
    assert settle(cast, cast.reviewer, edit()).basis == "review"


def test_what_is_stopped_and_came_back_to_its_line_keeps_no_hand_empty(cast: Cast) -> None:
    """What a claim meets it clears away; where everything is dealt nobody claims."""
    other, lead = other_source(cast), cast.viewer("lead")
    team = accounts.create_team(name="Days", by=lead, now=NOW)
    accounts.join_team(team=team, user_id=cast.reviewer.user_id, by=lead, now=NOW)
    accounts.limit_hands(team=team, hand_limit=1, by=lead, now=NOW)
    accounts.begin_dealing(team=team, by=lead, now=NOW)
    queued(cast)
    turn = claim(cast, cast.reviewer2)
    theirs = submit_for(cast, other, "mail-1")
    stop(cast, source=cast.source)
    pipeline.give_back(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer2.user, reason="", now=NOW)
    Presence.objects.create(workspace=cast.workspace, user=cast.reviewer.user, seen_at=NOW)
    assert pipeline.deal(workspace_id=cast.workspace.pk, now=NOW) == 1
    assert Assignment.objects.get(ended_at=None).item_id == theirs
