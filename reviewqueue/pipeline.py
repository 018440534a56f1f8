"""The walk of an item on one page: received, triaged, claimed, reviewed, settled, published.

Each function is one transaction (unless it says otherwise), writes its audit event in it, and is the only writer
of ItemState. Bells are rung after commit; losing one delays work, never loses it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import QuerySet

from reviewqueue.accounts.access import Viewer, can
from reviewqueue.accounts.models import Membership, User, Workspace
from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.models import Assignment, Exclusion, Slot
from reviewqueue.audit.actions import SYSTEM, Actor, event, person, record, record_all
from reviewqueue.common.background import ring
from reviewqueue.common.clock import database_now
from reviewqueue.common.errors import Conflict, NotThere
from reviewqueue.common.failpoints import failpoint
from reviewqueue.delivery.actions import queue_deliveries
from reviewqueue.intake import actions as intake
from reviewqueue.intake.models import Item, Source, State
from reviewqueue.intake.queries import body_of
from reviewqueue.intake.rules import Submission
from reviewqueue.queues.models import Queue, ReasonCode
from reviewqueue.review import actions as judging
from reviewqueue.review.models import Escalation, Outcome, Publication, Review
from reviewqueue.review.queries import settling_review
from reviewqueue.review.rules import Judgement, check, final_output, settle
from reviewqueue.triage import actions as triage
from reviewqueue.triage.models import QueueEntry, RoutingPolicy, RoutingRule, TriageDecision
from reviewqueue.triage.queries import current_policy, facts_of
from reviewqueue.triage.rules import Decided, decide

DEADLOCK = "40P01"


# --- received ------------------------------------------------------------------------------------------------


def submit_items(
    *,
    workspace: Workspace,
    submissions: Sequence[Submission],
    sources: dict[str, Source],
    by: Actor,
    now: datetime,
) -> list[intake.Received]:
    """Store submissions with their wait for triage and their events; answer for each, in order.

    Once this returns, every item answered as new survives anything.
    """
    for attempt in range(4):
        try:
            with transaction.atomic():
                return _submit(workspace, submissions, sources, by, now)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") != DEADLOCK or attempt == 3:
                raise
        except IntegrityError:  # what this process remembers is gone: the database was restored under it
            if attempt:
                raise
            intake.forget_seen()
    raise AssertionError("unreachable")


def _submit(
    workspace: Workspace,
    submissions: Sequence[Submission],
    sources: dict[str, Source],
    by: Actor,
    now: datetime,
) -> list[intake.Received]:
    received = intake.receive(workspace=workspace, submissions=submissions, sources=sources, now=now)
    fresh = [one.id for one in received if one.new]
    if fresh:
        triage.await_triage(workspace_id=workspace.pk, item_ids=fresh, now=now)
        record_all(_event(workspace.pk, "receive", item_id, by, now) for item_id in fresh)
        failpoint("submit_items.stored")
        ring("triage", workspace.pk)
    return received


def _event(workspace_id: UUID, verb: str, item_id: UUID, by: Actor, at: datetime, **data: Any):
    return event(
        workspace_id=workspace_id,
        verb=verb,
        subject=("item", item_id),
        item_id=item_id,
        by=by,
        at=at,
        data=data,
    )


# --- triaged -------------------------------------------------------------------------------------------------


def triage_items(*, taken: Sequence[triage.Taken], now: datetime) -> int:
    """Decide items whose wait was taken by this worker: place them in queues, or let them pass.

    All or nothing. Raises Conflict when another worker has taken one of them meanwhile.
    """
    with transaction.atomic():
        triage.finish(taken=taken)
        items = _to_triage([one.item_id for one in taken])
        by_workspace: dict[UUID, list[Item]] = {}
        for item in items:
            by_workspace.setdefault(item.workspace_id, []).append(item)
        for workspace_id, theirs in by_workspace.items():
            _triage_workspace(workspace_id, theirs, now)
        failpoint("triage_items.decided")
    return len(items)


def _to_triage(ids: Sequence[UUID]) -> QuerySet[Item]:
    return Item.objects.filter(pk__in=ids).select_related("source", "model_version").order_by("pk")


def _triage_workspace(workspace_id: UUID, items: list[Item], now: datetime) -> None:
    workspace = Workspace.objects.get(pk=workspace_id)
    policy = current_policy(workspace_id)
    if policy is None:
        raise Conflict("The workspace has no routing policy.")
    rules = list(policy.rules.all())
    decided = {item: _decide(item, policy, rules, bytes(workspace.secret)) for item in items}
    decisions = triage.record_decisions(decided=decided, policy=policy, now=now)
    _place(decisions, policy, now)


def _decide(item: Item, policy: RoutingPolicy, rules: list[RoutingRule], secret: bytes) -> Decided:
    failpoint("triage.decide", item.external_id)
    return decide(item_id=item.pk, facts=facts_of(item), policy=policy, rules=rules, secret=secret)


def _place(decisions: Sequence[TriageDecision], policy: RoutingPolicy | None, now: datetime) -> None:
    review = [one for one in decisions if one.result == TriageDecision.Result.REVIEW]
    entries = [_stay(one, policy, now) for one in review]
    triage.place(entries=entries)
    turns.open_slots(entries=entries)
    passed = [one.item_id for one in decisions if one.result == TriageDecision.Result.PASS]
    _move([one.item_id for one in review], State.QUEUED, now, of=[State.RECEIVED])
    _move(passed, State.PASSED, now, of=[State.RECEIVED])
    record_all(
        _event(one.workspace_id, "triage", one.item_id, SYSTEM, now, result=one.result, stratum=one.stratum)
        for one in decisions
    )


def _stay(decision: TriageDecision, policy: RoutingPolicy | None, now: datetime) -> QueueEntry:
    rule = decision.rule if decision.rule and decision.rule.queue_id else None
    by_rule = rule.queue if rule else None
    queue = by_rule or (policy.audit_queue if policy else _first_queue(decision.workspace_id))
    return triage.stay(decision=decision, queue=queue, now=now, rule=rule)


def _first_queue(workspace_id: UUID) -> Queue:
    return Queue.objects.filter(workspace_id=workspace_id).order_by("created_at", "pk")[0]


def _move(item_ids: Sequence[UUID], to: State, now: datetime, *, of: Sequence[State] = ()) -> None:
    """Move every one of these items, or raise Conflict: states are never guessed."""
    if not item_ids:
        return
    moved = intake.move_state(item_ids=item_ids, to=to, since=now, of=of)
    if moved != len(item_ids):
        raise Conflict("The item is no longer where it was.")


def triage_by_person(*, taken: triage.Taken, now: datetime) -> None:
    """Place an item whose triage failed for good: a person decides, in the policy's audit queue."""
    with transaction.atomic():
        triage.finish(taken=[taken])
        item = Item.objects.select_related("source").get(pk=taken.item_id)
        failed = Decided(
            result=TriageDecision.Result.REVIEW,
            rule=None,
            stratum="triage-failed",
            design=TriageDecision.Design.RULE,
            probability=1.0,
            reasons=[{"code": "triage_failed"}],
            facts={},
        )
        policy = current_policy(item.workspace_id)
        _place(triage.record_decisions(decided={item: failed}, policy=policy, now=now), policy, now)


# --- claimed -------------------------------------------------------------------------------------------------


def claim_next(*, membership: Membership, queues: Sequence[Queue], now: datetime | None = None) -> turns.Turn | None:
    """Give the member the next item of these queues; None when nothing there is for them.

    The lease is that of the shortest queue asked for; heartbeats renew it by the item's own queue.
    """
    lanes = turns.lanes_of(membership=membership, queues=queues)
    lease = timedelta(seconds=min((queue.lease_seconds for queue in queues), default=300))
    for _attempt in range(3):
        try:
            with transaction.atomic():
                return _claim(membership, lanes, lease, now)
        except IntegrityError:  # the same person claimed the same entry in another window at this moment
            continue
    return None


def _claim(membership: Membership, lanes: list[UUID], lease: timedelta, now: datetime | None) -> turns.Turn | None:
    user = membership.user
    turn = turns.claim(workspace_id=membership.workspace_id, by=user, lanes=lanes, lease=lease, now=now)
    if turn is None:
        return None
    item_id = turn.assignment.item_id
    intake.move_state(item_ids=[item_id], to=State.IN_REVIEW, since=turn.at, of=[State.QUEUED, State.IN_REVIEW])
    _tell(turn.assignment, "claim", person(user.pk), turn.at)
    failpoint("claim_next.taken")
    return turn


def assign(*, slot: Slot, to: User, by: Viewer, now: datetime) -> turns.Turn:
    """Give a waiting slot to a named person. Raises Conflict when it is held, closed, or not for them."""
    by.require("lead")
    assert by.user is not None
    with transaction.atomic():
        _check_person(slot, to)
        try:
            with transaction.atomic():
                turn = turns.assign(slot=slot, to=to, by=by.user, now=now)
        except IntegrityError:
            raise Conflict("This person holds the item already.") from None
        if slot.kind == Slot.Kind.REVIEW:
            in_line = [State.QUEUED, State.IN_REVIEW]
            intake.move_state(item_ids=[slot.item_id], to=State.IN_REVIEW, since=now, of=in_line)
        _tell(turn.assignment, "assign", by.actor, now, to=str(to.pk))
    return turn


def _check_person(slot: Slot, to: User) -> None:
    here = Membership.objects.filter(workspace_id=slot.workspace_id, user=to, ended_at=None).first()
    if here is None or not can(here.role, "review"):
        raise Conflict("This person does not review in this workspace.")
    if slot.kind == Slot.Kind.ADJUDICATION:
        if not can(here.role, "lead"):
            raise Conflict("Only a lead can decide an escalated item.")
    elif Exclusion.objects.filter(item_id=slot.item_id, user=to).exists():
        raise Conflict("This person has already reviewed or returned the item.")


def _tell(assignment: Assignment, verb: str, by: Actor, at: datetime, **data: Any) -> None:
    record(
        workspace_id=assignment.workspace_id,
        verb=verb,
        subject=("assignment", assignment.pk),
        item_id=assignment.item_id,
        by=by,
        at=at,
        data=data,
    )


def heartbeat(
    *, assignment: Assignment, fence: int, draft: dict[str, Any] | None = None, now: datetime | None = None
) -> datetime:
    """Renew a turn and save its draft; return until when. Raises TurnOver (the draft is kept all the same)."""
    lease = timedelta(seconds=assignment.entry.queue.lease_seconds)
    return turns.heartbeat(assignment=assignment, fence=fence, lease=lease, draft=draft, now=now)


def expire_due(*, now: datetime | None = None) -> int:
    """End the turns that ran out and wake what was put aside; return how many."""
    with transaction.atomic():
        ended = turns.expire_due(now=now)
        for one in ended:
            record(
                workspace_id=one.workspace_id,
                verb="expire",
                subject=("assignment", one.assignment_id),
                item_id=one.item_id,
                by=SYSTEM,
                at=now or database_now(),
            )
        _requeue([one.item_id for one in ended], now or database_now())
        return len(ended) + turns.wake_due(now=now)


def _requeue(item_ids: Sequence[UUID], at: datetime) -> None:
    """Show items as queued again that nobody holds any more; a claim at this moment waits, or is seen."""
    intake.hold_states(item_ids=item_ids)
    held = Assignment.objects.filter(item_id__in=item_ids, ended_at=None).values_list("item_id", flat=True)
    free = set(item_ids) - set(held)
    intake.move_state(item_ids=free, to=State.QUEUED, since=at, of=[State.IN_REVIEW])


def give_back(*, assignment: Assignment, fence: int, by: User, reason: str, now: datetime | None = None) -> None:
    """Return an item to its line; this person is not offered it again. Raises TurnOver."""
    with transaction.atomic():
        _entry_of(assignment)
        held = turns.held_slot(assignment=assignment, fence=fence, now=now)
        turns.give_back(held=held, by=by, reason=Assignment.End.RETURNED, note=reason)
        _exclude(assignment, Exclusion.Reason.RETURNED, held.at)
        _requeue([assignment.item_id], held.at)
        _tell(assignment, "return", person(by.pk), held.at)
        failpoint("give_back.done")


def snooze(*, assignment: Assignment, fence: int, by: User, until: datetime, now: datetime | None = None) -> None:
    """Put an item aside until a time; it comes back to its line at its old rank. Raises TurnOver."""
    with transaction.atomic():
        _entry_of(assignment)
        held = turns.held_slot(assignment=assignment, fence=fence, now=now)
        turns.snooze(held=held, by=by, until=until)
        _requeue([assignment.item_id], held.at)
        _tell(assignment, "snooze", person(by.pk), held.at)


def take_away(*, assignment: Assignment, by: Viewer, now: datetime) -> None:
    """Take an open turn from its person, so that the item can go to someone else. Raises Conflict."""
    by.require("lead")
    assert by.user is not None
    with transaction.atomic():
        turns.take_away(assignment=assignment, by=by.user, at=now)
        _requeue([assignment.item_id], now)
        _tell(assignment, "reassign", by.actor, now)


def _exclude(assignment: Assignment, reason: Exclusion.Reason, at: datetime) -> None:
    turns.exclude(
        item_id=assignment.item_id,
        workspace_id=assignment.workspace_id,
        user_ids=[assignment.user_id],
        reason=reason,
        at=at,
    )


def _entry_of(assignment: Assignment) -> QueueEntry:
    """Lock the stay first and in every verb, so that two last reviews settle once and nobody deadlocks."""
    return QueueEntry.objects.select_for_update(no_key=True, of=("self",)).get(pk=assignment.entry_id)


# --- reviewed and settled --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Submitted:
    """A review, and the outcome if it was the last one needed."""

    review: Review
    outcome: Outcome | None


def submit_review(
    *, assignment: Assignment, fence: int, by: User, judgement: Judgement, now: datetime | None = None
) -> Submitted:
    """Write a review and, when it was the last one needed, settle the item in the same transaction.

    Raises Invalid when the judgement does not fit the item, TurnOver when somebody else has begun since.
    """
    item = Item.objects.select_related("source", "content").get(pk=assignment.item_id)
    output = body_of(item)["output"]
    reasons = ReasonCode.objects.filter(workspace_id=item.workspace_id).values_list("slug", flat=True)
    check(judgement, kind=item.kind, output=output, labels=item.source.labels, reasons=list(reasons))
    with transaction.atomic():
        entry = _entry_of(assignment)
        held = turns.held_slot(assignment=assignment, fence=fence, now=now)
        _refuse_second(assignment)
        review = judging.write_review(assignment=assignment, judgement=judgement, at=held.at)
        turns.submit_turn(held=held, by=by)
        _exclude(assignment, Exclusion.Reason.REVIEWED, held.at)
        _tell(assignment, "submit", person(by.pk), held.at, decision=review.decision, severity=review.severity)
        failpoint("submit_review.reviewed")
        outcome = _settle_if_last(item, entry, output, by, held.at)
        failpoint("submit_review.settled")
    return Submitted(review, outcome)


def _refuse_second(assignment: Assignment) -> None:
    """A turn that ran out may be followed by another at the same item; only one of them may be submitted."""
    theirs = Review.objects.filter(entry_id=assignment.entry_id, user_id=assignment.user_id)
    if theirs.exclude(assignment__slot_id=assignment.slot_id).exists():
        raise turns.TurnOver("You have reviewed this item already.")


def _settle_if_last(item: Item, entry: QueueEntry, output: dict[str, Any], by: User, at: datetime) -> Outcome | None:
    if Slot.objects.filter(entry=entry, closed_at=None).exists():
        _requeue([item.pk], at)
        return None
    reviews = _standing_reviews(entry)
    adjudicated = Slot.objects.filter(entry=entry, kind=Slot.Kind.ADJUDICATION).exists()
    settlement = settle(reviews=[(one, one.content.correction) for one in reviews], adjudicated=adjudicated)
    if settlement is None:
        _ask_a_lead(entry, Escalation.Why.DISAGREEMENT, by, "", at)
        return None
    return _settle(item, entry, settlement, output, len(reviews), by, at)


def _standing_reviews(entry: QueueEntry) -> list[Review]:
    """Return each slot's last review: an undone one is followed by another."""
    latest: dict[UUID, Review] = {}
    for review in (
        Review.objects.filter(entry=entry).select_related("assignment", "content").order_by("submitted_at", "pk")
    ):
        latest[review.assignment.slot_id] = review
    return sorted(latest.values(), key=lambda review: (review.submitted_at, review.pk))


def _settle(
    item: Item, entry: QueueEntry, settlement, output: dict[str, Any], reviewers: int, by: User, at: datetime
) -> Outcome:
    review = settlement.review
    final = final_output(decision=review.decision, correction=review.content.correction, output=output)
    outcome = judging.write_outcome(
        item=item,
        entry=entry,
        settlement=settlement,
        final=final,
        reviewers=reviewers,
        at=at,
        undo=timedelta(seconds=settings.UNDO_SECONDS),
    )
    triage.end_stay(entry=entry, reason=QueueEntry.End.SETTLED, by=by, now=at)
    judging.end_escalation(item_id=item.pk, reason=Escalation.End.DECIDED, by=by, at=at)
    _move([item.pk], State.SETTLED, at, of=[State.QUEUED, State.IN_REVIEW, State.ESCALATED])
    record(
        workspace_id=item.workspace_id,
        verb="settle",
        subject=("outcome", outcome.pk),
        item_id=item.pk,
        by=person(by.pk),
        at=at,
        data={"basis": outcome.basis, "version": outcome.version},
    )
    return outcome


def undo(*, outcome: Outcome, by: User, now: datetime) -> turns.Turn:
    """Take back an outcome before it is sent; the person whose review settled it holds the item again.

    Raises TooLateToUndo once it is published, NotThere when it is not theirs.
    """
    review = settling_review(outcome)
    if review is None or review.user_id != by.pk:
        raise NotThere
    with transaction.atomic():
        entry = _entry_of(review.assignment)
        judging.undo(outcome=outcome, by=by, now=now)
        triage.resume_stay(entry=entry)
        slot = turns.reopen_slot(slot_id=review.assignment.slot_id)
        turns.include(item_id=outcome.item_id, user_id=by.pk)
        lease = timedelta(seconds=entry.queue.lease_seconds)
        turn = turns.assign(slot=slot, to=by, by=by, now=now, how=Assignment.How.CLAIMED, lease=lease)
        judging.resume_escalation(entry=entry)
        state = State.ESCALATED if slot.kind == Slot.Kind.ADJUDICATION else State.IN_REVIEW
        _move([outcome.item_id], state, now, of=[State.SETTLED])
        _tell(turn.assignment, "undo", person(by.pk), now)
        failpoint("undo.done")
    return turn


# --- published -------------------------------------------------------------------------------------------------


def publish(*, workspace_id: UUID, now: datetime) -> list[Publication]:
    """Make the outcomes visible outside whose time to undo has passed, and queue their deliveries."""
    with transaction.atomic():
        publications = judging.publish_due(workspace_id=workspace_id, now=now)
        queue_deliveries(publications=publications, now=now)
        record_all(
            event(
                workspace_id=workspace_id,
                verb="publish",
                subject=("publication", one.pk),
                item_id=one.item_id,
                by=SYSTEM,
                at=now,
                data={"position": one.position},
            )
            for one in publications
        )
        failpoint("publish.placed")
        if publications:
            ring("deliver", workspace_id)
    return publications


# --- escalated -------------------------------------------------------------------------------------------------


def escalate(
    *, assignment: Assignment, fence: int, by: User, question: str, now: datetime | None = None
) -> Escalation:
    """Say "not mine to judge": the item leaves its line and waits for a lead. Raises TurnOver.

    Raises Conflict when it waits for a lead already: who will not decide it hands it on or back.
    """
    if assignment.slot.kind == Slot.Kind.ADJUDICATION:
        raise Conflict("This item waits for a lead already: decide it, hand it on, or hand it back.")
    with transaction.atomic():
        entry = _entry_of(assignment)
        held = turns.held_slot(assignment=assignment, fence=fence, now=now)
        turns.end_turn(assignment=held.assignment, reason=Assignment.End.ESCALATED, by=by, at=held.at)
        _exclude(assignment, Exclusion.Reason.ESCALATED, held.at)
        escalation = _ask_a_lead(entry, Escalation.Why.QUESTION, by, question, held.at)
        failpoint("escalate.done")
    return escalation


def _ask_a_lead(entry: QueueEntry, why: Escalation.Why, by: User, question: str, at: datetime) -> Escalation:
    """End the stay, and open one that only leads can take; rank and promise stay what they were."""
    turns.close_open_slots(entry_id=entry.pk, reason=Assignment.End.ESCALATED, by=by, at=at)
    triage.end_stay(entry=entry, reason=QueueEntry.End.ESCALATED, by=by, now=at)
    code = "disagreement" if why == Escalation.Why.DISAGREEMENT else "escalated"
    decision = triage.direct(item=entry.item, reason=code, now=at)
    stay = triage.continued(entry=entry, decision=decision, now=at)
    triage.place(entries=[stay])
    turns.open_slots(entries=[stay], kind=Slot.Kind.ADJUDICATION)
    escalation = judging.open_escalation(entry=stay, why=why, by=by, question=question, at=at)
    _move([entry.item_id], State.ESCALATED, at)
    record(
        workspace_id=entry.workspace_id,
        verb="escalate",
        subject=("escalation", escalation.pk),
        item_id=entry.item_id,
        by=person(by.pk),
        at=at,
        data={"why": str(why)},
    )
    return escalation


def take_escalation(*, escalation: Escalation, to: User, by: Viewer, now: datetime) -> turns.Turn:
    """Take an escalated item, or hand it on to another lead; they decide it in the workbench like any other."""
    by.require("lead")
    with transaction.atomic():
        slot = Slot.objects.get(entry_id=escalation.entry_id)
        for current in Assignment.objects.filter(slot=slot, ended_at=None):
            take_away(assignment=current, by=by, now=now)
        slot.refresh_from_db()
        return assign(slot=slot, to=to, by=by, now=now)


def hand_back(*, escalation: Escalation, by: Viewer, now: datetime) -> None:
    """Send an escalated item back to its queue for other reviewers."""
    by.require("lead")
    assert by.user is not None
    with transaction.atomic():
        entry = QueueEntry.objects.select_for_update(no_key=True, of=("self",)).get(pk=escalation.entry_id)
        if not judging.end_escalation(item_id=entry.item_id, reason=Escalation.End.HANDED_BACK, by=by.user, at=now):
            raise Conflict("This escalation is over already.")
        turns.close_open_slots(entry_id=entry.pk, reason=Assignment.End.REASSIGNED, by=by.user, at=now)
        triage.end_stay(entry=entry, reason=QueueEntry.End.MOVED, by=by.user, now=now)
        stay = triage.continued(entry=entry, decision=entry.decision, now=now)
        triage.place(entries=[stay])
        turns.open_slots(entries=[stay])
        _move([entry.item_id], State.QUEUED, now, of=[State.ESCALATED])
        record_all([_event(entry.workspace_id, "hand_back", entry.item_id, by.actor, now)])
