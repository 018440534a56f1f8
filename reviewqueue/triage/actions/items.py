"""The verbs that write triage: wait, take, finish, place, end a stay. Those of a policy are in `policies`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

from reviewqueue.accounts.models import User
from reviewqueue.common.errors import Conflict
from reviewqueue.common.ids import new_id
from reviewqueue.common.parts import Part
from reviewqueue.common.rows import insert_all
from reviewqueue.intake.models import Item
from reviewqueue.queues.models import Queue
from reviewqueue.queues.promises import Promises, promises_of

from ..models import (
    Finding,
    Pending,
    QueueEntry,
    RoutingPolicy,
    RoutingRule,
    Signal,
    SignalContent,
    TriageDecision,
)
from ..rules import Decided, rank_of

MAX_ATTEMPTS = 3


class NoLongerPending(Conflict):
    """Another worker has taken one of these items, or its AI system has withdrawn it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A pending item in this worker's hands; ``attempts`` counts this one."""

    item_id: UUID
    attempts: int
    lease_until: datetime


_AWAIT = """
INSERT INTO triage_pending (item_id, workspace_id, due_at, attempts, last_error)
SELECT id, %(pending_workspace)s::uuid, %(pending_due_at)s::timestamptz, 0, '' FROM won
"""


def await_triage(*, workspace_id: UUID, now: datetime) -> Part:
    """Return the part of the receiving statement that opens the wait of each item of ``won (id)``."""
    return Part(_AWAIT, {"pending_workspace": workspace_id, "pending_due_at": now})


_DUE = "due_at <= %(now)s AND (lease_until IS NULL OR lease_until < %(now)s) AND {tried}"
_OLDEST = f"SELECT workspace_id FROM triage_pending WHERE {_DUE} ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED"
# as an array the rows are chosen once: a join may run the choice again for each row, and take more than its limit
_TAKE = f"""
UPDATE triage_pending SET attempts = attempts + 1, lease_until = %(until)s
WHERE item_id = ANY(ARRAY(
  SELECT item_id FROM triage_pending WHERE {_DUE} AND workspace_id = ({_OLDEST})
  ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
RETURNING item_id, attempts
"""


def take_pending(*, now: datetime, limit: int = 200) -> list[Taken]:
    """Take due items that were not tried yet; the attempt and the lease are committed before any work begins.

    They are of one workspace, the one whose item waits longest: what is wrong in one spoils no other's batch.
    """
    return _take("attempts = 0", limit, now)


def take_tried(*, now: datetime) -> list[Taken]:
    """Take one due item that was tried before.

    It comes by itself: it may be what ended the worker, and must not spoil the next attempt of anything else.
    """
    return _take("attempts > 0", 1, now)


def _take(tried: str, limit: int, now: datetime) -> list[Taken]:
    until = now + timedelta(seconds=settings.TRIAGE_LEASE_SECONDS)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE.format(tried=tried), {"now": now, "until": until, "limit": limit})
        return [Taken(item_id, attempts, until) for item_id, attempts in cursor.fetchall()]


def put_back(*, taken: Taken, error: str, now: datetime) -> None:
    """Let go of a failed item; it is due again after a growing pause. ``error`` is a class name, never text."""
    Pending.objects.filter(item_id=taken.item_id, lease_until=taken.lease_until).update(
        lease_until=None, last_error=error[:80], due_at=now + timedelta(seconds=5 * taken.attempts)
    )


def finish(*, taken: Sequence[Taken]) -> None:
    """Close the wait of items just decided. Raises NoLongerPending when one of them is not this worker's now."""
    until = {one.lease_until for one in taken}
    rows = Pending.objects.filter(item_id__in=[one.item_id for one in taken], lease_until__in=until)
    deleted, _per_model = rows.delete()
    if deleted != len(taken):
        raise NoLongerPending


def hold_wait(*, item_id: UUID) -> bool:
    """Keep an item in its wait for triage to the end of the transaction; return whether it waits.

    A triage that is under way at this moment is waited for.
    """
    return bool(list(Pending.objects.filter(item_id=item_id).select_for_update().values_list("item_id")))


def stop_waiting(*, item_id: UUID) -> None:
    """Close an item's wait for triage for good; a triage that is under way at this moment is waited for."""
    Pending.objects.filter(item_id=item_id).delete()


def record_decisions(
    *, decided: Mapping[Item, Decided], policy: RoutingPolicy | None, now: datetime
) -> list[TriageDecision]:
    """Write the first-pass decisions of items, in the order given."""
    rows = [
        TriageDecision(
            workspace_id=item.workspace_id,
            item=item,
            pass_number=1,
            result=one.result,
            policy=policy,
            rule=one.rule,
            stratum=one.stratum,
            design=one.design,
            probability=one.probability,
            reasons=one.reasons,
            facts=one.facts,
            decided_at=now,
        )
        for item, one in decided.items()
    ]
    return list(insert_all(TriageDecision, rows))


def direct(*, item: Item, reason: str, now: datetime) -> TriageDecision:
    """Write a further, directed pass: a person asked for a look, so it never enters an estimate."""
    last = TriageDecision.objects.filter(item=item).aggregate(last=Max("pass_number"))["last"] or 0
    return TriageDecision.objects.create(
        workspace_id=item.workspace_id,
        item=item,
        pass_number=last + 1,
        result=TriageDecision.Result.REVIEW,
        stratum="directed",
        design=TriageDecision.Design.DIRECTED,
        probability=1.0,
        reasons=[{"code": reason}],
        facts={},
        decided_at=now,
    )


def stay(
    *,
    decision: TriageDecision,
    queue: Queue,
    now: datetime,
    rule: RoutingRule | None = None,
    deadline_at: datetime | None = None,
    promises: Promises | None = None,
) -> QueueEntry:
    """Return an unsaved stay of the decision's item in a queue; the rule may shorten the promise or ask for more.

    ``deadline_at`` is the end of its gate, when an AI system waits; ``promises`` are read when not given.
    """
    urgency = rule.urgency if rule else RoutingRule.Urgency.NORMAL
    promised = (promises or promises_of(decision.workspace_id)).of(queue, urgency)
    due_at = promised.due_at(now, rule.due_minutes if rule else None)
    item = decision.item
    return QueueEntry(
        id=new_id(),
        workspace_id=decision.workspace_id,
        item=item,
        queue=queue,
        decision=decision,
        reviews_required=(rule and rule.reviews_required) or queue.reviews_required,
        blind=queue.blind if rule is None or rule.blind is None else rule.blind,
        agreement=queue.agreement,
        placed_at=now,
        due_at=due_at,
        rank=rank_of(
            placed_at=now,
            due_at=due_at,
            risk_level=item.risk_level,
            urgency=urgency,
            deadline_at=deadline_at,
        ),
        required_skills=sorted(set(rule.required_skills)) if rule else [],
        language=rule.language if rule else "",
    )


def continued(*, entry: QueueEntry, decision: TriageDecision, now: datetime) -> QueueEntry:
    """Return an unsaved further stay in the same queue: rank, promise and what it asks of people stay."""
    return QueueEntry(
        id=new_id(),
        workspace_id=entry.workspace_id,
        item=entry.item,
        queue=entry.queue,
        decision=decision,
        reviews_required=entry.reviews_required,
        blind=entry.blind,
        agreement=entry.agreement,
        placed_at=now,
        due_at=entry.due_at,
        rank=entry.rank,
        ahead_minutes=entry.ahead_minutes,
        required_skills=entry.required_skills,
        language=entry.language,
    )


def fall_back(*, entries: Sequence[QueueEntry]) -> None:
    """Give stays their ordinary rank, now that no AI system waits any more; the entries given have it too."""
    urgencies = dict(
        TriageDecision.objects.filter(item_id__in=[one.item_id for one in entries], rule__isnull=False)
        .order_by("pass_number")
        .values_list("item_id", "rule__urgency")
    )
    hastened = Finding.objects.filter(item_id__in=[one.item_id for one in entries], raised=Finding.Raised.HASTENED)
    urgencies |= dict.fromkeys(hastened.values_list("item_id", flat=True), RoutingRule.Urgency.HIGH)
    for entry in entries:
        urgency = urgencies.get(entry.item_id, "")
        entry.rank = _rank(entry, urgency)
    QueueEntry.objects.bulk_update(entries, ["rank"])


def further(
    *, decision: TriageDecision, queue: Queue, like: QueueEntry | None, urgent: bool, now: datetime
) -> QueueEntry:
    """Return an unsaved stay for a further look: promised anew, asking of people what the stay ``like`` asked."""
    entry = stay(decision=decision, queue=queue, now=now)
    if like:
        entry.reviews_required, entry.language = like.reviews_required, like.language
        entry.required_skills, entry.blind, entry.agreement = like.required_skills, like.blind, like.agreement
    if urgent:
        entry.rank = _urgent_rank(entry)
    return entry


def hasten(*, entry: QueueEntry) -> int:
    """Move a stay up in its line, as far as urgent items go; return its rank."""
    entry.rank = min(entry.rank, _urgent_rank(entry))
    entry.save(update_fields=["rank"])
    return entry.rank


def _urgent_rank(entry: QueueEntry) -> int:
    return _rank(entry, RoutingRule.Urgency.HIGH)


def _rank(entry: QueueEntry, urgency: str) -> int:
    """Return a stay's ordinary rank, which no AI system's deadline moves."""
    risk = entry.item.risk_level
    return rank_of(placed_at=entry.placed_at, due_at=entry.due_at, risk_level=risk, urgency=urgency)


def write_signal(
    *,
    item: Item,
    kind: Signal.Kind,
    decision: TriageDecision | None,
    said_by: str,
    note: str,
    reported_by: User | None,
    now: datetime,
) -> Signal:
    """Write that something outside says an answer was wrong and, apart from it, the words."""
    signal = Signal(
        id=new_id(),
        workspace_id=item.workspace_id,
        item=item,
        kind=kind,
        decision=decision,
        reported_by=reported_by,
        raised_at=now,
    )
    signal.save(force_insert=True)
    SignalContent(signal=signal, workspace_id=item.workspace_id, said_by=said_by, note=note).save(force_insert=True)
    return signal


def place(*, entries: Sequence[QueueEntry]) -> None:
    """Open stays in queues. An item already staying somewhere is refused by the database."""
    insert_all(QueueEntry, entries)


def end_stay(*, entry: QueueEntry, reason: QueueEntry.End, by: User | None, now: datetime) -> None:
    """End a stay. Raises Conflict when it has ended already."""
    end_stays(entries=[entry], reason=reason, by=by, now=now)


def end_stays(*, entries: Sequence[QueueEntry], reason: QueueEntry.End, by: User | None, now: datetime) -> None:
    """End stays, all of them or none. Raises Conflict when one has ended already."""
    still = QueueEntry.objects.filter(pk__in=[one.pk for one in entries], ended_at=None)
    if still.update(ended_at=now, end_reason=reason, ended_by=by) != len(entries):
        raise Conflict("This item has left the queue already.")


def resume_stay(*, entry: QueueEntry, rank: int | None = None) -> None:
    """Open a stay again whose outcome was undone, or that was moved; at its place unless another is given."""
    entry.rank = entry.rank if rank is None else rank
    QueueEntry.objects.filter(pk=entry.pk).update(ended_at=None, end_reason="", ended_by=None, rank=entry.rank)
