"""Held: an AI system waits for people. Triaged inside the request, placed ahead of all others, answered in time."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from reviewqueue.accounts.models import Workspace
from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.queries import unattended
from reviewqueue.audit.actions import SYSTEM, Actor, record_all
from reviewqueue.common.background import ring
from reviewqueue.common.failpoints import failpoint
from reviewqueue.delivery.actions import Announcement, announce_all
from reviewqueue.intake import actions as intake
from reviewqueue.intake.models import Gate, Item, Risk, Source
from reviewqueue.intake.queries import fallback_text, gates_due, output_text
from reviewqueue.intake.rules import Submission
from reviewqueue.queues.models import Stop
from reviewqueue.queues.queries import running_stops, stops_of
from reviewqueue.queues.rules import Running
from reviewqueue.review import actions as judging
from reviewqueue.review.models import Outcome
from reviewqueue.review.rules import Answered, at_stop, at_timeout
from reviewqueue.triage import actions as triage
from reviewqueue.triage.models import QueueEntry, TriageDecision
from reviewqueue.triage.overload import thinning_of
from reviewqueue.triage.rules import Thinning

from .moves import hold_open_stays, item_event
from .publishing import publish_at_once
from .receiving import again_if_it_must
from .triaging import triage_held

GATE_TIMED_OUT = "gate.timed_out"


def submit_gated(
    *,
    workspace: Workspace,
    submissions: Sequence[Submission],
    sources: dict[str, Source],
    by: Actor,
    now: datetime,
) -> list[intake.Received]:
    """Store answers that are held, decide each by the rules, and place it or let it pass; answer for each, in order.

    Where nobody on duty could take one, its AI system gets what it asked for in that case at once. All of it is one
    transaction: what is answered as new survives anything, and so does what was said of it.
    """
    return again_if_it_must(lambda: _submit(workspace, submissions, sources, by, now))


def _submit(
    workspace: Workspace,
    submissions: Sequence[Submission],
    sources: dict[str, Source],
    by: Actor,
    now: datetime,
) -> list[intake.Received]:
    received = intake.receive(workspace=workspace, submissions=submissions, sources=sources, now=now)
    fresh = [_gate(one, workspace.pk, now) for one, answer in zip(submissions, received, strict=True) if answer.new]
    if fresh:
        record_all(item_event(workspace.pk, "receive", gate.item_id, by, now) for gate in fresh)
        failpoint("submit_gated.stored")
        _decide(workspace, fresh, now)
        failpoint("submit_gated.decided")
    return received


def _gate(one: Submission, workspace_id: UUID, now: datetime) -> Gate:
    assert one.gate is not None
    return Gate(
        item_id=one.id,
        workspace_id=workspace_id,
        deadline_at=now + one.gate.lasts,
        on_timeout=one.gate.on_timeout,
    )


def _decide(workspace: Workspace, gates: Sequence[Gate], now: datetime) -> None:
    deadlines = {gate.item_id: gate.deadline_at for gate in gates}
    items = _items(deadlines).select_related("source", "model_version")
    decisions = triage_held(workspace=workspace, items=list(items), deadlines=deadlines, now=now)
    passed = {one.item_id for one in decisions if one.result == TriageDecision.Result.PASS}
    for gate in gates:
        if gate.item_id in passed:
            gate.closed_at, gate.closed_because = now, Gate.Closed.PASSED
    intake.open_gates(gates=gates)
    if triage.await_look(item_ids=list(deadlines), now=now):
        ring("look_late")
    waiting = [item_id for item_id in deadlines if item_id not in passed]
    if stopped := _stopped(workspace.pk, waiting, stops_of(workspace.pk)):
        _answer_for_people(list(stopped), Gate.Closed.STOPPED, now)
        waiting = [item_id for item_id in waiting if item_id not in stopped]
    if shed := _shed(decisions, thinning_of(workspace.pk)) & set(waiting):
        _answer_for_people(list(shed), Gate.Closed.OVERLOADED, now)
        waiting = [item_id for item_id in waiting if item_id not in shed]
    alone = unattended(now=now, item_ids=waiting, limit=len(waiting)) if waiting else []
    if alone:
        _answer_for_people(alone, Gate.Closed.UNATTENDED, now)


def _items(ids: Iterable[UUID]) -> QuerySet[Item]:
    return Item.objects.filter(pk__in=list(ids)).order_by("pk")


def time_out_due(*, now: datetime) -> int:
    """Answer for people who are stopped, whose deadline has passed, or who are not there; return how many times.

    Each workspace's are one transaction. An item stays in its queue, at its ordinary place: a decision that comes
    now is its next version.
    """
    answered = sum(answer_stopped(stop=one, now=now) for one in running_stops())
    for because, due in (
        (Gate.Closed.TIMED_OUT, gates_due(now=now)),
        (Gate.Closed.UNATTENDED, gates_due(now=now, among=unattended(now=now))),
    ):
        for workspace_id, gates in groupby(due, key=lambda gate: gate.workspace_id):
            answered += _time_out(workspace_id, [gate.item_id for gate in gates], because, now)
    return answered


def _time_out(workspace_id: UUID, item_ids: Sequence[UUID], because: Gate.Closed, now: datetime) -> int:
    """Answer for people; what is stopped goes to its safe side, whatever else it waited for."""
    stopped = _stopped(workspace_id, item_ids, stops_of(workspace_id, anew=True))
    others = [one for one in item_ids if one not in stopped]
    with transaction.atomic():
        answered = _answer_for_people(list(stopped), Gate.Closed.STOPPED, now) if stopped else 0
        answered += _answer_for_people(others, because, now) if others else 0
        failpoint("time_out.answered")
    return answered


def answer_stopped(*, stop: Stop, now: datetime, most: int = 200) -> int:
    """Answer for people whom a stop keeps from what waits for them; return how many times."""
    gates = Gate.objects.filter(closed_at=None, workspace_id=stop.workspace_id)
    if stop.source_slug:
        gates = gates.filter(item__source__slug=stop.source_slug)
    elif stop.queue_id:
        stays = QueueEntry.objects.filter(item_id=OuterRef("item_id"), ended_at=None, queue_id=stop.queue_id)
        gates = gates.filter(Exists(stays))
    waiting = list(gates.order_by("deadline_at").values_list("item_id", flat=True)[:most])
    if not waiting:
        return 0
    with transaction.atomic():
        answered = _answer_for_people(waiting, Gate.Closed.STOPPED, now)
        failpoint("answer_stopped.answered")
    return answered


def answer_overloaded(*, workspace_id: UUID, now: datetime) -> int:
    """Answer what waits at gates where the overload plan at work says so; return how many times."""
    waiting = Gate.objects.filter(workspace_id=workspace_id, closed_at=None).values("item_id")
    decisions = TriageDecision.objects.filter(item_id__in=waiting, pass_number=1).select_related("rule", "item")
    shed = _shed(decisions, thinning_of(workspace_id))
    return _time_out(workspace_id, list(shed), Gate.Closed.OVERLOADED, now) if shed else 0


def _shed(decisions: Iterable[TriageDecision], thinning: Thinning | None) -> set[UUID]:
    """Return the items whose AI systems the overload plan at work answers at once: never those of high risk."""
    if not thinning or not thinning.fallbacks:
        return set()
    return {
        one.item_id
        for one in decisions
        if one.result == TriageDecision.Result.REVIEW and one.rule and one.rule.name in thinning.fallbacks
        if one.item.risk_level != Risk.HIGH
    }


def _stopped(workspace_id: UUID, item_ids: Sequence[UUID], running: Running) -> set[UUID]:
    """Return those of the items that people are kept from by a stop of their queue, their source, or everything."""
    if not running or not item_ids:
        return set()
    stays = QueueEntry.objects.filter(item_id__in=item_ids, ended_at=None)
    placed = stays.values_list("item_id", "item__source__slug", "queue_id")
    return {item_id for item_id, source, queue_id in placed if running.over(source=source, queue_id=queue_id)}


def _answer_for_people(item_ids: Sequence[UUID], because: Gate.Closed, now: datetime) -> int:
    """Close gates of one workspace and publish what their AI systems get; return how many this call closed.

    The stays are locked first, as in every verb: a review that settles one at this moment is waited for, and has
    closed the gate then.
    """
    stays = hold_open_stays(item_ids)
    closed = intake.close_gates(item_ids=item_ids, because=because, now=now)
    failpoint("time_out.closed")
    if closed:
        _fall_back([stay for stay in stays if stay.item_id in closed])
        items = list(_items(closed).select_related("content", "gate"))
        answers = {item: _answered(item, because) for item in items}
        outcomes = judging.write_timeouts(answers=answers, at=now)
        failpoint("time_out.written")
        _tell(outcomes, because, now)
    return len(closed)


def _answered(item: Item, because: Gate.Closed) -> Answered:
    on_timeout, risk_level, fallback = item.gate.on_timeout, item.risk_level, fallback_text(item)
    if because == Gate.Closed.STOPPED:
        return at_stop(on_timeout=on_timeout, risk_level=risk_level, fallback=fallback)
    return at_timeout(
        on_timeout=on_timeout,
        risk_level=risk_level,
        output=None if item.content.redacted_at else output_text(item),
        fallback=fallback,
    )


def _fall_back(stays: Sequence[QueueEntry]) -> None:
    triage.fall_back(entries=stays)
    turns.rerank(ranks={stay.pk: stay.rank for stay in stays})


def _tell(outcomes: Sequence[Outcome], because: Gate.Closed, now: datetime) -> None:
    workspace_id = outcomes[0].workspace_id
    said = {"because": str(because)}
    record_all(item_event(workspace_id, "time_out", one.item_id, SYSTEM, now, **said) for one in outcomes)
    publish_at_once(outcomes=outcomes, now=now)
    announce_all(
        announcements=[
            Announcement(GATE_TIMED_OUT, one.item_id, one.item_id, {**said, "disposition": str(one.disposition)})
            for one in outcomes
        ],
        workspace_id=workspace_id,
        now=now,
    )
