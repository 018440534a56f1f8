"""Ruled: the owner of an edge case decides once for all of its items, and what was ruled can be taken back."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import User
from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.models import Assignment, Slot
from reviewqueue.audit.actions import person, record, record_all
from reviewqueue.common.errors import Conflict, Invalid, Place
from reviewqueue.common.failpoints import failpoint
from reviewqueue.edgecases import actions as cases
from reviewqueue.edgecases.actions import Said
from reviewqueue.edgecases.models import EdgeCase, EdgeCaseItem, Ruling
from reviewqueue.edgecases.queries import members_of, ruling_due
from reviewqueue.intake import actions as intake
from reviewqueue.intake.models import Item, Kind, State
from reviewqueue.intake.queries import body_of, output_text, state_of
from reviewqueue.queues.models import ReasonCode
from reviewqueue.review import actions as judging
from reviewqueue.review.models import Decision, DuePublication, Escalation
from reviewqueue.review.rules import Judgement, Ruled, check
from reviewqueue.triage import actions as triage
from reviewqueue.triage.models import QueueEntry

from .moves import hold_entry, item_event, move
from .settling import settle_item

log = logging.getLogger(__name__)

#: So many items that fail are passed by on the way to others; more are a fault of all.
MOST_FAILED = 200

Passed = EdgeCaseItem.PassedOver
#: In what form a ruling's answer corrects an item of a kind; the others need their own words.
ANSWERS = {Kind.CHAT: "content", Kind.TEXT: "content", Kind.CLASSIFICATION: "label"}


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a ruling would make of one item: settled, or passed over and why."""

    member: EdgeCaseItem
    passed_over: str = ""


def foresee(*, case: EdgeCase, said: Said, by: User) -> list[Foreseen]:
    """Return what a ruling would make of each item that is still in the case, and change nothing."""
    waiting = [one for one in members_of(case).select_related("escalation") if one.settled_at is None]
    holders = _holders([one.escalation.entry_id for one in waiting])
    return [Foreseen(one, _obstacle(one, said, holders.get(one.escalation.entry_id), by)) for one in waiting]


def _holders(entry_ids: Sequence[Any]) -> dict[Any, Any]:
    held = Slot.objects.filter(entry_id__in=entry_ids, closed_at=None, holder__isnull=False)
    return dict(held.values_list("entry_id", "holder_id"))


def _obstacle(member: EdgeCaseItem, said: Said, holder_id: Any, by: User) -> str:
    """Return why a ruling leaves an item to a single decision, or nothing."""
    if member.escalation.ended_at is not None:
        return Passed.GONE
    if holder_id not in (None, by.pk):
        return Passed.HELD
    try:
        _judged(member.item, said)
    except Invalid:
        return Passed.DOES_NOT_FIT
    return ""


def _judged(item: Item, said: Said) -> dict[str, Any] | None:
    """Return a ruling's correction of an item, None unless it edits. Raises Invalid when it does not fit."""
    correction = None
    if said.decision == Decision.EDIT:
        correction = {ANSWERS[Kind(item.kind)]: said.answer} if item.kind in ANSWERS else {}
    check(
        Judgement(decision=said.decision, severity=said.severity, correction=correction),
        kind=item.kind,
        output=body_of(item)["output"],
        declaration=item.declaration,
        reasons=[],
    )
    return correction


def rule(*, case: EdgeCase, said: Said, by: Viewer, now: datetime) -> Ruling:
    """Write the ruling on an open case; its items are settled one by one after that (settle_ruled).

    Raises Invalid with every place where something is missing, Conflict when the case is over.
    """
    by.require("lead")
    assert by.user is not None
    check_ruling(case=case, said=said)
    with transaction.atomic():
        held = cases.hold_case(case_id=case.pk)
        if not held.is_open:
            raise Conflict("This edge case is over already.")
        ruling = cases.write_ruling(case=held, said=said, by=by.user, now=now)
        _tell(ruling, "rule", by, now, decision=said.decision)
        failpoint("rule.written")
    return ruling


def check_ruling(*, case: EdgeCase, said: Said) -> None:
    """Raise Invalid with every place where a ruling is incomplete, whatever its items are."""
    places: list[Place] = []
    known = set(ReasonCode.objects.filter(workspace_id=case.workspace_id).values_list("slug", flat=True))
    try:
        text = Judgement(
            decision=said.decision,
            severity=said.severity,
            reason_codes=list(said.reason_codes),
            correction={"content": said.answer} if said.decision == Decision.EDIT else None,
        )
        check(text, kind=Kind.TEXT, output={"content": ""}, declaration=None, reasons=list(known))
    except Invalid as error:
        places.extend(error.places)
    if not any(words.strip() for words in said.words.values()):
        places.append(Place("#/words", "Say in one language at least what reviewers should do."))
    if places:
        raise Invalid("The ruling is incomplete.", places=places)


def settle_ruled(*, now: datetime, ruling: Ruling | None = None, most: int = 50) -> int:
    """Settle items that a ruling has decided, each in its own transaction; return how many are done with.

    Whoever dies in the middle leaves the rest to the next: what is settled, or passed over, is on its row. One that
    fails does not keep the others from theirs.
    """
    done, failed = 0, set[UUID]()
    while done < most and len(failed) < MOST_FAILED:
        members = ruling_due(now=now, ruling=ruling, without=failed, limit=most - done)
        if not members:
            break
        for member in members:
            if _was_settled(member, now):
                done += 1
            else:
                failed.add(member.pk)
            failpoint("settle_ruled.one")
    return done


def _was_settled(member: EdgeCaseItem, now: datetime) -> bool:
    try:
        settle_one(member=member, now=now)
    except Exception:
        log.exception("an item was not settled by its ruling", extra={"item": str(member.item_id)})
        return False
    return True


def settle_one(*, member: EdgeCaseItem, now: datetime) -> None:
    """Settle one item by the ruling on its case, or leave it to a single decision and say why."""
    assert member.ruling is not None
    with transaction.atomic():
        cases.hold_case(case_id=member.case_id)  # so that taking the ruling back waits, or is seen
        entry = hold_entry(member.escalation.entry_id)
        # the escalation before its place in the case, as who regroups it does
        escalation = Escalation.objects.select_for_update(no_key=True).get(pk=member.escalation_id)
        held = EdgeCaseItem.objects.select_for_update(of=("self",)).select_related("ruling").get(pk=member.pk)
        if held.ruling_id != member.ruling_id or held.settled_at or held.removed_at or held.passed_over:
            return  # settled by another worker, taken back, or taken out of the case meanwhile
        held.escalation = escalation
        held.item = Item.objects.select_related("declaration", "content").get(pk=member.item_id)
        said, by = said_by(member.ruling), member.ruling.ruled_by
        if because := _obstacle(held, said, _holders([entry.pk]).get(entry.pk), by):
            cases.pass_over(member=held, because=Passed(because))
            return
        _settle(held, entry, said, by, now)
        failpoint("settle_one.settled")


def _settle(member: EdgeCaseItem, entry: QueueEntry, said: Said, by: User, now: datetime) -> None:
    item = member.item
    correction = _judged(item, said)
    turns.close_open_slots(entry_id=entry.pk, reason=Assignment.End.REASSIGNED, by=by, at=now)
    ruled = Ruled(
        decision=said.decision,
        severity=said.severity,
        reason_codes=list(said.reason_codes),
        follow_up=said.follow_up,
    )
    outcome = settle_item(
        item=item,
        entry=entry,
        settlement=ruled,
        correction=orjson.dumps(correction).decode() if correction else "",
        output=output_text(item),
        reviewers=1,
        by=by,
        at=now,
    )
    if not cases.note_settled(member=member, outcome=outcome, at=now):
        raise Conflict("The ruling was taken back at this moment.")


def said_by(ruling: Ruling) -> Said:
    """Return what a ruling says, as it is applied to items."""
    content = ruling.content
    return Said(
        decision=ruling.decision,
        severity=ruling.severity,
        reason_codes=ruling.reason_codes,
        follow_up=ruling.follow_up,
        answer="" if content.redacted_at else content.answer,
    )


def take_back(*, ruling: Ruling, by: Viewer, now: datetime) -> int:
    """Take a ruling back while an outcome of it can be undone: those wait for a lead again, the case is open.

    What has been sent stays as it is. Return how many were undone. Raises TooLateToUndo when all has been sent.
    """
    by.require("lead")
    assert by.user is not None
    with transaction.atomic():
        case = cases.hold_case(case_id=ruling.case_id)
        if case.ruled_at is None or Ruling.objects.filter(pk=ruling.pk, taken_back__isnull=False).exists():
            raise Conflict("This ruling was taken back already.")
        settled = _undoable(ruling)
        stays = QueueEntry.objects.filter(pk__in=[one.escalation.entry_id for one in settled])
        held = {one.pk: one for one in stays.select_for_update(no_key=True, of=("self",)).order_by("pk")}
        undone = [one for one in settled if _undo(one, held[one.escalation.entry_id], by.user, now)]
        if not undone and EdgeCaseItem.objects.filter(ruling=ruling, settled_at__isnull=False).exists():
            raise judging.TooLateToUndo
        cases.note_undone(members=undone)
        cases.take_back(ruling=ruling, by=by.user, now=now)
        _tell(ruling, "take_back_ruling", by, now, undone=len(undone))
        failpoint("take_back.done")
    return len(undone)


def _undoable(ruling: Ruling) -> list[EdgeCaseItem]:
    members = EdgeCaseItem.objects.filter(ruling=ruling, settled_at__isnull=False).select_related(
        "outcome", "escalation"
    )
    waiting = DuePublication.objects.filter(outcome__in=members.values("outcome_id")).values("outcome_id")
    return list(members.filter(outcome__in=waiting).order_by("pk"))


def _undo(member: EdgeCaseItem, entry: QueueEntry, by: User, now: datetime) -> bool:
    """Undo one outcome of a ruling; return whether it was still possible."""
    outcome = member.outcome
    assert outcome is not None
    intake.hold_states(item_ids=[member.item_id])
    if state_of(member.item_id) != State.SETTLED:
        return False  # said to be wrong meanwhile: people look at it again
    try:
        judging.undo(outcome=outcome, by=by, now=now)
    except judging.TooLateToUndo:
        return False
    triage.resume_stay(entry=entry)
    slot = Slot.objects.filter(entry=entry).latest("number")
    turns.reopen_slot(slot_id=slot.pk)
    judging.resume_escalation(entry=entry)
    judging.resume_appeal(outcome=outcome)
    move([member.item_id], State.ESCALATED, now, of=[State.SETTLED])
    record_all([item_event(member.workspace_id, "undo", member.item_id, person(by.pk), now)])
    return True


def _tell(ruling: Ruling, verb: str, by: Viewer, now: datetime, **data: Any) -> None:
    record(
        workspace_id=ruling.workspace_id,
        verb=verb,
        subject=("ruling", ruling.pk),
        by=by.actor,
        at=now,
        data={"case": str(ruling.case_id), "version": ruling.version, **data},
    )
