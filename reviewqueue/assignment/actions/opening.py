"""Opening slots: the reviews that an entry needs, each in the lane of its skills and language."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from reviewqueue.common.errors import Conflict
from reviewqueue.triage.models import QueueEntry

from ..models import Lane, Slot

MAX_LANES = 1_000
ADJUDICATE = "adjudicate"

# Lanes are few and never change, so each process remembers those it has seen committed.
_seen: dict[tuple[UUID, tuple[str, ...], str], UUID] = {}


def lane_for(*, workspace_id: UUID, queue_id: UUID, skills: Sequence[str], language: str) -> UUID:
    """Return the lane for a set of needs, opening it when it is new. Raises Conflict beyond 1,000 lanes."""
    needs = tuple(sorted(set(skills)))
    key = (queue_id, needs, language)
    if key in _seen:
        return _seen[key]
    lane, created = Lane.objects.get_or_create(
        queue_id=queue_id, skills=list(needs), language=language, defaults={"workspace_id": workspace_id}
    )
    if created and Lane.objects.filter(workspace_id=workspace_id).count() > MAX_LANES:
        raise Conflict(f"A workspace has at most {MAX_LANES:,} combinations of queue, skills and language.")
    # a lane of a transaction that is rolled back is not there, so it is remembered once that has committed
    transaction.on_commit(lambda: _seen.__setitem__(key, lane.pk))
    return lane.pk


def open_slots(*, entries: Sequence[QueueEntry], kind: Slot.Kind = Slot.Kind.REVIEW) -> list[Slot]:
    """Open the slots that entries need. Adjudications go to lanes that only leads have; an appeal needs one."""
    slots = []
    for entry in entries:
        skills, language = _needs(entry, kind)
        lane_id = lane_for(workspace_id=entry.workspace_id, queue_id=entry.queue_id, skills=skills, language=language)
        wanted = entry.reviews_required if kind == Slot.Kind.REVIEW else 1
        slots += [_slot(entry, lane_id, number, kind) for number in range(1, wanted + 1)]
    return Slot.objects.bulk_create(slots)


def _needs(entry: QueueEntry, kind: Slot.Kind) -> tuple[Sequence[str], str]:
    """Return the skills and the language a slot asks for; any lead of the queue may decide what was escalated."""
    return ([ADJUDICATE], "") if kind == Slot.Kind.ADJUDICATION else (entry.required_skills, entry.language)


def _slot(entry: QueueEntry, lane_id: UUID, number: int, kind: Slot.Kind) -> Slot:
    return Slot(
        workspace_id=entry.workspace_id,
        entry=entry,
        item_id=entry.item_id,
        lane_id=lane_id,
        number=number,
        kind=kind,
        rank=entry.rank,
    )


def rerank(*, ranks: dict[UUID, int]) -> None:
    """Move the open slots of stays to other places in the line; ``ranks`` are by the stay's id."""
    for entry_id, rank in sorted(ranks.items()):
        Slot.objects.filter(entry_id=entry_id, closed_at=None).update(rank=rank)
