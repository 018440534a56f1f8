"""Triaged: each item is placed in a queue or let pass, with the reasons."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from reviewqueue.accounts.models import Workspace
from reviewqueue.assignment import actions as turns
from reviewqueue.audit.actions import SYSTEM, record_all
from reviewqueue.common.errors import Conflict, NotReady
from reviewqueue.common.failpoints import failpoint
from reviewqueue.common.waking import wake
from reviewqueue.intake.models import Item, State
from reviewqueue.queues.models import Queue, Stop
from reviewqueue.queues.promises import Promises, promises_of
from reviewqueue.queues.queries import stops_of
from reviewqueue.queues.rules import Running
from reviewqueue.triage import actions as triage
from reviewqueue.triage.models import QueueEntry, RoutingPolicy, RoutingRule, TriageDecision
from reviewqueue.triage.overload import thinning_of
from reviewqueue.triage.queries import current_policy, facts_of, loads_asked, said_by, with_findings
from reviewqueue.triage.rules import Decided, decide

from .detecting import Detected, detect_taken, keep_likeness
from .looking_again import look_at_signalled
from .moves import item_event, move

log = logging.getLogger(__name__)

#: Decides one item by what its policy looks at.
Decider = Callable[[Item, Mapping[str, Any]], Decided]


def triage_items(*, taken: Sequence[triage.Taken], now: datetime) -> int:
    """Decide items whose wait was taken by this worker: place them in queues, or let them pass.

    Detectors look at them before that, outside the transaction and never for longer than they may.
    What would pass while that is stopped waits on, and is decided anew when the stop has ended.
    All or nothing. Raises Conflict when another worker has taken one of them meanwhile.
    """
    detected = detect_taken(taken)
    with transaction.atomic():
        triage.finish(taken=taken)
        items = _to_triage([one.item_id for one in taken])
        by_workspace: dict[UUID, list[Item]] = {}
        for item in items:
            by_workspace.setdefault(item.workspace_id, []).append(item)
        for workspace_id, theirs in by_workspace.items():
            _triage_workspace(workspace_id, theirs, detected, now)
        failpoint("triage_items.decided")
    return len(items)


def _to_triage(ids: Sequence[UUID]) -> QuerySet[Item]:
    # sources and model versions are few: read once each, not once an item
    return Item.objects.filter(pk__in=ids).prefetch_related("source", "model_version").order_by("pk")


def _triage_workspace(workspace_id: UUID, items: list[Item], detected: Detected, now: datetime) -> None:
    workspace = Workspace.objects.get(pk=workspace_id)
    policy = current_policy(workspace_id)
    if policy is None:
        raise Conflict("The workspace has no routing policy.")
    decide_one = _decider(policy, bytes(workspace.secret))
    decided = {item: decide_one(item, facts) for item, facts in _seen(items, policy, detected.findings)}
    waits = _stopped(decided, policy, stops_of(workspace_id, anew=True))
    triage.wait_out(stops=waits)
    decided = {item: one for item, one in decided.items() if item not in waits}
    decisions = triage.record_decisions(decided=decided, policy=policy, now=now)
    _place(decisions, policy, now)
    keep_likeness(decisions, detected)
    look_at_signalled(decisions, now)


def _stopped(decided: Mapping[Item, Decided], policy: RoutingPolicy, running: Running) -> dict[Item, Stop]:
    """Return what could pass although that is stopped, each with its stop.

    Items pass on the understanding that people see a random share of them, so nothing passes while the queue is
    stopped in which they would. Those that were drawn wait like the others: the policy that is in force afterwards
    draws from all of them, or the share that it says would not be the share that people see.
    """
    by_chance = (item for item, one in decided.items() if one.probability < 1) if running else ()
    stops = {item: running.over(source=item.source.slug, queue_id=policy.audit_queue_id) for item in by_chance}
    return {item: stop for item, stop in stops.items() if stop}


def _seen(
    items: Sequence[Item], policy: RoutingPolicy, findings: Mapping[UUID, Mapping[str, Any]] | None = None
) -> Iterator[tuple[Item, dict[str, Any]]]:
    """Yield each item of one workspace with what its policy looks at, what detectors found included."""
    rules = policy.rules.all()
    said = said_by([item.pk for item in items], rules)
    loads = loads_asked(policy.workspace_id, rules)
    for item in items:
        yield item, with_findings(facts_of(item, said.get(item.pk), loads), (findings or {}).get(item.pk))


def rule_for(item: Item, policy: RoutingPolicy, findings: Mapping[str, Any]) -> RoutingRule | None:
    """Return the rule of a policy that takes an item, given what detectors found in it."""
    [(_item, facts)] = _seen([item], policy, {item.pk: findings})
    return next((rule for rule in _in_order(policy) if rule.fits(facts)), None)


def _in_order(policy: RoutingPolicy) -> list[RoutingRule]:
    """Return a policy's rules in order: they are few, and were read with it."""
    return sorted(policy.rules.all(), key=lambda rule: rule.position)


def _decider(policy: RoutingPolicy, secret: bytes) -> Decider:
    """Return what decides one item by its facts; what it needs besides is read once for all of them."""
    rules, rates, thinning = _in_order(policy), list(policy.rates.all()), thinning_of(policy.workspace_id)

    def decide_one(item: Item, facts: Mapping[str, Any]) -> Decided:
        failpoint("triage.decide", item.external_id)
        return decide(
            item_id=item.pk,
            facts=facts,
            policy=policy,
            rules=rules,
            rates=rates,
            secret=secret,
            thinning=thinning,
        )

    return decide_one


def triage_held(
    *, workspace: Workspace, items: Sequence[Item], deadlines: Mapping[UUID, datetime], now: datetime
) -> list[TriageDecision]:
    """Decide held answers of one workspace by the rules alone, and place them ahead of all others, or let them pass.

    For the transaction that receives them; ``deadlines`` are by item. What the rules cannot decide (there are none,
    or a fault of ours) goes to a person: nothing that is held passes by a fault, or while that is stopped. Raises
    NotReady without any queue.
    """
    policy = current_policy(workspace.pk)
    decided = _decide_held(items, policy, bytes(workspace.secret))
    if policy:
        stopped = _stopped(decided, policy, stops_of(workspace.pk))
        decided |= dict.fromkeys(stopped, _to_a_person("stopped", "stopped"))
    decisions = triage.record_decisions(decided=decided, policy=policy, now=now)
    _place(decisions, policy, now, deadlines)
    return decisions


def _decide_held(items: Sequence[Item], policy: RoutingPolicy | None, secret: bytes) -> dict[Item, Decided]:
    if policy is None:
        return dict.fromkeys(items, _to_a_person("no_policy", "no-policy"))
    try:
        seen = list(_seen(items, policy))
    except Exception:
        return {item: _failed(item) for item in items}
    decide_one = _decider(policy, secret)
    return {item: _unless_it_fails(decide_one, item, facts) for item, facts in seen}


def _unless_it_fails(decide_one: Decider, item: Item, facts: Mapping[str, Any]) -> Decided:
    try:
        return decide_one(item, facts)
    except Exception:
        return _failed(item)


def _failed(item: Item) -> Decided:
    log.exception("triage of a held answer failed", extra={"item": str(item.pk)})
    return _to_a_person("triage_failed", "triage-failed")


def _place(
    decisions: Sequence[TriageDecision],
    policy: RoutingPolicy | None,
    now: datetime,
    deadlines: Mapping[UUID, datetime] | None = None,
) -> None:
    review = [one for one in decisions if one.result == TriageDecision.Result.REVIEW]
    promises = promises_of(review[0].workspace_id) if review else None
    entries = [_stay(one, policy, now, (deadlines or {}).get(one.item_id), promises) for one in review]
    triage.place(entries=entries)
    turns.open_slots(entries=entries)
    passed = [one.item_id for one in decisions if one.result == TriageDecision.Result.PASS]
    move([one.item_id for one in review], State.QUEUED, now, of=[State.RECEIVED])
    move(passed, State.PASSED, now, of=[State.RECEIVED])
    record_all(
        item_event(one.workspace_id, "triage", one.item_id, SYSTEM, now, result=one.result, stratum=one.stratum)
        for one in decisions
    )
    wake(passed)


def _stay(
    decision: TriageDecision,
    policy: RoutingPolicy | None,
    now: datetime,
    deadline_at: datetime | None,
    promises: Promises | None,
) -> QueueEntry:
    rule = decision.rule if decision.rule and decision.rule.queue_id else None
    by_rule = rule.queue if rule else None
    queue = by_rule or (policy.audit_queue if policy else _first_queue(decision.workspace_id))
    return triage.stay(decision=decision, queue=queue, now=now, rule=rule, deadline_at=deadline_at, promises=promises)


def _first_queue(workspace_id: UUID) -> Queue:
    queue = Queue.objects.filter(workspace_id=workspace_id).order_by("created_at", "pk").first()
    if queue is None:
        raise NotReady("The workspace has no queue yet, so there is nobody to wait for.")
    return queue


def triage_by_person(*, taken: triage.Taken, now: datetime) -> None:
    """Place an item whose triage failed for good: a person decides, in the policy's audit queue."""
    with transaction.atomic():
        triage.finish(taken=[taken])
        item = Item.objects.select_related("source").get(pk=taken.item_id)
        failed = _to_a_person("triage_failed", "triage-failed")
        policy = current_policy(item.workspace_id)
        _place(triage.record_decisions(decided={item: failed}, policy=policy, now=now), policy, now)


def _to_a_person(reason: str, stratum: str) -> Decided:
    """Return the decision for what the rules could not decide."""
    return Decided(
        result=TriageDecision.Result.REVIEW,
        rule=None,
        stratum=stratum,
        design=TriageDecision.Design.RULE,
        probability=1.0,
        reasons=[{"code": reason}],
        facts={},
    )
