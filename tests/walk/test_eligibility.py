"""Who may take an item (I-12): every cell of workspace x skill x language x second reviewer x appeal x adjudicator.

Two doors lead to an item, the claim and the assignment by a lead; a cell is what both say of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from django.db import transaction

from reviewqueue import pipeline
from reviewqueue.accounts.access import viewer_of_member
from reviewqueue.accounts.models import Membership
from reviewqueue.assignment.actions import exclude, open_slots
from reviewqueue.assignment.eligibility import adjudicator_for
from reviewqueue.assignment.models import Exclusion, Slot
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.errors import Conflict
from reviewqueue.queues.actions import join_queue
from reviewqueue.queues.models import Queue
from reviewqueue.review.actions import open_appeal
from reviewqueue.triage.models import QueueEntry
from tests.cast import NOW, Cast
from tests.steps import queued

BOTH = (True, False)


@dataclass(frozen=True)
class Cell:
    """One combination: who the person is, what the item asks for, and what is between them."""

    here: bool
    is_lead: bool
    skilled: bool
    speaks: bool
    had_it: bool
    appealed: bool
    decides: str  # "" for an ordinary review; else who is to decide between reviewers: "any lead", "the one named"

    @property
    def may(self) -> bool:
        """Whether a lead may give it to them."""
        if not self.here:
            return False
        if self.decides == "the one named" and not self.had_it:
            return True  # whatever their role
        if self.decides:
            return self.is_lead and not (self.had_it and self.appealed)
        return not self.had_it  # a lead knows what they do: skill and language do not bind them

    @property
    def finds(self) -> bool:
        """Whether the next one that they take is this."""
        return self.may and not self.had_it and (bool(self.decides) or (self.skilled and self.speaks))


CELLS = [Cell(*cell) for cell in product(BOTH, BOTH, BOTH, BOTH, BOTH, BOTH, ("", "any lead", "the one named"))]


def person(cast: Cast, cell: Cell) -> Membership:
    member = cast.reviewer2 if cell.here else cast.stranger
    member.role = "lead" if cell.is_lead else "reviewer"
    member.skills = ["refunds"] if cell.skilled else []
    member.languages = ["de"] if cell.speaks else ["en"]
    member.save()
    return member


def slot_of(cast: Cast, cell: Cell, member: Membership, *, noted: bool) -> Slot:
    """Open the one slot of the cell's item, as the walk does."""
    entry = QueueEntry.objects.get()
    Slot.objects.all().delete()
    entry.required_skills, entry.language = ["refunds"], "de"
    entry.save()
    if cell.had_it and noted:
        reason = Exclusion.Reason.SEEN if cell.appealed else Exclusion.Reason.REVIEWED
        exclude(
            item_id=entry.item_id, workspace_id=cast.workspace.pk, user_ids=[member.user_id], reason=reason, at=NOW
        )
    if cell.appealed:
        open_appeal(item=entry.item, against=None, said_by="", reason="", at=NOW)
    named = member.user_id if cell.decides == "the one named" else None
    Queue.objects.filter(pk=entry.queue_id).update(adjudicator=named)
    kind = Slot.Kind.ADJUDICATION if cell.decides else Slot.Kind.APPEAL if cell.appealed else Slot.Kind.REVIEW
    open_slots(entries=[entry], kind=kind, decides=adjudicator_for(entry, now=NOW))
    return Slot.objects.select_related("entry", "lane").get()


def claimed(cast: Cast, member: Membership) -> bool:
    with transaction.atomic():
        turn = pipeline.claim_next(membership=member, queues=[cast.support], now=NOW)
        transaction.set_rollback(True)
    return turn is not None


def given(cast: Cast, slot: Slot, member: Membership) -> bool:
    try:
        with transaction.atomic():
            pipeline.assign(slot=slot, to=member.user, by=viewer_of_member(cast.lead), now=NOW)
            transaction.set_rollback(True)
    except Conflict:
        return False
    return True


def wrong_cells(cast: Cast, cells: list[Cell], *, noted: bool = True) -> Iterator[Cell]:
    """Yield the cells that one of the doors gets wrong; with ``noted`` off, nobody remembers who had the item."""
    queued(cast)
    join_queue(queue=cast.support, user=cast.stranger.user, by=SYSTEM, now=NOW)
    for cell in cells:
        with transaction.atomic():
            member = person(cast, cell)
            slot = slot_of(cast, cell, member, noted=noted)
            found = claimed(cast, member), given(cast, slot, member)
            transaction.set_rollback(True)
        if found != (cell.finds, cell.may):
            yield cell


def test_every_cell_by_both_doors(cast: Cast) -> None:
    assert len(CELLS) == 2**6 * 3
    assert list(wrong_cells(cast, CELLS)) == []


def test_without_the_memory_of_who_had_it_the_matrix_says_so(cast: Cast) -> None:
    """The tooth: wherever somebody here who has had the item would otherwise take it, the matrix is wrong then."""
    had = [cell for cell in CELLS if cell.here and cell.had_it and cell.skilled and cell.speaks and not cell.decides]
    assert set(wrong_cells(cast, had, noted=False)) == set(had)
