"""Limits of a source: how much it may send, and counting how much of it waits."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from reviewqueue.audit.actions import Actor, record
from reviewqueue.common.errors import Invalid, Place

from ..models import Source

MOST = 1_000_000_000
LATELY = timedelta(minutes=15)


def limit_source(
    *, source: Source, items_per_minute: int | None, open_items_most: int | None, by: Actor, now: datetime
) -> None:
    """Set how many items a minute a source may send, and how many of its items may be open.

    None stands for what the settings say. Raises Invalid.
    """
    limits = {"items_per_minute": items_per_minute, "open_items_most": open_items_most}
    wrong = [name for name, value in limits.items() if value is not None and not 1 <= value <= MOST]
    if wrong:
        places = [Place(f"#/{name}", f"From 1 to {MOST:,}.") for name in wrong]
        raise Invalid("This is no limit.", places=places)
    with transaction.atomic():
        Source.objects.filter(pk=source.pk).update(**limits)
        record(
            workspace_id=source.workspace_id,
            verb="limit",
            subject=("source", source.pk),
            by=by,
            at=now,
            data=limits,
        )


_COUNT = """
WITH standing AS (
  SELECT i.source_id, s.state FROM intake_itemstate s JOIN intake_item i ON i.id = s.item_id
  WHERE s.workspace_id = ANY(%(workspaces)s)
    AND (s.state IN ('received', 'queued', 'in_review') OR (s.state = 'settled' AND s.since > %(lately)s))
), counted AS (
  SELECT source_id, count(*) FILTER (WHERE state = 'received') AS received,
         count(*) FILTER (WHERE state <> 'settled') AS open_items,
         count(*) FILTER (WHERE state = 'settled') AS settled_lately
  FROM standing GROUP BY source_id)
INSERT INTO intake_sourceload (source_id, workspace_id, received, open_items, settled_lately, counted_at)
SELECT s.id, s.workspace_id, coalesce(received, 0), coalesce(open_items, 0), coalesce(settled_lately, 0), %(now)s
FROM intake_source s LEFT JOIN counted ON counted.source_id = s.id WHERE s.workspace_id = ANY(%(workspaces)s)
ON CONFLICT (source_id) DO UPDATE SET received = EXCLUDED.received, open_items = EXCLUDED.open_items,
  settled_lately = EXCLUDED.settled_lately, counted_at = EXCLUDED.counted_at
"""


def count_open(*, workspace_ids: Sequence[UUID], now: datetime) -> bool:
    """Count what waits of each source of these workspaces; False when another process is counting."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('count open items', 0))")
        if not cursor.fetchone()[0]:
            return False
        cursor.execute(_COUNT, {"workspaces": list(workspace_ids), "lately": now - LATELY, "now": now})
    return True
