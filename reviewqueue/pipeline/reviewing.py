"""Reviewed and settled: a judgement, and with the last one needed the outcome; undone while nobody saw it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from reviewqueue.accounts.models import User
from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.models import Assignment, Exclusion, Slot
from reviewqueue.audit.actions import SYSTEM, person, record
from reviewqueue.common.errors import NotThere
from reviewqueue.common.exactjson import numbered
from reviewqueue.common.failpoints import failpoint
from reviewqueue.edgecases import actions as cases
from reviewqueue.edgecases.queries import rulings_named
from reviewqueue.intake import actions as intake
from reviewqueue.intake.models import Item, State
from reviewqueue.intake.queries import output_text, state_of
from reviewqueue.queues.models import ReasonCode
from reviewqueue.review import actions as judging
from reviewqueue.review.models import Disagreement, Escalation, Outcome, Review
from reviewqueue.review.queries import settling_review, standing
from reviewqueue.review.rules import Judgement, check, disagreement_of, settle
from reviewqueue.triage import actions as triage
from reviewqueue.triage.models import QueueEntry

from .asking import ask_a_lead
from .moves import exclude, hold_stay, move, requeue, tell
from .settling import settle_item


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
    item = Item.objects.select_related("declaration", "content").get(pk=assignment.item_id)
    output = output_text(item)
    reasons = ReasonCode.objects.filter(workspace_id=item.workspace_id).values_list("slug", flat=True)
    check(
        judgement,
        kind=item.kind,
        output=numbered(output),
        declaration=item.declaration,
        reasons=list(reasons),
    )
    with transaction.atomic():
        entry = hold_stay(assignment)
        held = turns.held_slot(assignment=assignment, fence=fence, now=now)
        _refuse_second(assignment)
        review = judging.write_review(assignment=assignment, judgement=judgement, output=output, at=held.at)
        turns.submit_turn(held=held, by=by)
        exclude(assignment, Exclusion.Reason.REVIEWED, held.at)
        _note_precedents(review)
        tell(assignment, "submit", person(by.pk), held.at, decision=review.decision, severity=review.severity)
        failpoint("submit_review.reviewed")
        outcome = _settle_if_last(item, entry, output, by, held.at)
        failpoint("submit_review.settled")
    return Submitted(review, outcome)


def _note_precedents(review: Review) -> None:
    """Count the rulings of this workspace that were shown beside the item, whatever else is named there."""
    shown = review.shown.get("precedents")
    ids = {UUID(one) for one in shown if _is_id(one)} if isinstance(shown, list) else set()
    if ids:
        cases.note_shown(review=review, rulings=rulings_named(workspace_id=review.workspace_id, ids=ids))


def _is_id(text: Any) -> bool:
    try:
        return isinstance(text, str) and bool(UUID(text))
    except ValueError:
        return False


def _refuse_second(assignment: Assignment) -> None:
    """A turn that ran out may be followed by another at the same item; only one of them may be submitted."""
    theirs = standing(Review.objects.filter(entry_id=assignment.entry_id, user_id=assignment.user_id))
    if theirs.exclude(assignment__slot_id=assignment.slot_id).exists():
        raise turns.TurnOver("You have reviewed this item already.")


def _settle_if_last(item: Item, entry: QueueEntry, output: str, by: User, at: datetime) -> Outcome | None:
    """Settle an item once its reviews say enough: all of them, or a majority while nobody is at work on the rest."""
    slots = list(Slot.objects.filter(entry=entry).values_list("kind", "closed_at"))
    missing = any(closed_at is None for _kind, closed_at in slots)
    reviews = _standing_reviews(entry)
    said = [(one, one.content.correction) for one in reviews]
    settlement = settle(
        reviews=said,
        adjudicated=any(kind == Slot.Kind.ADJUDICATION for kind, _closed in slots),
        agreement=entry.agreement,
        required=len(slots),
    )
    if missing and (settlement is None or not turns.close_unneeded(entry_id=entry.pk, at=at)):
        requeue([item.pk], at)
        return None
    _note_disagreement(entry, said, settled=settlement is not None, at=at)
    if settlement is None:
        ask_a_lead(entry, Escalation.Why.DISAGREEMENT, by, "", at)
        return None
    return settle_item(
        item=item,
        entry=entry,
        settlement=settlement,
        correction=settlement.review.content.correction,
        output=output,
        reviewers=len(reviews),
        by=by,
        at=at,
    )


def _standing_reviews(entry: QueueEntry) -> list[Review]:
    """Return the reviews of a stay that count: one a closed slot at most, and none that was taken back."""
    given = standing(Review.objects.filter(entry=entry, assignment__slot__closed_at__isnull=False))
    return list(given.select_related("assignment", "content").order_by("submitted_at", "pk"))


def _note_disagreement(entry: QueueEntry, said: Sequence[tuple[Review, str]], *, settled: bool, at: datetime) -> None:
    decisions = disagreement_of(said)
    if not decisions:
        return
    settled_by = Disagreement.Settled.MAJORITY if settled else Disagreement.Settled.ADJUDICATION
    made = judging.write_disagreement(entry=entry, decisions=decisions, settled_by=settled_by, at=at)
    record(
        workspace_id=entry.workspace_id,
        verb="disagree",
        subject=("disagreement", made.pk),
        item_id=entry.item_id,
        by=SYSTEM,
        at=at,
        data={"decisions": [one["decision"] for one in decisions], "settled_by": str(settled_by)},
    )


def undo(*, outcome: Outcome, by: User, now: datetime) -> turns.Turn:
    """Take back an outcome before it is sent; the person whose review settled it holds the item again.

    Raises TooLateToUndo once it is published or people look at the item again, NotThere when it is not theirs.
    """
    review = settling_review(outcome)
    if review is None or review.user_id != by.pk:
        raise NotThere
    with transaction.atomic():
        entry = hold_stay(review.assignment)
        _refuse_reopened(outcome)
        judging.undo(outcome=outcome, by=by, now=now)
        triage.resume_stay(entry=entry)
        turns.reopen_unreviewed(entry_id=entry.pk)
        slot = turns.reopen_slot(slot_id=review.assignment.slot_id)
        turns.include(item_id=outcome.item_id, user_id=by.pk)
        lease = timedelta(seconds=entry.queue.lease_seconds)
        turn = turns.assign(slot=slot, to=by, by=by, now=now, how=Assignment.How.CLAIMED, lease=lease)
        judging.resume_escalation(entry=entry)
        judging.resume_appeal(outcome=outcome)
        state = State.ESCALATED if slot.kind == Slot.Kind.ADJUDICATION else State.IN_REVIEW
        move([outcome.item_id], state, now, of=[State.SETTLED])
        tell(turn.assignment, "undo", person(by.pk), now)
        failpoint("undo.done")
    return turn


def _refuse_reopened(outcome: Outcome) -> None:
    """What was said to be wrong meanwhile is looked at by somebody else; a signal at this moment is waited for."""
    intake.hold_states(item_ids=[outcome.item_id])
    if state_of(outcome.item_id) != State.SETTLED:
        raise judging.TooLateToUndo
