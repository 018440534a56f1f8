"""How long one review takes in each queue."""

from datetime import datetime
from uuid import UUID

from django.db import connection

#: Fewer reviews than these say nothing about a queue; the workspace's own median stands in.
FEWEST = 5

_HANDLING = """
SELECT e.queue_id, count(*),
  percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM r.submitted_at - a.opened_at))
FROM review_review r
JOIN assignment_assignment a ON a.id = r.assignment_id
JOIN triage_queueentry e ON e.id = r.entry_id
WHERE r.workspace_id = %(workspace)s AND r.submitted_at >= %(since)s
GROUP BY GROUPING SETS ((e.queue_id), ())
"""


def handling_seconds(*, workspace_id: UUID, since: datetime) -> dict[UUID, float]:
    """Return the median seconds from claiming to submitting, by queue; queues where nobody worked are missing.

    A queue with too few reviews has the workspace's median.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HANDLING, {"workspace": workspace_id, "since": since})
        rows = cursor.fetchall()
    everywhere = next((float(seconds) for queue_id, _count, seconds in rows if queue_id is None and seconds), None)
    return {
        queue_id: float(seconds) if count >= FEWEST or everywhere is None else everywhere
        for queue_id, count, seconds in rows
        if queue_id is not None
    }
