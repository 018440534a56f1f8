"""The board's arithmetic, by hand: lines, breaks, days, crews and rules."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from reviewqueue.metrics.rules import (
    BoardNow,
    Change,
    Cohort,
    Crew,
    Day,
    Halted,
    Passing,
    QueueNow,
    Seen,
    cohorts_of,
    day_of,
    expected_hours,
    forecast,
    kept_shares,
    pace_of,
    pass_rule,
    people_needed,
    predict,
    rules_with,
)
from reviewqueue.triage.models import RoutingPolicy, RoutingRule, SamplingRate

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
A, B = UUID(int=1001), UUID(int=1002)
ANNA, BEN = UUID(int=1), UUID(int=2)


def waiting(count: int, *, due: datetime, queue: UUID = A, reviews: int = 1) -> Cohort:
    return Cohort(queue, NOW, due, count, reviews)


def test_one_person_at_twenty_an_hour_does_thirty_items_by_half_past_one() -> None:
    told = forecast(cohorts=[waiting(30, due=NOW + 2 * HOUR)], people={ANNA: frozenset({A})}, pace=20, now=NOW)[A]
    assert (told.items, told.late, told.breaks_at) == (30, 0, None)
    assert told.clears_at == NOW + 1.5 * HOUR
    assert told.waiting_at(NOW + HOUR) == 10


def test_what_is_done_after_its_deadline_is_late_and_the_first_of_it_breaks_the_promise() -> None:
    told = forecast(cohorts=[waiting(30, due=NOW + HOUR)], people={ANNA: frozenset({A})}, pace=20, now=NOW)[A]
    assert (told.late, told.breaks_at, told.overdue) == (10, NOW + HOUR, 0)


def test_what_is_late_already_is_told_apart_from_the_next_break() -> None:
    cohorts = [waiting(1, due=NOW - HOUR), waiting(30, due=NOW + HOUR)]
    told = forecast(cohorts=cohorts, people={ANNA: frozenset({A})}, pace=20, now=NOW)[A]
    assert (told.overdue, told.broken_at, told.breaks_at) == (1, NOW - HOUR, NOW + HOUR)


def test_an_item_that_needs_two_reviews_takes_twice_as_long() -> None:
    cohorts = [waiting(10, due=NOW + 2 * HOUR, reviews=2)]
    told = forecast(cohorts=cohorts, people={ANNA: frozenset({A})}, pace=20, now=NOW)[A]
    assert told.clears_at == NOW + HOUR


def test_what_is_stopped_is_late_for_as_long_as_that_lasts_and_people_do_the_rest() -> None:
    stopped = Cohort(A, NOW, NOW + HOUR, 30, stopped=True)
    cohorts = [stopped, waiting(10, due=NOW + HOUR), waiting(20, due=NOW + 2 * HOUR, queue=B)]
    told = forecast(cohorts=cohorts, people={ANNA: frozenset({A, B})}, pace=20, now=NOW)
    assert (told[A].late, told[A].stopped, told[A].clears_at) == (30, 30, None)
    assert (told[A].breaks_at, told[A].behind) == (NOW + HOUR, 0), "its being late is no matter of pace"
    assert (told[B].late, told[B].clears_at) == (0, NOW + 1.5 * HOUR)


def test_of_a_stopped_source_only_its_share_is_kept_from_people() -> None:
    due = NOW + 2 * HOUR
    queue = QueueNow(A, "a", "Support", 2 * HOUR, 1, waiting={due: 30}, halted=Halted({due: 10}, 0.25))
    shown = list(cohorts_of(queue, [(NOW, 40.0)], NOW))
    assert sum(one.items for one in shown if one.stopped) == 10 + 10
    assert sum(one.items for one in shown if not one.stopped) == 20 + 30


def test_no_help_is_asked_for_what_is_stopped() -> None:
    queue = QueueNow(A, "a", "Support", HOUR, 1, waiting={NOW + HOUR: 90}, halted=Halted({NOW + HOUR: 80}, 1.0))
    stopped = board(queue, people={ANNA: frozenset({A})})
    assert predict(stopped).queues[A].stopped == 80
    assert people_needed(stopped, A) == 0


def test_somebody_in_two_queues_takes_the_most_urgent_of_both() -> None:
    cohorts = [waiting(20, due=NOW + 2 * HOUR), waiting(20, due=NOW + HOUR, queue=B)]
    told = forecast(cohorts=cohorts, people={ANNA: frozenset({A, B})}, pace=20, now=NOW)
    assert (told[B].late, told[B].clears_at) == (0, NOW + HOUR)
    assert (told[A].late, told[A].clears_at) == (0, NOW + 2 * HOUR)


def test_with_nobody_everything_is_late_and_the_line_never_clears() -> None:
    told = forecast(cohorts=[waiting(5, due=NOW + HOUR)], people={}, pace=20, now=NOW)[A]
    assert (told.late, told.clears_at) == (5, None)


def test_a_hundred_thousand_items_are_counted_to_the_last_one() -> None:
    told = forecast(cohorts=[waiting(100_001, due=NOW + HOUR)], people={ANNA: frozenset({A})}, pace=20, now=NOW)[A]
    assert told.items == 100_001
    assert told.late == pytest.approx(100_001 - 20, abs=told.step)


# --- the day ------------------------------------------------------------------------------------------------------


def profile(**hours: float) -> list[float]:
    counts = [0.0] * 24
    for name, count in hours.items():
        counts[int(name[1:])] = count
    return counts


def test_a_day_goes_from_one_pause_to_the_next_even_across_midnight() -> None:
    late = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
    placed = {datetime(2026, 11, 22, hour, tzinfo=UTC): 5 for hour in (10, 21, 22, 23)}
    night = profile(h21=10, h22=10, h23=10, h0=10, h1=10, h2=10, h3=10)
    day = day_of(now=late, placed=placed, profile=night)
    assert (day.start.hour, day.end.hour) == (21, 4)


def test_what_is_to_come_follows_the_week_before_scaled_to_what_came() -> None:
    day = Day(NOW, NOW - 2 * HOUR, NOW + 2 * HOUR, tuple(profile(h10=10, h11=10, h12=20, h13=5)))
    hours = expected_hours(day=day, so_far=80, first_at=NOW - 2 * HOUR)
    assert [(at.hour, round(items)) for at, items in hours] == [(12, 80), (13, 20)]


def test_without_a_telling_week_the_pace_goes_on() -> None:
    day = Day(NOW, NOW - 2 * HOUR, NOW + 2 * HOUR, tuple(profile(h12=3)))
    hours = expected_hours(day=day, so_far=80, first_at=NOW - 2 * HOUR)
    assert [round(items) for _at, items in hours] == [40, 40]


def test_nothing_came_so_nothing_is_expected() -> None:
    day = Day(NOW, NOW, NOW + HOUR, tuple(profile()))
    assert expected_hours(day=day, so_far=0, first_at=None) == []


def test_pace_is_the_middle_turn_and_assumed_while_little_is_measured() -> None:
    assert pace_of(seconds=180, turns=50) == (20, True)
    assert pace_of(seconds=180, turns=3) == (20, False)
    assert pace_of(seconds=None, turns=0) == (20, False)


# --- levers -------------------------------------------------------------------------------------------------------


def board(*queues: QueueNow, people: dict[UUID, frozenset[UUID]] | None = None) -> BoardNow:
    day = Day(NOW, NOW - HOUR, NOW + HOUR, (0.0,) * 24)
    crew = Crew(people if people is not None else {ANNA: frozenset({A})}, 20)
    return BoardNow(day=day, queues=queues, crew=crew)


def queue(count: int, *, id: UUID = A, due: datetime = NOW + HOUR) -> QueueNow:
    return QueueNow(id, f"q{id.int}", "Queue", timedelta(hours=2), 1, waiting={due: count})


def test_another_person_halves_the_time_and_saves_what_was_late() -> None:
    whole = board(queue(40))
    assert predict(whole).late == 20
    assert predict(whole, Change(joining={BEN: frozenset({A})})).late == 0
    assert people_needed(whole, A) == 1


def test_an_owner_takes_items_out_of_the_line_and_does_them_at_the_same_pace() -> None:
    change = Change(owned={A: {NOW + HOUR: 20}}, owner=BEN)
    assert predict(board(queue(40)), change).late == 0


def test_an_owner_from_the_crew_is_missing_there() -> None:
    change = Change(owned={A: {NOW + HOUR: 20}}, owner=ANNA)
    told = predict(board(queue(40)), change)
    assert (told.queues[A].late, told.late) == (20, 20)


def test_a_rule_takes_away_what_is_still_to_come() -> None:
    busy = QueueNow(A, "a", "A", HOUR / 2, 1, first_at=NOW - HOUR, placed={NOW - HOUR: 60})
    assert predict(board(busy)).late > 20
    assert predict(board(busy), Change(kept={A: 0.3})).late == 0


# --- a passing rule -----------------------------------------------------------------------------------------------


def facts(confidence: float, *tags: str, risk: str = "low") -> dict:
    said = {"confidence": confidence, "risk_tags": list(tags), "risk_level": risk, "attributes": {}}
    return {**said, "source": "chatbot", "model_version": None}


def policy() -> tuple[RoutingPolicy, list[RoutingRule]]:
    rules = [
        RoutingRule(conditions=[{"field": "risk_level", "op": "is", "value": "high"}], queue_id=B),
        RoutingRule(conditions=[{"field": "risk_tags", "op": "has", "value": "promise"}], queue_id=A),
    ]
    return RoutingPolicy(audit_rate=0.05), rules


def test_a_passing_rule_stands_before_the_rule_it_relieves_and_after_those_for_high_risk() -> None:
    _policy, rules = policy()
    seen = [Seen(facts(0.9, "promise"), A, 1.0), Seen(facts(0.9, "promise", risk="high"), B, 1.0)]
    new = pass_rule(Passing("risk_tags", "", "promise"), name="new")
    assert [rule.name for rule in rules_with(rules, new, seen)] == ["", "new", ""]


def test_what_stays_is_the_unsure_the_risky_and_a_tenth_of_the_sure() -> None:
    which, rules = policy()
    sure, unsure = Seen(facts(0.9, "promise"), A, 1.0), Seen(facts(0.5, "promise"), A, 1.0)
    risky = Seen(facts(0.99, "promise", risk="high"), B, 1.0)
    new = pass_rule(Passing("risk_tags", "", "promise"), name="new")
    with_new = rules_with(rules, new, [sure])
    assert kept_shares(policy=which, rules=with_new, seen=[sure, unsure, risky]) == {A: 0.55, B: 1.0}


def test_items_of_the_audit_sample_count_by_their_chance() -> None:
    which, rules = policy()
    sampled = Seen(facts(0.95), A, 0.05)
    assert kept_shares(policy=which, rules=rules, seen=[sampled]) == {A: 1.0}


def test_items_of_a_sample_with_a_rate_of_its_own_count_by_that() -> None:
    """Nothing changes for them, so as many of them come as came."""
    which, rules = policy()
    own = [SamplingRate(source="bot", rate=0.5), SamplingRate(model_version="canary", rate=1.0)]
    seen = [
        Seen({**facts(0.95), "source": "bot", "model_version": "1"}, A, 0.5),
        Seen({**facts(0.95), "source": "bot", "model_version": "canary"}, B, 1.0),
    ]
    assert kept_shares(policy=which, rules=rules, rates=own, seen=seen) == {A: 1.0, B: 1.0}
