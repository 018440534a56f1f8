"""What the three levers act on: recent items as a policy saw them, people who could help, items nobody owns."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import QuerySet

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import Membership, Role
from reviewqueue.accounts.queries import members_visible_to
from reviewqueue.assignment.models import Slot
from reviewqueue.assignment.queries import slots_visible_to
from reviewqueue.queues.models import QueueMember

from ..rules import Seen, due_step

#: As many of the newest reviewed items say enough about what a rule would change.
SEEN = 1_000

# What an overload plan thins counts as it came: it is thinned as long as there is too much.
_SEEN = """
SELECT i.confidence, i.risk_level, i.risk_tags, i.kind, s.slug, m.version, i.attributes, e.queue_id,
       CASE WHEN d.facts ? 'thinned' THEN 1 ELSE d.probability END
FROM (SELECT * FROM intake_item WHERE workspace_id = %(workspace)s AND received_at > %(since)s
      ORDER BY received_at DESC LIMIT %(limit)s) i
JOIN triage_triagedecision d ON d.item_id = i.id AND d.pass_number = 1 AND d.result = 'review'
JOIN triage_queueentry e ON e.decision_id = d.id AND e.item_id = i.id
JOIN intake_source s ON s.id = i.source_id
LEFT JOIN intake_modelversion m ON m.id = i.model_version_id
"""


def seen_since(*, viewer: Viewer, since: datetime) -> list[Seen]:
    """Return the newest items that a policy sent to people, with what it looked at."""
    asked: dict[str, Any] = {"workspace": viewer.workspace_id, "since": since, "limit": SEEN}
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, asked)
        rows = cursor.fetchall()
    names = ("confidence", "risk_level", "risk_tags", "kind", "source", "model_version", "attributes")
    return [
        Seen(_facts(dict(zip(names, row[:7], strict=True))), queue_id=row[7], probability=row[8] or 1.0)
        for row in rows
    ]


def _facts(facts: dict) -> dict:
    attributes = facts["attributes"]
    loaded = orjson.loads(attributes) if isinstance(attributes, str) else attributes
    return {**facts, "risk_level": facts["risk_level"] or None, "attributes": loaded}


def who_could_help(viewer: Viewer) -> QuerySet[Membership]:
    """Return the members who may take items."""
    return members_visible_to(viewer).filter(role__in=[Role.REVIEWER, Role.LEAD, Role.ADMIN])


def queue_members(viewer: Viewer) -> dict[UUID, set[UUID]]:
    """Return who may take from each queue, at work or not."""
    found: dict[UUID, set[UUID]] = {}
    rows = QueueMember.objects.filter(workspace_id=viewer.workspace_id, ended_at=None)
    for queue_id, user_id in rows.values_list("queue_id", "user_id"):
        found.setdefault(queue_id, set()).add(user_id)
    return found


@dataclass(frozen=True, slots=True)
class Unowned:
    """A class of waiting items that nobody has been given."""

    tag: str
    count: int


def unowned_slots(viewer: Viewer, *, tag: str = "", queue_ids: Sequence[UUID] = ()) -> QuerySet[Slot]:
    """Return the waiting reviews that nobody holds, in the order of their line."""
    free = slots_visible_to(viewer).filter(holder=None, closed_at=None, held_until=None, entry__ended_at=None)
    if queue_ids:
        free = free.filter(lane__queue_id__in=queue_ids)
    if tag:
        free = free.filter(item__risk_tags__contains=[tag])
    return free.select_related("entry__queue", "item").order_by("rank", "pk")


_CLASSES = """
SELECT tag, count(*) FROM assignment_lane l
JOIN assignment_slot s ON s.lane_id = l.id AND s.holder_id IS NULL AND s.closed_at IS NULL AND s.held_until IS NULL
JOIN intake_item i ON i.id = s.item_id, unnest(i.risk_tags) AS tag
WHERE l.queue_id = ANY(%(queues)s) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 12
"""


def unowned_classes(*, queue_ids: Sequence[UUID]) -> list[Unowned]:
    """Return the risk tags of the items that nobody has been given, the most frequent first."""
    with connection.cursor() as cursor:
        cursor.execute(_CLASSES, {"queues": list(queue_ids)})
        return [Unowned(tag, count) for tag, count in cursor.fetchall()]


def due_steps(slots: Sequence[Slot], now: datetime) -> dict[UUID, Counter[datetime]]:
    """Return, by queue, how many of these items are due when (each item once), as the board counts them."""
    found: dict[UUID, Counter[datetime]] = {}
    for entry in {slot.entry_id: slot.entry for slot in slots}.values():
        due = due_step(entry.due_at.astimezone(now.tzinfo), now)
        found.setdefault(entry.queue_id, Counter())[due] += 1
    return found
