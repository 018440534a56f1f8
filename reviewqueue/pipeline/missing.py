"""Missed: what was not over when it was due is put on record, each stay once, with why."""

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from reviewqueue.audit.actions import SYSTEM, record_all
from reviewqueue.common.failpoints import failpoint
from reviewqueue.metrics.queries.missing import AT_ONCE, late_stays, stayed
from reviewqueue.metrics.rules.missing import why_missed
from reviewqueue.triage.actions.missing import note_looked, write_misses
from reviewqueue.triage.models import Miss

from .moves import item_event


def find_misses(*, workspace_id: UUID, now: datetime) -> list[Miss]:
    """Put a workspace's next misses on record; call it again while it finds some.

    Two sweepers look one after the other, so each miss is written, and told to the audit trail, once.
    """
    with transaction.atomic():
        _look_alone(workspace_id)
        entries = late_stays(workspace_id=workspace_id, now=now)
        known = stayed(workspace_id=workspace_id, entries=entries) if entries else {}
        misses = []
        for entry in entries:
            why, facts = why_missed(known[entry.pk])
            misses.append(
                Miss(
                    workspace_id=workspace_id,
                    entry=entry,
                    queue_id=entry.queue_id,
                    due_at=entry.due_at,
                    found_at=now,
                    why=why,
                    facts=facts,
                )
            )
        write_misses(misses=misses)
        record_all(
            item_event(workspace_id, "miss", one.entry.item_id, SYSTEM, now, why=str(one.why)) for one in misses
        )
        if len(entries) < AT_ONCE:
            note_looked(workspace_id=workspace_id, until=now)
        failpoint("misses.found")
    return misses


def _look_alone(workspace_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('misses:' || %s, 0))", [str(workspace_id)])
