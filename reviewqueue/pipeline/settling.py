"""Settled: what was decided becomes the item's outcome, and everything that waited for that ends."""

from datetime import datetime, timedelta

from django.conf import settings

from reviewqueue.accounts.models import User
from reviewqueue.audit.actions import person, record
from reviewqueue.common.exactjson import numbered
from reviewqueue.common.samejson import same_text
from reviewqueue.intake import actions as intake
from reviewqueue.intake.models import Gate, Item, State
from reviewqueue.intake.queries import fallback_text, gate_of
from reviewqueue.review import actions as judging
from reviewqueue.review.models import Escalation, Outcome
from reviewqueue.review.queries import final_of, open_appeal, was_judged
from reviewqueue.review.rules import Ruled, Settlement, final_output
from reviewqueue.triage import actions as triage
from reviewqueue.triage.models import QueueEntry

from .moves import move
from .publishing import publish_at_once


def settle_item(
    *,
    item: Item,
    entry: QueueEntry,
    settlement: Settlement | Ruled,
    correction: str,
    output: str,
    reviewers: int,
    by: User,
    at: datetime,
) -> Outcome:
    """Write an item's outcome in the caller's transaction, which holds its stay: an answer held goes out at once.

    ``correction`` and ``output`` are JSON texts; the correction says something for an edit alone.
    """
    at_once, late = _waited_for(item, at)
    outcome = judging.write_outcome(
        item=item,
        entry=entry,
        settlement=settlement,
        final=final_output(
            kind=item.kind,
            decision=settlement.standing.decision,
            correction=correction,
            output=output,
            fallback=fallback_text(item),
        ),
        reviewers=reviewers,
        at=at,
        undo=None if at_once else timedelta(seconds=settings.UNDO_SECONDS),
        late=late,
    )
    triage.end_stay(entry=entry, reason=QueueEntry.End.SETTLED, by=by, now=at)
    judging.end_escalation(item_id=item.pk, reason=Escalation.End.DECIDED, by=by, at=at)
    _answer_appeal(item, outcome, output, at)
    move([item.pk], State.SETTLED, at, of=[State.QUEUED, State.IN_REVIEW, State.ESCALATED])
    record(
        workspace_id=item.workspace_id,
        verb="settle",
        subject=("outcome", outcome.pk),
        item_id=item.pk,
        by=person(by.pk),
        at=at,
        data={"basis": outcome.basis, "version": outcome.version},
    )
    if at_once:
        publish_at_once(outcomes=[outcome], now=at)
    return outcome


def _waited_for(item: Item, at: datetime) -> tuple[bool, bool]:
    """Close the gate of an answer that was held; return whether its outcome goes out at once, and whether it is late.

    A deadline that passes at this moment closes the gate or does not: then it was in time.
    """
    if intake.close_gate(item_id=item.pk, because=Gate.Closed.DECIDED, now=at):
        return True, False
    gate = gate_of(item.pk)
    late = gate is not None and gate.ran_out and not was_judged(item.pk)
    return late, late


def _answer_appeal(item: Item, outcome: Outcome, output: str, at: datetime) -> None:
    """End the item's appeal, if one is open: upheld when the person affected gets what they got before."""
    appeal = open_appeal(item.pk)
    if appeal:
        before = appeal.against
        answered = Outcome.Disposition.FINAL, same_text(numbered(output))
        known = (before.disposition, same_text(final_of(before))) if before else answered
        upheld = known == (outcome.disposition, same_text(final_of(outcome)))
        judging.end_appeal(item=item, outcome=outcome, upheld=upheld, at=at)
