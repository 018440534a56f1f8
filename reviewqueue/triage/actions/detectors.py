"""The verbs around detectors: switched on and off per source, late looks at held answers, sketches of open items."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from reviewqueue import detectors
from reviewqueue.accounts.models import User
from reviewqueue.audit.actions import Actor, record
from reviewqueue.common.errors import Invalid
from reviewqueue.intake.models import Item, Source

from ..models import DetectorSetting, Finding, LateLook, RoutingRule, Sketch

#: A late look that ends its worker is taken again after so long.
LEASE = timedelta(seconds=60)


def switch_detector(
    *, source: Source, detector: str, on: bool, by: User | None, actor: Actor, now: datetime
) -> DetectorSetting | None:
    """Switch a detector on or off for what a source sends from now on; return the setting while it is on.

    What is as it should be already stays as it is. Raises Invalid for a detector that nobody knows.
    """
    if detector not in detectors.known():
        raise Invalid("There is no such detector.")
    with transaction.atomic():
        Source.objects.select_for_update(no_key=True).get(pk=source.pk)
        setting = DetectorSetting.objects.filter(source=source, detector=detector, ended_at=None).first()
        if on == bool(setting):
            return setting
        if setting:
            DetectorSetting.objects.filter(pk=setting.pk).update(ended_at=now, ended_by=by)
        else:
            setting = DetectorSetting.objects.create(
                workspace_id=source.workspace_id, source=source, detector=detector, since=now, by=by
            )
        record(
            workspace_id=source.workspace_id,
            verb="switch_on" if on else "switch_off",
            subject=("source", source.pk),
            by=actor,
            at=now,
            data={"detector": detector},
        )
    return setting if on else None


_AWAIT = """
INSERT INTO triage_latelook (item_id, workspace_id, due_at, attempts)
SELECT i.id, i.workspace_id, %(now)s, 0 FROM intake_item i
WHERE i.id = ANY(%(ids)s) AND EXISTS (
  SELECT FROM triage_detectorsetting d WHERE d.source_id = i.source_id AND d.ended_at IS NULL)
ON CONFLICT DO NOTHING
"""


def await_look(*, item_ids: Sequence[UUID], now: datetime) -> int:
    """Let detectors look at held answers once these are decided; return how many have detectors at all."""
    with connection.cursor() as cursor:
        cursor.execute(_AWAIT, {"ids": list(item_ids), "now": now})
        return cursor.rowcount


_TAKE = """
UPDATE triage_latelook SET attempts = attempts + 1, due_at = %(until)s
WHERE item_id = ANY(ARRAY(
  SELECT item_id FROM triage_latelook WHERE due_at <= %(now)s ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
RETURNING item_id, attempts
"""


def take_looks(*, now: datetime, limit: int = 50) -> dict[UUID, int]:
    """Take held answers to look at, committed before the work begins; return how often each was taken by now."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE, {"now": now, "until": now + LEASE, "limit": limit})
        return dict(cursor.fetchall())


def write_finding(
    *, item: Item, found: Mapping[str, Any], rule: RoutingRule | None, raised: Finding.Raised, now: datetime
) -> bool:
    """Write what detectors found in a held answer, once; return False when somebody else has done so."""
    if not LateLook.objects.filter(item=item).delete()[0]:
        return False
    Finding.objects.create(
        workspace_id=item.workspace_id, item=item, found=found, rule=rule, raised=raised, found_at=now
    )
    return True


def keep_sketches(*, workspace_id: UUID, sketches: Mapping[UUID, detectors.Likeness]) -> None:
    """Keep what open items are like, until they are open no more."""
    Sketch.objects.bulk_create(
        [
            Sketch(item_id=item_id, workspace_id=workspace_id, bands=one.bands, signature=one.signature)
            for item_id, one in sketches.items()
        ],
        ignore_conflicts=True,
    )


_FORGET = """
DELETE FROM triage_sketch s WHERE NOT EXISTS (
  SELECT FROM triage_queueentry e WHERE e.item_id = s.item_id AND e.ended_at IS NULL)
"""


def forget_sketches() -> int:
    """Drop what closed items were like; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET)
        return cursor.rowcount
