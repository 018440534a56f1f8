"""Opening slots: the reviews that an entry needs, each in the lane of its skills and language."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import connection, transaction

from reviewqueue.common.errors import Conflict
from reviewqueue.common.rows import insert_all
from reviewqueue.triage.models import QueueEntry

from ..models import Lane, Slot
from .stopping import keep_back

MAX_LANES = 1_000
ADJUDICATE = "adjudicate"
#: How the need of a lane begins whose slots one named person decides.
DECIDES = "decides-"

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


def decided_by(user_id: UUID) -> str:
    """Return the need of a lane whose slots one named adjudicator decides; nobody has it as a skill."""
    return f"{DECIDES}{user_id.hex}"


def named_in(lane_skills: Sequence[str]) -> UUID | None:
    """Return the adjudicator that a lane's needs name, if they name one."""
    named = next((one for one in lane_skills if one.startswith(DECIDES)), None)
    return UUID(hex=named.removeprefix(DECIDES)) if named else None


def open_slots(
    *, entries: Sequence[QueueEntry], kind: Slot.Kind = Slot.Kind.REVIEW, decides: UUID | None = None
) -> list[Slot]:
    """Open the slots that entries need; an appeal needs one.

    Adjudications go to lanes that only leads have, or to that of the person who ``decides``.
    """
    slots = []
    lanes: dict[tuple[UUID, tuple[str, ...], str], UUID] = {}  # a new one is remembered only once it is committed
    for entry in entries:
        skills, language = _needs(entry, kind, decides)
        needs = entry.queue_id, tuple(skills), language
        if needs not in lanes:
            of = {"workspace_id": entry.workspace_id, "queue_id": entry.queue_id}
            lanes[needs] = lane_for(**of, skills=skills, language=language)
        wanted = entry.reviews_required if kind == Slot.Kind.REVIEW else 1
        slots += [_slot(entry, lanes[needs], number, kind) for number in range(1, wanted + 1)]
    keep_back(slots)
    return list(insert_all(Slot, slots))


def open_to_leads(*, slot: Slot) -> None:
    """Let any lead of the queue decide what one named person was to decide."""
    lane_id = lane_for(workspace_id=slot.workspace_id, queue_id=slot.entry.queue_id, skills=[ADJUDICATE], language="")
    Slot.objects.filter(pk=slot.pk).update(lane_id=lane_id)


def _needs(entry: QueueEntry, kind: Slot.Kind, decides: UUID | None) -> tuple[Sequence[str], str]:
    """Return the skills and the language a slot asks for; any lead of the queue may decide what was escalated."""
    if kind != Slot.Kind.ADJUDICATION:
        return entry.required_skills, entry.language
    return [decided_by(decides) if decides else ADJUDICATE], ""


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


_RERANK = """
WITH theirs AS MATERIALIZED (
  SELECT s.id, given.rank FROM unnest(%(entries)s::uuid[], %(ranks)s::bigint[]) AS given (entry_id, rank)
  JOIN assignment_slot s ON s.entry_id = given.entry_id AND s.closed_at IS NULL
  ORDER BY s.id FOR NO KEY UPDATE OF s)
UPDATE assignment_slot s SET rank = theirs.rank FROM theirs WHERE s.id = theirs.id
"""


def rerank(*, ranks: Mapping[UUID, int]) -> None:
    """Move the open slots of stays to other places in the line; ``ranks`` are by the stay's id."""
    with connection.cursor() as cursor:
        cursor.execute(_RERANK, {"entries": list(ranks), "ranks": list(ranks.values())})
