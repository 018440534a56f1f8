"""An overload plan: made beforehand, begun by hand or by a threshold, heeded by triage, told to those it calls."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from reviewqueue import pipeline
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.common.errors import Conflict, Invalid, NotAllowed
from reviewqueue.delivery.actions import add_webhook
from reviewqueue.delivery.models import Message
from reviewqueue.intake.models import Gate
from reviewqueue.review.models import Outcome
from reviewqueue.triage.actions.overload import Planned, Stratum, Thresholds
from reviewqueue.triage.calling import call_due
from reviewqueue.triage.models import OverloadMail, OverloadPlan, OverloadRun, QueueEntry, TriageDecision
from reviewqueue.triage.overload import running, thinning_of
from tests.cast import NOW, Cast, item
from tests.races.crowd import together
from tests.steps import edit, held_item, hold, on_duty, queued, settle, submit, triage

UNSURE = Stratum("Unsure", 0.2)


def after(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def save(cast: Cast, *strata: Stratum, by: str = "lead", **of: Any) -> OverloadPlan:
    planned = Planned(strata=strata or (UNSURE,), **of)
    return pipeline.save_plan(planned=planned, by=cast.viewer(by), now=NOW)


def begin(cast: Cast, minutes: int = 0) -> OverloadRun:
    return pipeline.begin_plan(note="a strike", by=cast.viewer("lead"), now=after(minutes))


def end(cast: Cast, minutes: int) -> OverloadRun:
    return pipeline.end_plan(by=cast.viewer("lead"), now=after(minutes))


def watch(cast: Cast, minutes: int) -> OverloadRun | None:
    return pipeline.watch_overload(workspace_id=cast.workspace.pk, now=after(minutes))


def decisions() -> list[tuple[str, str, float]]:
    rows = TriageDecision.objects.order_by("item__external_id")
    return [(str(one.result), str(one.design), one.probability) for one in rows]


# --- made ---------------------------------------------------------------------------------------------------------


def test_a_plan_says_in_which_place_it_is_wrong(cast: Cast) -> None:
    wrong = [
        (Planned(strata=[Stratum("No such rule", 0.5)]), "#/strata/0/rule_name"),
        (Planned(strata=[Stratum("Unsure", 0.0)]), "#/strata/0/rate"),
        (Planned(strata=[Stratum("Unsure", 1.5)]), "#/strata/0/rate"),
        (Planned(strata=[UNSURE, UNSURE]), "#/strata"),
        (Planned(), "#/strata"),
        (Planned(emails=["nobody"]), "#/emails/0"),
        (Planned(members=[cast.stranger.user_id]), "#/members"),
        (Planned(strata=[UNSURE], thresholds=Thresholds(starts_waiting=5)), "#/starts_waiting"),
        (Planned(strata=[UNSURE], thresholds=Thresholds(starts_waiting=5, ends_waiting=5)), "#/ends_waiting"),
    ]
    for planned, place in wrong:
        with pytest.raises(Invalid) as caught:
            pipeline.save_plan(planned=planned, by=cast.viewer("lead"), now=NOW)
        assert [one.pointer for one in caught.value.places] == [place]
    assert not OverloadPlan.objects.exists()


def test_reviewers_and_auditors_change_nothing(cast: Cast) -> None:
    save(cast)
    for who in ("reviewer", "auditor", "ml"):
        viewer = cast.viewer(who)
        for verb in (
            lambda viewer=viewer: pipeline.save_plan(planned=Planned(strata=[UNSURE]), by=viewer, now=NOW),
            lambda viewer=viewer: pipeline.begin_plan(note="", by=viewer, now=NOW),
            lambda viewer=viewer: pipeline.arm_plan(by=viewer, now=NOW),
        ):
            with pytest.raises(NotAllowed):
                verb()


def test_a_plan_that_is_saved_anew_is_not_armed_and_the_one_at_work_goes_on(cast: Cast) -> None:
    limits = Thresholds(starts_waiting=10, ends_waiting=2)
    save(cast, thresholds=limits)
    pipeline.arm_plan(by=cast.viewer("lead"), now=NOW)
    begin(cast)
    plan = save(cast, Stratum("Unsure", 0.9))
    assert (plan.version, plan.armed_at) == (2, None)
    thinning = thinning_of(cast.workspace.pk)
    assert thinning is not None
    assert thinning.rates == {"Unsure": 0.2}
    with pytest.raises(Conflict):
        pipeline.arm_plan(by=cast.viewer("lead"), now=NOW)


# --- heeded -------------------------------------------------------------------------------------------------------


def test_while_it_is_at_work_a_share_is_seen_and_the_chance_recorded(cast: Cast) -> None:
    save(cast)
    begin(cast)
    queued(cast, 60)
    found = decisions()
    assert {(design, round(chance, 9)) for _result, design, chance in found} == {("sample", 0.2)}
    seen = sum(result == "review" for result, _design, _chance in found)
    assert 2 <= seen <= 24  # of 60 with a chance of a fifth: five deviations
    assert QueueEntry.objects.count() == seen


def test_what_was_decided_stays_decided_when_the_plan_begins_changes_or_ends(cast: Cast) -> None:
    queued(cast, 5)
    before = list(TriageDecision.objects.order_by("pk").values())
    save(cast)
    begin(cast)
    end(cast, 5)
    save(cast, Stratum("Unsure", 0.9))
    begin(cast, 6)
    triage(after(7))
    assert list(TriageDecision.objects.order_by("pk").values()) == before
    assert QueueEntry.objects.filter(ended_at=None).count() == 5
    end(cast, 8)
    submit(cast, item("conv-late"), now=after(9))
    triage(after(9))
    late = TriageDecision.objects.get(item__external_id="conv-late")
    assert (late.result, late.design, late.probability) == ("review", "rule", 1.0)


def test_high_risk_is_seen_whatever_the_plan_says(cast: Cast) -> None:
    save(cast, Stratum("High risk", 0.01), UNSURE)
    begin(cast)
    queued(cast, 12, risk={"level": "high"})
    assert set(decisions()) == {("review", "rule", 1.0)}


def test_held_answers_get_their_fallback_at_once_but_for_high_risk(cast: Cast) -> None:
    on_duty(cast.reviewer, cast.reviewer2, cast.lead)
    save(cast, Stratum("Unsure", answers_held=True), Stratum("High risk", answers_held=True))
    begin(cast)
    hold(cast, held_item("held-1"), held_item("held-2", risk={"level": "high"}))
    closed = dict(Gate.objects.values_list("item__external_id", "closed_because"))
    assert closed == {"held-1": "overloaded", "held-2": ""}
    assert Outcome.objects.get(item__external_id="held-1").disposition == "fallback"
    assert QueueEntry.objects.filter(ended_at=None).count() == 2


def test_what_waits_at_a_gate_when_it_begins_is_answered_too(cast: Cast) -> None:
    on_duty(cast.reviewer, cast.lead)
    hold(cast, held_item("held-1"))
    save(cast, Stratum("Unsure", answers_held=True))
    begin(cast)
    on_duty(cast.reviewer, cast.lead, now=after(1))
    watch(cast, 1)
    assert Gate.objects.get().closed_because == "overloaded"
    watch(cast, 1)
    assert Outcome.objects.count() == 1


# --- begun and ended ----------------------------------------------------------------------------------------------


def test_a_threshold_begins_it_and_a_lower_one_ends_it(cast: Cast) -> None:
    save(cast, thresholds=Thresholds(starts_waiting=4, ends_waiting=1))
    queued(cast, 4)
    assert watch(cast, 0) is None  # it is not armed
    pipeline.arm_plan(by=cast.viewer("lead"), now=NOW)
    run = watch(cast, 1)
    assert run is not None
    assert (run.why, run.measured, run.begun_by) == ("waiting", 4, None)
    for number in range(2):
        settle(cast, cast.reviewer, edit(), now=after(2 + number))
    assert watch(cast, 15) == run  # two wait: between the thresholds
    settle(cast, cast.reviewer, edit(), now=after(16))
    assert watch(cast, 17) is None
    run.refresh_from_db()
    assert (run.end_why, run.ended_by) == ("calm", None)
    verbs = Event.objects.filter(subject_kind="overload_plan").order_by("id").values_list("verb", "actor_kind")
    assert list(verbs) == [
        ("save_overload_plan", "person"),
        ("arm_overload_plan", "person"),
        ("begin_overload", "system"),
        ("end_overload", "system"),
    ]


def test_it_is_not_ended_by_a_threshold_within_ten_minutes(cast: Cast) -> None:
    save(cast, thresholds=Thresholds(starts_waiting=1, ends_waiting=0))
    pipeline.arm_plan(by=cast.viewer("lead"), now=NOW)
    queued(cast, 1)
    assert watch(cast, 0)
    settle(cast, cast.reviewer, edit(), now=after(1))
    assert watch(cast, 9)
    assert watch(cast, 10) is None


def test_minutes_late_in_the_forecast_begin_it(cast: Cast) -> None:
    """Three people at twenty an hour do 20 items in time, but not 260 that are due in two hours."""
    save(cast, thresholds=Thresholds(starts_minutes_late=60, ends_minutes_late=5))
    pipeline.arm_plan(by=cast.viewer("lead"), now=NOW)
    queued(cast, 20)
    assert watch(cast, 0) is None
    submit(cast, *[item(f"more-{number}") for number in range(240)])
    triage()
    run = watch(cast, 1)
    assert run is not None
    assert run.why == "minutes_late"
    assert run.measured >= 60


def test_after_somebody_ended_it_it_has_to_be_calm_once(cast: Cast) -> None:
    save(cast, thresholds=Thresholds(starts_waiting=2, ends_waiting=0))
    pipeline.arm_plan(by=cast.viewer("lead"), now=NOW)
    queued(cast, 2)
    assert watch(cast, 0)
    end(cast, 1)
    assert watch(cast, 2) is None
    for number in range(2):
        settle(cast, cast.reviewer, edit(), now=after(3 + number))
    assert watch(cast, 6) is None  # calm: from now on
    submit(cast, item("x-1"), item("x-2"), now=after(7))
    triage(after(7))
    assert watch(cast, 8)


def test_what_somebody_began_ahead_of_the_crowd_goes_on_until_that_has_gone(cast: Cast) -> None:
    save(cast, Stratum("High risk", 0.5), thresholds=Thresholds(starts_waiting=2, ends_waiting=0))
    begin(cast)
    assert watch(cast, 60)  # nothing waits, and nothing has
    queued(cast, 2, now=after(61))
    assert watch(cast, 62)
    for number in range(2):
        settle(cast, cast.reviewer, edit(), now=after(63 + number))
    assert watch(cast, 70) is None


def test_it_is_at_work_once_at_a_time(transactional_db: None, cast: Cast) -> None:
    save(cast)
    said = together(*[lambda: begin(cast)] * 6)
    assert sorted(type(one).__name__ for one in said) == ["Conflict"] * 5 + ["OverloadRun"]
    end(cast, 1)
    with pytest.raises(Conflict):
        end(cast, 2)


def test_without_a_plan_there_is_nothing_to_begin_or_to_arm(cast: Cast) -> None:
    with pytest.raises(Conflict):
        begin(cast)
    with pytest.raises(Conflict):
        end(cast, 0)
    with pytest.raises(Conflict):
        pipeline.arm_plan(by=cast.viewer("lead"), now=NOW)


def test_another_workspaces_plan_thins_nothing_here(cast: Cast) -> None:
    stranger = cast.viewer("stranger")
    pipeline.save_plan(planned=Planned(strata=[Stratum("Unsure", 0.01)]), by=stranger, now=NOW)
    pipeline.begin_plan(note="", by=stranger, now=NOW)
    queued(cast, 5)
    assert set(decisions()) == {("review", "rule", 1.0)}
    assert running(cast.workspace.pk) is None


# --- told ---------------------------------------------------------------------------------------------------------


def test_those_it_calls_are_told_when_it_begins_and_ends(cast: Cast, settings: Any) -> None:
    settings.PUBLIC_URL = "https://review.example"
    cast.lead.user.language = "de"
    cast.lead.user.save()
    save(cast, members=[cast.lead.user_id], emails=["agency@example.com"])
    begin(cast)
    assert call_due(now=after(0)) == 2
    assert call_due(now=after(1)) == 0
    end(cast, 30)
    assert call_due(now=after(30)) == 2
    theirs = [one.subject for one in mail.outbox if one.to == [cast.lead.user.email]]
    assert theirs == [
        "Acme: der Überlastplan ist in Betrieb, und Sie werden gerufen",
        "Acme: der Überlastplan ist beendet",
    ]
    ours = [one for one in mail.outbox if one.to == ["agency@example.com"]]
    assert ours[0].subject == "Acme: the overload plan is at work, and you are called"
    assert "Lead began it (a strike)" in ours[0].body
    assert "https://review.example/overload/" in ours[0].body
    assert "Lead ended it" in ours[1].body


def test_an_email_that_fails_is_tried_again_and_given_up_in_the_end(cast: Cast, settings: Any) -> None:
    save(cast, emails=["agency@example.com"])
    begin(cast)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens there
    minutes = 0
    for _try in range(8):
        assert call_due(now=after(minutes)) == 1
        minutes += 2**9
    assert call_due(now=after(100_000)) == 0
    row = OverloadMail.objects.get()
    assert (row.attempts, row.last_error, row.sent_at) == (8, "ConnectionRefusedError", None)
    assert row.given_up_at is not None


def test_webhooks_are_told(cast: Cast) -> None:
    add_webhook(
        workspace_id=cast.workspace.pk,
        url="https://example.com/hook",
        events=["overload.begun", "overload.ended"],
        by=None,
        actor=SYSTEM,
        now=NOW,
    )
    save(cast)
    run = begin(cast)
    end(cast, 3)
    told = Message.objects.filter(event_type__startswith="overload.").order_by("sequence")
    assert [(one.event_type, one.data["run"], one.data["why"], one.data["plan_version"]) for one in told] == [
        ("overload.begun", str(run.pk), "by_hand", 1),
        ("overload.ended", str(run.pk), "by_hand", 1),
    ]
