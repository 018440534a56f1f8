"""What an operator watches: how much waits where, since when, and whether due work is done. For Prometheus.

Each number is read through an index over what is open, and counted to a bound: the past costs nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from reviewqueue.intake.models import State

#: More than this is counted as this.
COUNTED = 1_000_000
#: Of so many stays of a queue, the first due, the one that waits longest is looked for.
LOOKED_AT = 10_000
OPEN = (State.RECEIVED.value, State.QUEUED.value, State.IN_REVIEW.value, State.ESCALATED.value)


@dataclass(frozen=True, slots=True)
class Gauge:
    """One number of some things: its name, what it says, the names of its labels, and (labels, value) for each."""

    name: str
    about: str
    labels: tuple[str, ...]
    values: list[tuple[tuple[str, ...], float]]


_ITEMS = """
SELECT w.slug, s.state, (SELECT count(*) FROM (
  SELECT FROM intake_itemstate i WHERE i.workspace_id = w.id AND i.state = s.state LIMIT %(counted)s) AS found)
FROM accounts_workspace w CROSS JOIN unnest(%(states)s::text[]) AS s (state) WHERE {mine}
"""
_READY = """
SELECT w.slug, q.slug, (SELECT count(*) FROM (
  SELECT FROM assignment_lane l JOIN assignment_slot s ON s.lane_id = l.id
  WHERE l.queue_id = q.id AND s.holder_id IS NULL AND s.closed_at IS NULL AND s.held_until IS NULL
  LIMIT %(counted)s) AS found)
FROM queues_queue q JOIN accounts_workspace w ON w.id = q.workspace_id WHERE {mine}
"""
_OLDEST = """
SELECT w.slug, q.slug, (SELECT extract(epoch FROM %(now)s - min(found.placed_at)) FROM (
  SELECT e.placed_at FROM triage_queueentry e WHERE e.queue_id = q.id AND e.ended_at IS NULL
  ORDER BY e.due_at LIMIT %(looked_at)s) AS found)
FROM queues_queue q JOIN accounts_workspace w ON w.id = q.workspace_id WHERE {mine}
"""
_GATES = """
SELECT w.slug, (SELECT count(*) FROM (
  SELECT FROM intake_gate g WHERE g.workspace_id = w.id AND g.closed_at IS NULL LIMIT %(counted)s) AS found)
FROM accounts_workspace w WHERE {mine}
"""
_DELIVERIES = """
SELECT w.slug, (SELECT count(*) FROM (
  SELECT FROM delivery_webhook h JOIN delivery_delivery d ON d.webhook_id = h.id
  WHERE h.workspace_id = w.id AND d.delivered_at IS NULL AND d.given_up_at IS NULL LIMIT %(counted)s) AS found)
FROM accounts_workspace w WHERE {mine}
"""
_CIRCUITS = """
SELECT w.slug, (SELECT count(*) FROM delivery_webhook h
                WHERE h.workspace_id = w.id AND h.disabled_at IS NULL AND h.opened_at IS NOT NULL)
FROM accounts_workspace w WHERE {mine}
"""
# Work that is due and not done: with a worker and run_due alive it is seconds old at most.
_OVERDUE = """
SELECT due.work, greatest(0, extract(epoch FROM %(now)s - due.at)) FROM (
  SELECT 'triage' AS work, (SELECT min(w.due_at) FROM triage_pending w WHERE {whose}) AS at
  UNION ALL SELECT 'publish', (SELECT min(w.due_at) FROM review_duepublication w WHERE {whose})
  UNION ALL SELECT 'gates', (SELECT min(w.deadline_at) FROM intake_gate w WHERE w.closed_at IS NULL AND {whose})
  UNION ALL SELECT 'expire', (SELECT min(w.expires_at) FROM assignment_slot w
                              WHERE w.holder_id IS NOT NULL AND w.closed_at IS NULL AND {whose})
  UNION ALL SELECT 'deliver', (
    SELECT min(first.due_at) FROM delivery_webhook w CROSS JOIN LATERAL (
      SELECT min(d.due_at) AS due_at FROM delivery_delivery d
      WHERE d.webhook_id = w.id AND d.delivered_at IS NULL AND d.given_up_at IS NULL) AS first
    WHERE w.disabled_at IS NULL AND w.paused_at IS NULL AND w.opened_at IS NULL AND {whose})) AS due
"""
_BY_WORKSPACE, _BY_QUEUE = ("workspace",), ("workspace", "queue")
GAUGES: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("reviewqueue_items", "Items that are not done, by state.", ("workspace", "state"), _ITEMS),
    ("reviewqueue_slots_ready", "Reviews that somebody could claim now.", _BY_QUEUE, _READY),
    ("reviewqueue_oldest_seconds", "How long the longest waiting item of a queue waits.", _BY_QUEUE, _OLDEST),
    ("reviewqueue_gates_open", "Held answers whose AI systems wait.", _BY_WORKSPACE, _GATES),
    ("reviewqueue_deliveries_waiting", "Webhook messages not delivered yet.", _BY_WORKSPACE, _DELIVERIES),
    ("reviewqueue_webhooks_failing", "Webhooks whose circuit is open.", _BY_WORKSPACE, _CIRCUITS),
    ("reviewqueue_overdue_seconds", "For how long the oldest due work of a sort was not done.", ("work",), _OVERDUE),
)


def gauges(*, now: datetime, workspace_id: UUID | None = None) -> Iterator[Gauge]:
    """Yield what an operator watches, of one workspace or of all."""
    mine, whose = ("w.id = %(id)s", "w.workspace_id = %(id)s") if workspace_id else ("true", "true")
    given = {"now": now, "id": workspace_id, "counted": COUNTED, "looked_at": LOOKED_AT, "states": list(OPEN)}
    for name, about, labels, sql in GAUGES:
        rows = _rows(sql.format(mine=mine, whose=whose), given)
        yield Gauge(name, about, labels, [(tuple(row[:-1]), float(row[-1] or 0)) for row in rows])


def _rows(sql: str, given: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return cursor.fetchall()
