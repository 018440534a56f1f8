"""Stops, as far as turns go: nothing stopped is handed out, and what comes from a stopped source leaves its line."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from reviewqueue.queues.models import Stop
from reviewqueue.queues.queries import stops_of
from reviewqueue.queues.rules import UNTIL_THE_END, Stopped
from reviewqueue.triage.models import QueueEntry

from ..models import Slot

PAGE = 500


def refuse_stopped(*, workspace_id: UUID, entry_id: UUID) -> None:
    """Raise Stopped when a stay's queue, its item's source, or the workspace is stopped."""
    running = stops_of(workspace_id)
    if not running:
        return
    queue_id, source = QueueEntry.objects.values_list("queue_id", "item__source__slug").get(pk=entry_id)
    if stop := running.over(source=source, queue_id=queue_id):
        raise Stopped(stop)


def keep_back(slots: Iterable[Slot]) -> None:
    """Let slots about to be opened begin outside the line whose item comes from a stopped source."""
    for slot in slots:
        running = stops_of(slot.workspace_id)
        if running.of_sources and (stop := running.of_source(slot.entry.item.source.slug)):
            slot.stop, slot.held_until = stop, UNTIL_THE_END


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a lane, after which the next page begins."""

    rank: int
    id: UUID


BEGINNING = Place(-(2**63), UUID(int=0))


# The free slots of one page of a lane; of these, those of the source leave the line. A slot that somebody is taking
# at this moment is passed over: its claim finds out by itself.
_HOLD_BACK = """
WITH page AS MATERIALIZED (
  SELECT s.id, s.rank, s.item_id FROM assignment_slot s
  WHERE s.lane_id = %(lane)s AND s.holder_id IS NULL AND s.closed_at IS NULL AND s.held_until IS NULL
    AND (s.rank, s.id) > (%(rank)s, %(id)s)
  ORDER BY s.rank, s.id LIMIT %(limit)s
), held AS (
  UPDATE assignment_slot SET held_until = %(until)s, stop_id = %(stop)s
  WHERE id = ANY(ARRAY(
    SELECT s.id FROM page JOIN intake_item i ON i.id = page.item_id JOIN intake_source f ON f.id = i.source_id
    JOIN assignment_slot s ON s.id = page.id
    WHERE f.slug = %(source)s AND s.holder_id IS NULL AND s.closed_at IS NULL AND s.held_until IS NULL
    FOR NO KEY UPDATE OF s SKIP LOCKED))
  RETURNING id)
SELECT rank, id, (SELECT count(*) FROM held) FROM page ORDER BY rank DESC, id DESC LIMIT 1
"""


def hold_back(*, stop: Stop, lane_id: UUID, after: Place = BEGINNING, limit: int = PAGE) -> Place | None:
    """Take what comes from a stopped source out of one page of a lane; return where the next begins, None at its end.

    The slots leave the line by a column, so that a claim never walks past them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _HOLD_BACK,
            {
                "lane": lane_id,
                "rank": after.rank,
                "id": after.id,
                "limit": limit,
                "until": UNTIL_THE_END,
                "stop": stop.pk,
                "source": stop.source_slug,
            },
        )
        row = cursor.fetchone()
    return Place(row[0], row[1]) if row else None


def clear_heads(*, stop: Stop, lanes: Iterable[UUID]) -> None:
    """Take what comes from a stopped source out of the heads of lanes, where a claim has met it."""
    for lane_id in lanes:
        hold_back(stop=stop, lane_id=lane_id)


# What somebody has put aside meanwhile, or held for longer, stays so.
_LET_GO = """
UPDATE assignment_slot SET stop_id = NULL,
  held_until = CASE WHEN held_until = %(until)s THEN NULL ELSE held_until END
WHERE id = ANY(ARRAY(
  SELECT id FROM assignment_slot WHERE stop_id = %(stop)s LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED))
"""


def let_go(*, stop: Stop, limit: int = PAGE) -> int:
    """Let slots back into their lines, at their old ranks, that a stop held back; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_LET_GO, {"stop": stop.pk, "until": UNTIL_THE_END, "limit": limit})
        return cursor.rowcount
