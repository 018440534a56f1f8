"""Nobody waits forever (I-11): urgent work goes ahead for a bounded time, and what nobody takes goes to a lead."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import pytest

from reviewqueue import pipeline
from reviewqueue.accounts.actions import end_membership
from reviewqueue.accounts.models import Membership
from reviewqueue.assignment.models import Slot
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.intake.models import ItemState, State
from reviewqueue.queues.actions import leave_queue
from reviewqueue.review.models import Escalation
from reviewqueue.triage import rules
from reviewqueue.triage.actions import activate_policy
from reviewqueue.triage.actions import items as placing
from reviewqueue.triage.models import QueueEntry
from tests.cast import NOW, Cast, item
from tests.steps import claim, edit, queued, submit, triage

MINUTE = timedelta(minutes=1)
#: How far risk and urgency may pull an item ahead of its promise, in all.
FURTHEST = max(rules.HEAD_START.values()) + rules.URGENT_HEAD_START
ARRIVALS = 48


@dataclass(frozen=True)
class Taken:
    """An item that was claimed, and those that waited then, each with when it came and when it was due."""

    item: QueueEntry
    waited: list[QueueEntry]


def a_day(cast: Cast, *, seed: int) -> Iterator[Taken]:
    """Let items of random risk come in bursts, more than one person does who takes one every ten minutes."""
    chance = Random(seed)
    moment, number = NOW, 0
    while number < ARRIVALS or Slot.objects.filter(closed_at=None).exists():
        for _one in range(chance.choice([1, 1, 2]) if number < ARRIVALS else 0):
            urgent = chance.random() < 0.85
            asked = {"confidence": 0.3, "risk": {"level": chance.choice(["medium", "high"]) if urgent else "low"}}
            submit(cast, item(f"conv-{number}", **asked), now=moment)
            number += 1
        triage(moment)
        yield from taken(cast, moment)
        moment += 10 * MINUTE


def taken(cast: Cast, moment: datetime) -> Iterator[Taken]:
    """Claim and judge one item."""
    waiting = list(QueueEntry.objects.filter(ended_at=None).select_related("item"))
    if turn := claim(cast, cast.reviewer, now=moment):
        given = {"assignment": turn.assignment, "fence": turn.fence, "by": cast.reviewer.user, "now": moment}
        pipeline.submit_review(judgement=edit(), **given)
        yield Taken(turn.assignment.entry, [one for one in waiting if one.pk != turn.assignment.entry_id])


def overtaken_for_too_long(day: Iterator[Taken]) -> list[tuple[str, str]]:
    """Return who was passed over by what came when they had been due for longer than urgency may pull ahead."""
    return [
        (waited.item.external_id, one.item.item.external_id)
        for one in day
        for waited in one.waited
        if one.item.placed_at > waited.due_at + FURTHEST
    ]


def urgent_first(cast: Cast) -> None:
    """Put a policy in force in which all that is risky is urgent too."""
    risky = {"field": "risk_level", "op": "in", "value": ["medium", "high"]}
    rules_in_order = [
        {"name": "Risky", "conditions": [risky], "queue": cast.support, "urgency": "high"},
        {"name": "Others", "conditions": [], "queue": cast.support},
    ]
    activate_policy(
        workspace_id=cast.workspace.pk,
        rules=rules_in_order,
        audit_rate=0.0,
        audit_queue=cast.support,
        by=None,
        actor=SYSTEM,
        now=NOW,
    )


@pytest.mark.parametrize("seed", [1, *[pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 12)]])
def test_whatever_comes_an_item_is_overtaken_for_a_bounded_time_alone(cast: Cast, seed: int) -> None:
    urgent_first(cast)
    assert overtaken_for_too_long(a_day(cast, seed=seed)) == []


@pytest.mark.long
def test_a_line_by_priority_alone_lets_somebody_wait_for_ever(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tooth: risk first, and only then who came first."""

    def by_priority(*, due_at: datetime, risk_level: str, **_more: object) -> int:
        priority = ["high", "medium", "low", ""].index(risk_level)
        return priority * 10**14 + int(due_at.timestamp() * 1000)

    monkeypatch.setattr(placing, "rank_of", by_priority)
    urgent_first(cast)
    assert overtaken_for_too_long(a_day(cast, seed=1))


def test_what_every_eligible_reviewer_gives_back_goes_to_a_lead(cast: Cast) -> None:
    queued(cast)
    for who in (cast.reviewer2, cast.lead, cast.reviewer):
        assert not Escalation.objects.exists()
        turn = claim(cast, who)
        given = {"assignment": turn.assignment, "fence": turn.fence, "by": who.user}
        pipeline.give_back(**given, reason="unsure", now=NOW + MINUTE)
        assert claim(cast, who) is None or ItemState.objects.get().state == State.ESCALATED
    escalation = Escalation.objects.get()
    assert escalation.why == "nobody_left"
    lead = cast.viewer("lead")
    assert pipeline.take_escalation(escalation=escalation, to=cast.lead.user, by=lead, now=NOW + 2 * MINUTE)


def given_back(cast: Cast, *people: Membership) -> None:
    for who in people:
        turn = claim(cast, who)
        pipeline.give_back(assignment=turn.assignment, fence=turn.fence, by=who.user, reason="unsure", now=NOW)


def leaves_the_queue(cast: Cast) -> None:
    leave_queue(queue=cast.support, user=cast.reviewer.user, by=SYSTEM, now=NOW)


def leaves_the_workspace(cast: Cast) -> None:
    end_membership(membership=cast.reviewer, by=cast.admin.user, actor=SYSTEM, now=NOW)


def reviews_no_more(cast: Cast) -> None:
    Membership.objects.filter(pk=cast.reviewer.pk).update(role="auditor")


@pytest.mark.parametrize("goes", [leaves_the_queue, leaves_the_workspace, reviews_no_more])
def test_when_the_last_who_could_have_taken_it_goes_it_goes_to_a_lead_by_itself(cast: Cast, goes) -> None:
    queued(cast, 2)
    given_back(cast, cast.reviewer2, cast.lead)
    assert pipeline.escalate_stranded(now=NOW) == 0
    goes(cast)
    assert pipeline.escalate_stranded(now=NOW) == 1
    assert pipeline.escalate_stranded(now=NOW) == 0
    escalation = Escalation.objects.get()
    assert (escalation.why, escalation.opened_by) == ("nobody_left", None)
    assert pipeline.take_escalation(escalation=escalation, to=cast.lead.user, by=cast.viewer("lead"), now=NOW)
    assert claim(cast, cast.reviewer2), "what nobody has had stays in its line"


def test_whoever_is_at_work_on_it_is_not_interrupted(cast: Cast) -> None:
    submit(cast, item("risky", risk={"level": "high"}))
    triage()
    held = claim(cast, cast.reviewer, queue="careful")
    turn = claim(cast, cast.reviewer2, queue="careful")
    pipeline.give_back(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer2.user, reason="", now=NOW)
    leave_queue(queue=cast.careful, user=cast.lead.user, by=SYSTEM, now=NOW)
    assert pipeline.escalate_stranded(now=NOW) == 0
    pipeline.submit_review(
        assignment=held.assignment, fence=held.fence, by=cast.reviewer.user, judgement=edit(), now=NOW
    )
    assert pipeline.escalate_stranded(now=NOW) == 1


def test_who_never_could_take_it_is_no_reason_to_ask_a_lead(cast: Cast) -> None:
    """A queue without enough people is for the board to show: nobody has looked at its items."""
    queued(cast)
    for who in (cast.reviewer, cast.reviewer2, cast.lead):
        leave_queue(queue=cast.support, user=who.user, by=SYSTEM, now=NOW)
    assert pipeline.escalate_stranded(now=NOW) == 0


def test_what_was_put_aside_and_what_ran_out_comes_back_where_it_was(cast: Cast) -> None:
    queued(cast, 3)
    first, second = claim(cast, cast.reviewer), claim(cast, cast.reviewer)
    until = NOW + timedelta(hours=1)
    given = {"assignment": first.assignment, "fence": first.fence, "by": cast.reviewer.user}
    pipeline.snooze(**given, until=until, now=NOW + MINUTE)
    pipeline.expire_due(now=until)
    order = [claim(cast, cast.reviewer2, now=until).assignment.item_id for _one in range(3)]
    assert order[:2] == [first.assignment.item_id, second.assignment.item_id]
