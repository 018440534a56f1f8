"""The verbs that write judgements: review, settle, publish, undo, escalate. Needs a transaction around each."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max

from reviewqueue.accounts.models import User
from reviewqueue.assignment.models import Assignment
from reviewqueue.common.errors import Conflict
from reviewqueue.common.exactjson import written
from reviewqueue.common.ids import new_id
from reviewqueue.intake.models import Item
from reviewqueue.triage.models import QueueEntry

from .models import (
    Appeal,
    AppealContent,
    Basis,
    Decision,
    Disagreement,
    DuePublication,
    Escalation,
    EscalationContent,
    FollowUp,
    FollowUpContent,
    Outcome,
    OutcomeContent,
    Publication,
    Review,
    ReviewContent,
    Undo,
)
from .rules import Answered, Judgement, Ruled, Settlement


class TooLateToUndo(Conflict):
    """This has been sent already and can no longer be undone."""

    slug = "too-late-to-undo"


def write_review(*, assignment: Assignment, judgement: Judgement, output: str, at: datetime) -> Review:
    """Write a finished judgement and, apart from it, the reviewer's words; ``output`` is the item's, as JSON text."""
    review = Review(
        id=new_id(),
        workspace_id=assignment.workspace_id,
        assignment=assignment,
        entry_id=assignment.entry_id,
        item_id=assignment.item_id,
        user_id=assignment.user_id,
        decision=judgement.decision,
        severity=judgement.severity,
        cause=judgement.cause,
        reason_codes=sorted(set(judgement.reason_codes)),
        changed=judgement.decision == Decision.EDIT,
        follow_up=judgement.follow_up,
        train=judgement.train,
        shown=judgement.shown,
        submitted_at=at,
    )
    review.save(force_insert=True)
    content = ReviewContent(
        review=review,
        workspace_id=review.workspace_id,
        correction=_correction_text(judgement, output),
        note=judgement.note,
    )
    content.save(force_insert=True)
    return review


def _correction_text(judgement: Judgement, output: str) -> str:
    if judgement.correction is None:
        return ""
    return judgement.written or written(judgement.correction, like=output)


def write_disagreement(
    *, entry: QueueEntry, decisions: list[dict[str, Any]], settled_by: Disagreement.Settled, at: datetime
) -> Disagreement:
    """Write that the reviews of a stay do not all say the same."""
    return Disagreement.objects.create(
        workspace_id=entry.workspace_id,
        entry=entry,
        item_id=entry.item_id,
        at=at,
        decisions=decisions,
        settled_by=settled_by,
    )


def write_outcome(
    *,
    item: Item,
    entry: QueueEntry,
    settlement: Settlement | Ruled,
    final: str | None,
    reviewers: int,
    at: datetime,
    undo: timedelta | None,
    late: bool = False,
) -> Outcome:
    """Write an item's next outcome; it can be undone for ``undo``, then it is published.

    Without ``undo`` the caller publishes it in the same transaction. What is rejected is withheld, whatever the
    AI system is given instead.
    """
    standing = settlement.standing
    last = Outcome.objects.filter(item=item).aggregate(last=Max("version"))["last"] or 0
    outcome = Outcome(
        id=new_id(),
        workspace_id=item.workspace_id,
        item=item,
        version=last + 1,
        entry=entry,
        review=settlement.review,
        basis=settlement.basis,
        disposition=_disposition(standing.decision),
        decision=standing.decision,
        severity=standing.severity,
        cause=standing.cause,
        reason_codes=list(standing.reason_codes),
        changed=standing.changed,
        follow_up=standing.follow_up,
        train=standing.train,
        reviewers=reviewers,
        late=late,
        settled_at=at,
    )
    outcome.save(force_insert=True)
    _write_final(outcome, final)
    if undo is not None:
        DuePublication(outcome=outcome, workspace_id=item.workspace_id, due_at=at + undo).save(force_insert=True)
    return outcome


def _disposition(decision: str) -> Outcome.Disposition:
    return Outcome.Disposition.WITHHELD if decision == Decision.REJECT else Outcome.Disposition.FINAL


def write_timeouts(*, answers: Mapping[Item, Answered], at: datetime) -> list[Outcome]:
    """Write the next outcome of items that no person decided in time: what their AI systems get instead."""
    lasts = Outcome.objects.filter(item__in=answers).values("item_id").annotate(last=Max("version"))
    versions = {row["item_id"]: row["last"] for row in lasts}
    outcomes = [
        Outcome(
            id=new_id(),
            workspace_id=item.workspace_id,
            item=item,
            version=versions.get(item.pk, 0) + 1,
            basis=Basis.TIMEOUT,
            disposition=answer.disposition,
            settled_at=at,
        )
        for item, answer in answers.items()
    ]
    Outcome.objects.bulk_create(outcomes)
    OutcomeContent.objects.bulk_create(
        OutcomeContent(outcome=one, workspace_id=one.workspace_id, final=final)
        for one in outcomes
        if (final := answers[one.item].final) is not None
    )
    return outcomes


def _write_final(outcome: Outcome, final: str | None) -> None:
    if final is not None:
        OutcomeContent(outcome=outcome, workspace_id=outcome.workspace_id, final=final).save(force_insert=True)


def publish_due(*, workspace_id: UUID, now: datetime, limit: int = 500) -> list[Publication]:
    """Give due outcomes their positions, in commit order.

    Positions are given under the workspace's advisory transaction lock: the next one is taken only after the
    last has committed, so a reader who follows positions skips nothing.
    """
    hold_publication_order(workspace_id)
    due = list(
        DuePublication.objects.filter(workspace_id=workspace_id, due_at__lte=now)
        .select_related("outcome")
        .order_by("due_at", "outcome_id")[:limit]
    )
    if not due:
        return []
    DuePublication.objects.filter(outcome_id__in=[one.outcome_id for one in due]).delete()
    return _place_in_order(workspace_id, [one.outcome for one in due], now)


def publish_now(*, workspace_id: UUID, outcomes: Sequence[Outcome], now: datetime) -> list[Publication]:
    """Give outcomes that cannot be undone their positions, in the transaction that settles them.

    The workspace's order is held until that commits, so this comes last in it.
    """
    hold_publication_order(workspace_id)
    return _place_in_order(workspace_id, outcomes, now)


def _place_in_order(workspace_id: UUID, outcomes: Sequence[Outcome], now: datetime) -> list[Publication]:
    last = Publication.objects.filter(workspace_id=workspace_id).aggregate(last=Max("position"))["last"] or 0
    rows = [
        Publication(
            workspace_id=workspace_id,
            outcome=outcome,
            item_id=outcome.item_id,
            position=last + number,
            published_at=now,
        )
        for number, outcome in enumerate(outcomes, start=1)
    ]
    return Publication.objects.bulk_create(rows)


def hold_publication_order(workspace_id: UUID) -> None:
    """Wait for, and hold to the end of the transaction, the right to publish or undo in a workspace."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('publish:' || %s, 0))", [str(workspace_id)])


def undo(*, outcome: Outcome, by: User, now: datetime) -> Undo:
    """Take an outcome back before anyone outside saw it. Raises TooLateToUndo once it is published."""
    hold_publication_order(outcome.workspace_id)
    taken_back, _ = DuePublication.objects.filter(outcome=outcome, due_at__gt=now).delete()
    if not taken_back:
        raise TooLateToUndo
    return Undo.objects.create(workspace_id=outcome.workspace_id, outcome=outcome, undone_at=now, undone_by=by)


def open_escalation(
    *, entry: QueueEntry, why: Escalation.Why, by: User | None, question: str, at: datetime
) -> Escalation:
    """Open the wait for a lead's decision on an item."""
    escalation = Escalation.objects.create(
        workspace_id=entry.workspace_id,
        item_id=entry.item_id,
        entry=entry,
        why=why,
        opened_at=at,
        opened_by=by,
    )
    EscalationContent.objects.create(escalation=escalation, workspace_id=entry.workspace_id, question=question)
    return escalation


def end_escalation(*, item_id: UUID, reason: Escalation.End, by: User | None, at: datetime) -> int:
    """End the item's open escalation, if there is one."""
    return Escalation.objects.filter(item_id=item_id, ended_at=None).update(
        ended_at=at, ended_by=by, end_reason=reason
    )


def resume_escalation(*, entry: QueueEntry) -> None:
    """Open the escalation again whose decision was undone."""
    last = Escalation.objects.filter(item_id=entry.item_id, entry=entry).order_by("-opened_at").first()
    if last:
        Escalation.objects.filter(pk=last.pk).update(ended_at=None, ended_by=None, end_reason="")


def open_appeal(*, item: Item, against: Outcome | None, said_by: str, reason: str, at: datetime) -> Appeal:
    """Open the wait of a person affected for a new decision; what they say is apart."""
    appeal = Appeal.objects.create(workspace_id=item.workspace_id, item=item, against=against, opened_at=at)
    AppealContent.objects.create(appeal=appeal, workspace_id=item.workspace_id, said_by=said_by, reason=reason)
    return appeal


def end_appeal(*, item: Item, outcome: Outcome, upheld: bool, at: datetime) -> None:
    """End the item's open appeal, if there is one, with the outcome that answers it."""
    reason = Appeal.End.UPHELD if upheld else Appeal.End.CHANGED
    Appeal.objects.filter(item=item, ended_at=None).update(ended_at=at, outcome=outcome, end_reason=reason)


def resume_appeal(*, outcome: Outcome) -> None:
    """Open the appeal again whose answer was undone."""
    Appeal.objects.filter(outcome=outcome).update(ended_at=None, outcome=None, end_reason="")


def open_follow_ups(*, outcomes: Sequence[Outcome], due_at: datetime, now: datetime) -> list[FollowUp]:
    """Open a follow-up for each outcome; nobody has it yet."""
    return FollowUp.objects.bulk_create(
        FollowUp(
            workspace_id=outcome.workspace_id,
            item_id=outcome.item_id,
            outcome=outcome,
            opened_at=now,
            due_at=due_at,
        )
        for outcome in outcomes
    )


def take_follow_up(*, follow_up: FollowUp, owner: User, at: datetime) -> int:
    """Give an open follow-up its owner, unless it has changed hands since it was read; return how many changed."""
    still = FollowUp.objects.filter(pk=follow_up.pk, done_at=None, owner=follow_up.owner_id)
    return still.update(owner=owner, taken_at=at)


def finish_follow_up(*, follow_up: FollowUp, by: User | None, note: str, at: datetime) -> int:
    """End an open follow-up, the words apart; return how many ended. Who ends one that nobody has, had it."""
    ended = FollowUp.objects.filter(pk=follow_up.pk, done_at=None).update(done_at=at, done_by=by)
    if ended and by:
        FollowUp.objects.filter(pk=follow_up.pk, owner=None).update(owner=by, taken_at=at)
    if ended:
        FollowUpContent.objects.update_or_create(
            follow_up=follow_up, defaults={"workspace_id": follow_up.workspace_id, "note": note}
        )
    return ended


def reopen_follow_up(*, follow_up: FollowUp) -> int:
    """Open a follow-up again that was said to be done; return how many opened. What was said of it stays."""
    return FollowUp.objects.filter(pk=follow_up.pk, done_at__isnull=False).update(done_at=None, done_by=None)
