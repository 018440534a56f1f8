"""Stops, as far as triage goes: what would pass waits on, and goes on by itself when the stop has ended."""

from collections.abc import Mapping

from django.db import connection

from reviewqueue.intake.models import Item
from reviewqueue.queues.models import Stop
from reviewqueue.queues.rules import UNTIL_THE_END

from ..models import Pending


def wait_out(*, stops: Mapping[Item, Stop]) -> None:
    """Open the wait of items again whose triage was just finished: each until the end of its stop."""
    Pending.objects.bulk_create(
        Pending(item=item, workspace_id=item.workspace_id, due_at=UNTIL_THE_END, stop=stop)
        for item, stop in stops.items()
    )


# Due since they came: they are decided before what is newer.
_GO_ON = """
UPDATE triage_pending p SET stop_id = NULL, due_at = i.received_at
FROM intake_item i
WHERE i.id = p.item_id AND p.item_id = ANY(ARRAY(
  SELECT item_id FROM triage_pending WHERE stop_id = %(stop)s LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
"""


def go_on(*, stop: Stop, limit: int = 1000) -> int:
    """Let items be triaged that waited for the end of a stop; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_GO_ON, {"stop": stop.pk, "limit": limit})
        return cursor.rowcount
