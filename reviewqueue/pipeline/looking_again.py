"""A further look at what was decided: a directed pass, so it never enters an estimate."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.eligibility import enough_may_take
from reviewqueue.assignment.models import Slot
from reviewqueue.common.errors import Conflict, NotReady
from reviewqueue.intake import actions as intake
from reviewqueue.intake.models import Item, State
from reviewqueue.intake.queries import state_of
from reviewqueue.queues.models import Queue
from reviewqueue.review.models import Escalation
from reviewqueue.triage import actions as triage
from reviewqueue.triage.models import QueueEntry, TriageDecision
from reviewqueue.triage.queries import current_policy, last_stay, signals_of_many

from .asking import open_for_leads
from .moves import hold_open_stay, move

#: Where an item waits for nobody.
AT_REST = (State.PASSED, State.SETTLED, State.WITHDRAWN)


def hold(item_id: UUID) -> QueueEntry | None:
    """Keep an item where it stands to the end of the transaction: return its open stay, or None when it is at rest.

    For an item whose triage is done. What moves it at this moment is waited for.
    """
    for _look in range(10):
        stay = hold_open_stay(item_id)
        if stay:
            return stay
        intake.hold_states(item_ids=[item_id])
        if state_of(item_id) in AT_REST:
            return None
    raise Conflict("The item is being moved at this moment. Try again.")


def look_again(
    *,
    item: Item,
    reason: str,
    now: datetime,
    urgent: bool = False,
    kind: Slot.Kind = Slot.Kind.REVIEW,
    queue: Queue | None = None,
) -> TriageDecision:
    """Bring an item that waits for nobody to people once more; whoever has reviewed it before does not get it.

    It goes to ``queue``, else where it was last, else where the policy audits. With nobody left to review it, it goes
    to the leads. Raises NotReady when the workspace has no queue at all.
    """
    decision = triage.direct(item=item, reason=reason, now=now)
    last = last_stay(item.pk)
    queue = queue or (last.queue if last else _audit_queue(item.workspace_id))
    stay = triage.further(decision=decision, queue=queue, like=last, urgent=urgent, now=now)
    triage.place(entries=[stay])
    if enough_may_take(stay, people=stay.reviews_required if kind == Slot.Kind.REVIEW else 1):
        turns.open_slots(entries=[stay], kind=kind)
        move([item.pk], State.QUEUED, now)
    else:
        open_for_leads(stay, Escalation.Why.NOBODY_LEFT, None, "", now)
    return decision


def _audit_queue(workspace_id: UUID) -> Queue:
    policy = current_policy(workspace_id)
    queue = policy.audit_queue if policy else Queue.objects.filter(workspace_id=workspace_id).order_by("pk").first()
    if queue is None:
        raise NotReady("The workspace has no queue yet, so there is nobody to look at it.")
    return queue


def look_at_signalled(decisions: Sequence[TriageDecision], now: datetime) -> None:
    """Heed what was said of items before their triage, which is done now: no such answer simply passes."""
    signals = signals_of_many([one.item_id for one in decisions])
    for decision in decisions:
        signal = signals.get(decision.item_id)
        if signal and decision.result == TriageDecision.Result.PASS:
            look_again(item=decision.item, reason=f"signal.{signal.kind}", urgent=is_urgent(signal.kind), now=now)
        elif signal and (stay := hold_open_stay(decision.item_id)):
            hasten(stay)


def hasten(stay: QueueEntry) -> None:
    """Move an item that waits already up in its line."""
    turns.rerank(ranks={stay.pk: triage.hasten(entry=stay)})


def is_urgent(kind: str) -> bool:
    """Return whether a signal is more urgent than what waits in the ordinary way."""
    return kind == "complaint"
