"""A draft tried on what has come already: SQL and predicate count the same, and what is told is what would happen."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from reviewqueue import pipeline
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.errors import Conflict
from reviewqueue.metrics.replay import Asked, counted, sampled
from reviewqueue.metrics.replay import counting as pages
from reviewqueue.metrics.replay.sampling import wilson
from reviewqueue.triage.actions.policies import (
    activate_draft,
    discard_draft,
    draft_policy,
    move_rule,
    remove_rule,
    roll_back,
    save_rule,
    save_sampling,
)
from reviewqueue.triage.actions.trying import ask_replay
from reviewqueue.triage.models import Replay, RoutingPolicy, RoutingRule, SamplingRate
from reviewqueue.triage.queries import current_decision, current_policy
from tests import steps
from tests.cast import NOW, Cast, item

LATER = NOW + timedelta(hours=1)
BELOW_80 = {"field": "confidence", "op": "below", "value": 0.8}
GOLD = {"field": "attribute", "name": "tier", "op": "is", "value": "gold"}
DOING: dict[str, Any] = {"actor": SYSTEM, "now": NOW}


def a_day(cast: Cast) -> None:
    """Thirty items: ten unsure, ten rather sure, ten sure; every other one of a gold customer."""
    for number in range(30):
        attributes = {"tier": "gold" if number % 2 else "silver"}
        said = (0.5, 0.7, 0.9)[number // 10]
        steps.submit(cast, item(f"conv-{number}", confidence=said, attributes=attributes))
    steps.triage()


def opened(cast: Cast) -> RoutingPolicy:
    active = current_policy(cast.workspace.pk)
    assert active is not None
    return draft_policy(based_on=active, by=cast.lead.user, **DOING)


def rule_fields(rule: RoutingRule | None = None, **changes: Any) -> dict[str, Any]:
    return {"name": "A rule", "conditions": {"all": [BELOW_80]}, "queue": None, **changes}


def both(cast: Cast, draft: RoutingPolicy):
    active = current_policy(cast.workspace.pk)
    assert active is not None
    asked = Asked(cast.workspace.pk, NOW - timedelta(days=1), LATER, "Europe/Berlin")
    return counted(asked, active=active, draft=draft), sampled(asked, active=active, draft=draft)[0]


def test_sql_and_predicate_count_the_same(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE", 7)  # several pages, with rows of one moment on either side of a page's end
    a_day(cast)
    draft = opened(cast)
    conditions = {"all": [BELOW_80, {"not": GOLD}]}
    save_rule(draft=draft, rule=None, fields=rule_fields(conditions=conditions, queue=cast.careful), **DOING)
    by_sql, by_predicate = both(cast, draft)
    assert (by_sql.items, by_sql.changed) == (30, 5)
    for name in ("items", "changed", "queues", "hours", "rules"):
        assert getattr(by_sql, name) == getattr(by_predicate, name), name
    assert by_sql.queues == {cast.support.pk: [10.0, 10.0], cast.careful.pk: [0.0, 5.0]}
    assert by_sql.hours[10] == [10.0, 15.0], "nine o'clock in UTC is ten in Berlin"


def test_what_a_replay_says_is_what_happens_to_the_same_items(cast: Cast) -> None:
    """The oracle: the draft is activated, and the same items come again."""
    a_day(cast)
    draft = opened(cast)
    save_rule(draft=draft, rule=None, fields=rule_fields(queue=cast.careful), **DOING)
    found, _sampled = both(cast, draft)
    active = current_policy(cast.workspace.pk)
    assert active is not None
    activate_draft(draft=draft, seen=active, note="", by=cast.lead.user, **DOING)
    again = [item(f"again-{n}", confidence=(0.5, 0.7, 0.9)[n // 10]) for n in range(30)]
    received = steps.submit(cast, *again, now=LATER)
    steps.triage(LATER)
    decided = [current_decision(one.id) for one in received]
    assert sum(one.result == "review" for one in decided if one) == sum(after for _b, after in found.queues.values())
    assert {one.policy.version for one in decided if one and one.policy} == {2}


def test_a_worker_counts_and_keeps_the_findings_with_the_draft(cast: Cast) -> None:
    a_day(cast)
    steps.settle(cast, cast.reviewer, steps.edit(severity="major"))
    steps.publish(cast)
    draft = opened(cast)
    unsure = draft.rules.get(name="Unsure")
    save_rule(draft=draft, rule=unsure, fields=rule_fields(unsure, queue=None, sample_rate=0.25), **DOING)
    ask_replay(draft=draft, days=7, time_zone="UTC", by=cast.lead.user, actor=SYSTEM, now=LATER)
    assert pipeline.replay_next(clock=lambda: LATER)
    assert pipeline.replay_next(clock=lambda: LATER) is None
    replay = Replay.objects.get(draft=draft)
    assert (replay.progress, replay.finished_at) == (1.0, LATER)
    told = replay.result
    assert told["queues"][str(cast.support.pk)]["before"] == 10
    assert told["queues"][str(cast.support.pk)]["after"] == 5, "20 items pass, a quarter of them is looked at"
    assert told["errors"] == {"known": 1, "before": 1.0, "after": 0.25, "missed": 0.75, "caught": 0.0}
    assert 0 < len(told["examples"]) <= 6


def test_rules_about_text_are_tried_on_a_sample_which_is_said(cast: Cast) -> None:
    steps.queued(cast, 3)
    draft = opened(cast)
    about = {"field": "text", "op": "matches", "value": r"parcel\?"}
    save_rule(draft=draft, rule=None, fields=rule_fields(conditions=[about], queue=cast.careful), **DOING)
    move_rule(rule=draft.rules.get(name="A rule"), steps=-5, **DOING)
    ask_replay(draft=draft, days=7, time_zone="UTC", by=None, actor=SYSTEM, now=LATER)
    pipeline.replay_next(clock=lambda: LATER)
    told = Replay.objects.get(draft=draft).result
    assert told["sample"] == {"n": 3, "of": 3, "changed": 3}
    assert told["queues"][str(cast.careful.pk)]["after"] == 3


def test_the_most_specific_rate_holds_in_triage_and_replay(cast: Cast) -> None:
    draft = opened(cast)
    rates = [
        {"source": "support-chatbot", "model_version": "", "rate": 0.5},
        {"source": "", "model_version": "canary", "rate": 1.0},
    ]
    save_sampling(draft=draft, audit_rate=0.0, audit_queue=cast.support, rates=rates, **DOING)
    active = current_policy(cast.workspace.pk)
    assert active is not None
    activate_draft(draft=draft, seen=active, note="", by=None, **DOING)
    canary = {"name": "support-bot", "version": "canary"}
    one, two = steps.submit(cast, item("a", confidence=0.9), item("b", confidence=0.9, model=canary))
    steps.triage()
    decisions = current_decision(one.id), current_decision(two.id)
    assert [found.probability for found in decisions if found] == [0.5, 1.0]
    by_sql, by_predicate = both(cast, opened(cast))
    assert by_sql.queues == by_predicate.queues == {cast.support.pk: [1.5, 1.5]}


def sql(statement: str, *given: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)


def test_a_version_in_force_is_never_edited(cast: Cast) -> None:
    active = current_policy(cast.workspace.pk)
    assert active is not None
    draft = opened(cast)
    sql("SET CONSTRAINTS ALL IMMEDIATE")  # TRUNCATE wants nothing to be pending
    for change in (
        lambda: RoutingPolicy.objects.filter(pk=active.pk).update(audit_rate=1.0),
        lambda: sql("DELETE FROM triage_routingpolicy WHERE id = %s", active.pk),
        lambda: active.rules.update(name="other"),
        lambda: active.rules.filter(position=2).delete(),
        lambda: RoutingRule.objects.create(workspace=cast.workspace, policy=active, position=3, name="more"),
        lambda: SamplingRate.objects.create(workspace=cast.workspace, policy=active, source="bot", rate=0.5),
        lambda: sql("DELETE FROM triage_routingrule WHERE policy_id = %s", active.pk),
        lambda: sql("UPDATE triage_routingrule SET policy_id = %s WHERE policy_id = %s", active.pk, draft.pk),
        lambda: sql("TRUNCATE triage_routingrule, triage_samplingrate CASCADE"),
    ):
        with pytest.raises(DatabaseError, match=r"never edited|append-only"), transaction.atomic():
            change()
    assert list(active.rules.order_by("position").values_list("position", flat=True)) == [1, 2]
    with pytest.raises(Conflict):
        save_rule(draft=active, rule=None, fields=rule_fields(), **DOING)


def test_there_is_one_draft_and_rolling_back_is_a_new_version(cast: Cast) -> None:
    draft = opened(cast)
    with pytest.raises(Conflict):
        opened(cast)
    remove_rule(rule=draft.rules.get(name="High risk"), **DOING)
    assert list(draft.rules.values_list("position", "name")) == [(1, "Unsure")]
    first = current_policy(cast.workspace.pk)
    assert first is not None
    second = activate_draft(draft=draft, seen=first, note="fewer", by=cast.lead.user, **DOING)
    assert (second.version, second.note) == (2, "fewer")
    third = roll_back(to=first, note="", by=cast.lead.user, **DOING)
    assert (third.version, third.based_on_id, third.rules.count()) == (3, first.pk, 2)
    discard_draft(draft=opened(cast), **DOING)
    assert RoutingPolicy.objects.filter(workspace=cast.workspace).count() == 3


def test_a_draft_compared_with_an_older_version_is_not_activated_unseen(cast: Cast) -> None:
    draft, first = opened(cast), current_policy(cast.workspace.pk)
    assert first is not None
    roll_back(to=first, note="", by=None, **DOING)
    with pytest.raises(Conflict, match="meanwhile"):
        activate_draft(draft=draft, seen=first, note="", by=None, **DOING)


def test_the_interval_of_a_share_is_wilsons() -> None:
    """Two published values: 0 of 10, and 10 of 100 (Newcombe 1998 computes them the same way)."""
    assert [round(one, 4) for one in wilson(0, 10)] == [0.0, 0.2775]
    assert [round(one, 4) for one in wilson(10, 100)] == [0.0552, 0.1744]


def test_who_saves_a_rule_changes_nothing_but_what_was_typed(cast: Cast) -> None:
    """It was read when the form was opened; somebody else has moved it since, or taken it out."""
    draft = opened(cast)
    moved, gone = draft.rules.get(position=1), draft.rules.get(position=2)
    move_rule(rule=draft.rules.get(pk=moved.pk), steps=1, **DOING)
    save_rule(draft=draft, rule=moved, fields=rule_fields(), **DOING)
    in_order = draft.rules.order_by("position").values_list("position", "name")
    assert list(in_order) == [(1, gone.name), (2, "A rule")]
    remove_rule(rule=draft.rules.get(pk=gone.pk), **DOING)
    with pytest.raises(Conflict):
        save_rule(draft=draft, rule=gone, fields=rule_fields(), **DOING)
    assert draft.rules.get().name == "A rule"
