"""Every promise that is not kept goes on record once, with why, whoever sweeps and however late."""

import threading
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from celery import current_app
from django.core.management import call_command

from reviewqueue import pipeline
from reviewqueue.accounts.models import Shift, Team
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.common.clock import now
from reviewqueue.common.errors import Conflict, Invalid, NotThere
from reviewqueue.pipeline import missing
from reviewqueue.queues.actions import end_promise, set_promise
from reviewqueue.queues.models import Promise
from reviewqueue.triage.models import Miss, QueueEntry
from tests.cast import NOW, Cast
from tests.races.crowd import each
from tests.steps import claim, edit, queued, settle

BERLIN = ZoneInfo("Europe/Berlin")


def after(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def found(cast: Cast, minutes: int) -> list[tuple[str, str]]:
    """Sweep, and return what was found as (item, why)."""
    some = pipeline.find_misses(workspace_id=cast.workspace.pk, now=after(minutes))
    return [(one.entry.item.external_id, str(one.why)) for one in some]


def team(cast: Cast, name: str = "Day shift") -> Team:
    made = Team.objects.create(
        workspace=cast.workspace, name=name, time_zone="Europe/Berlin", created_at=NOW, lead=cast.lead.user
    )
    for weekday in range(5):
        Shift.objects.create(
            workspace=cast.workspace, team=made, weekday=weekday, begins=time(9), ends=time(17), people=2
        )
    return made


def promise(cast: Cast, minutes: int, *, urgency: str = "normal", by_team: Team | None = None) -> Promise:
    return set_promise(
        queue=cast.support,
        urgency=urgency,
        minutes=minutes,
        team=by_team,
        by=cast.lead.user,
        actor=cast.viewer("lead").actor,
        now=NOW,
    )


# --- what is promised ---------------------------------------------------------------------------------------------


def test_a_promise_in_a_teams_hours_makes_the_due_time(cast: Cast) -> None:
    promise(cast, 120, by_team=team(cast))
    came = datetime(2026, 11, 20, 16, 0, tzinfo=BERLIN)  # a Friday
    queued(cast, now=came)
    assert QueueEntry.objects.get().due_at == datetime(2026, 11, 23, 10, 0, tzinfo=BERLIN)


def test_a_new_promise_leaves_what_has_come_and_the_old_one_stays_on_record(cast: Cast) -> None:
    promise(cast, 60)
    queued(cast)
    promise(cast, 30)
    assert QueueEntry.objects.get().due_at == after(60)
    assert [(one.minutes, one.ended_at) for one in Promise.objects.order_by("pk")] == [(60, NOW), (30, None)]
    end_promise(promise=Promise.objects.get(ended_at=None), actor=SYSTEM, now=NOW)
    with pytest.raises(Conflict):
        end_promise(promise=Promise.objects.latest("pk"), actor=SYSTEM, now=NOW)


def test_what_is_urgent_is_not_promised_later_than_what_is_not(cast: Cast) -> None:
    promise(cast, 60)
    with pytest.raises(Invalid):
        promise(cast, 61, urgency="high")
    promise(cast, 15, urgency="high")
    with pytest.raises(Invalid):
        promise(cast, 14)


def test_another_workspaces_team_is_not_there(cast: Cast) -> None:
    theirs = Team.objects.create(workspace=cast.stranger.workspace, name="Theirs", created_at=NOW)
    with pytest.raises(NotThere):
        promise(cast, 60, by_team=theirs)


# --- what was missed ----------------------------------------------------------------------------------------------


def test_an_item_that_nobody_took_is_missed_once_and_told_to_the_trail(cast: Cast) -> None:
    queued(cast)
    assert found(cast, 119) == []
    assert found(cast, 120) == [("conv-0", "no_people")]
    assert found(cast, 121) == found(cast, 100_000) == []
    assert Miss.objects.get().due_at == after(120)
    assert Event.objects.get(verb="miss").data == {"why": "no_people"}


def test_what_was_done_late_between_two_sweeps_is_found_too(cast: Cast) -> None:
    queued(cast, 2)
    found(cast, 1)
    settle(cast, cast.reviewer, edit(), now=after(10))
    settle(cast, cast.reviewer, edit(), now=after(125))
    assert found(cast, 130) == [("conv-1", "waiting")]
    assert found(cast, 131) == []


def test_what_was_put_aside_was_put_aside(cast: Cast) -> None:
    queued(cast)
    turn = claim(cast, cast.reviewer, now=after(1))
    pipeline.snooze(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, until=after(100), now=after(2)
    )
    assert found(cast, 500) == [("conv-0", "held")]
    assert Miss.objects.get().facts["minutes"] == {"held": 98, "waiting": 21, "in_hand": 1}


def test_what_waits_for_a_lead_waits_for_a_lead(cast: Cast) -> None:
    queued(cast)
    turn = claim(cast, cast.reviewer, now=after(1))
    pipeline.escalate(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, question="May I?", now=after(5)
    )
    assert found(cast, 120) == [("conv-0", "escalated")]


def test_what_went_from_hand_to_hand_was_returned(cast: Cast) -> None:
    queued(cast)
    for who, minute in ((cast.reviewer, 1), (cast.reviewer2, 50)):
        turn = claim(cast, who, now=after(minute))
        pipeline.give_back(
            assignment=turn.assignment, fence=turn.fence, by=who.user, reason="not now", now=after(minute + 2)
        )
    assert found(cast, 120) == [("conv-0", "returned")]


def test_a_miss_found_a_day_later_has_the_same_reason_as_one_found_at_once(cast: Cast) -> None:
    """What happens after the due time says nothing about why it was missed."""
    queued(cast)
    turn = claim(cast, cast.reviewer, now=after(119))
    pipeline.snooze(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, until=after(900), now=after(121)
    )
    assert found(cast, 24 * 60) == [("conv-0", "waiting")]


def test_more_than_one_look_can_take_is_found_by_the_next(cast: Cast) -> None:
    queued(cast, 210)
    looks = [len(found(cast, 130)) for _look in range(3)]
    assert looks == [200, 10, 0]


def test_misses_are_append_only(cast: Cast) -> None:
    queued(cast)
    found(cast, 120)
    with pytest.raises(Exception, match="append-only"):
        Miss.objects.update(why="held")


def test_another_workspaces_stays_are_nobodys_misses_here(cast: Cast) -> None:
    queued(cast)
    assert pipeline.find_misses(workspace_id=cast.stranger.workspace_id, now=after(500)) == []


def test_two_sweepers_at_one_moment_write_each_miss_once(transactional_db: None, cast: Cast) -> None:
    queued(cast, 30)
    each(range(4), lambda _sweeper: pipeline.find_misses(workspace_id=cast.workspace.pk, now=after(120)))
    assert Miss.objects.count() == 30
    assert Event.objects.filter(verb="miss").count() == 30


def test_without_looking_one_after_the_other_the_trail_would_tell_twice(
    transactional_db: None, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tooth: two sweepers that both have looked before either writes."""
    queued(cast, 3)
    both_have_looked = threading.Barrier(2, timeout=20)
    look = missing.late_stays

    def looked(**of: Any) -> list[QueueEntry]:
        stays = look(**of)
        both_have_looked.wait()
        return stays

    monkeypatch.setattr(missing, "_look_alone", lambda _workspace: None)
    monkeypatch.setattr(missing, "late_stays", looked)
    each(range(2), lambda _sweeper: pipeline.find_misses(workspace_id=cast.workspace.pk, now=after(120)))
    assert (Miss.objects.count(), Event.objects.filter(verb="miss").count()) == (3, 6)


def test_the_sweep_needs_no_broker_and_may_run_again(
    transactional_db: None, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As run_due does it beside a worker, with a broker at which nobody answers."""
    monkeypatch.setattr(current_app.conf, "broker_url", "redis://127.0.0.1:1/0")
    queued(cast, 3, now=now() - timedelta(hours=3))
    for _again in range(2):
        call_command("run_due", "--once")
        assert Miss.objects.count() == Event.objects.filter(verb="miss").count() == 3
