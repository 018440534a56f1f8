"""Promises that were not kept and are not on record yet, with what is known of each stay until it was due."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from reviewqueue.assignment.models import Assignment
from reviewqueue.audit.models import Event
from reviewqueue.queues.models import Queue, Stop
from reviewqueue.queues.promises import Promises, promises_of
from reviewqueue.review.models import Escalation
from reviewqueue.triage.models import MissMark, QueueEntry

from ..rules.missing import Stayed, Stretch, Turn

#: How far back the first look goes, and how far each looks behind the last: what commits late is seen by the next.
FIRST, OVERLAP = timedelta(days=7), timedelta(minutes=15)
AT_ONCE = 200
#: Ends of a turn after which the item goes to the next.
RETURNED = {Assignment.End.RETURNED, Assignment.End.EXPIRED, Assignment.End.REASSIGNED}

_LATE = """
SELECT id FROM (
  SELECT e.id, e.due_at FROM triage_queueentry e
  WHERE e.queue_id = ANY(%(queues)s) AND e.ended_at IS NULL AND e.due_at <= %(now)s
    AND NOT EXISTS (SELECT FROM triage_miss m WHERE m.entry_id = e.id)
  UNION ALL
  SELECT e.id, e.due_at FROM triage_queueentry e
  WHERE e.queue_id = ANY(%(queues)s) AND e.ended_at > %(since)s AND e.ended_at <= %(now)s AND e.due_at < e.ended_at
    AND NOT EXISTS (SELECT FROM triage_miss m WHERE m.entry_id = e.id)) late
ORDER BY due_at, id LIMIT %(limit)s
"""

# Who had an item of the queue in hand in the time of the promise, and how many others left it meanwhile.
_WORKED = """
SELECT t.id,
  (SELECT count(DISTINCT q.user_id) FROM queues_queuemember q
   WHERE q.queue_id = t.queue_id AND (q.ended_at IS NULL OR q.ended_at > t.placed_at)
     AND EXISTS (SELECT FROM assignment_assignment a JOIN triage_queueentry e ON e.id = a.entry_id
                 WHERE a.user_id = q.user_id AND e.queue_id = t.queue_id AND a.opened_at < t.due_at
                   AND (a.ended_at IS NULL OR a.ended_at > t.placed_at))),
  (SELECT count(*) FROM (SELECT FROM triage_queueentry e WHERE e.queue_id = t.queue_id
                         AND e.ended_at > t.placed_at AND e.ended_at <= t.due_at AND e.end_reason = 'settled'
                         LIMIT 1000) others)
FROM triage_queueentry t WHERE t.id = ANY(%s)
"""


def workspaces_promising() -> list[UUID]:
    """Return the workspaces that have a queue."""
    return list(Queue.objects.order_by().values_list("workspace_id", flat=True).distinct())


def looked_until(workspace_id: UUID) -> datetime | None:
    """Return until when a workspace's ended stays were looked through; None before the first time."""
    return MissMark.objects.filter(workspace_id=workspace_id).values_list("until", flat=True).first()


def late_stays(*, workspace_id: UUID, now: datetime, limit: int = AT_ONCE) -> list[QueueEntry]:
    """Return stays that were not over when they were due and are not on record, the longest overdue first."""
    until = looked_until(workspace_id)
    queues = list(Queue.objects.filter(workspace_id=workspace_id).values_list("pk", flat=True))
    since = until - OVERLAP if until else now - FIRST
    with connection.cursor() as cursor:
        cursor.execute(_LATE, {"queues": queues, "since": since, "now": now, "limit": limit})
        ids = [row[0] for row in cursor.fetchall()]
    found = QueueEntry.objects.filter(pk__in=ids).select_related("item__source", "queue", "decision__rule")
    return list(found.order_by("due_at", "pk"))


def stayed(*, workspace_id: UUID, entries: Sequence[QueueEntry]) -> dict[UUID, Stayed]:
    """Return what is known of each of these stays until it was due."""
    ids, items = [one.pk for one in entries], [one.item_id for one in entries]
    turns, asked = _turns(ids, items), _escalated(ids, items)
    put_aside, worked = _put_aside(items), _worked(ids)
    stops = list(Stop.objects.filter(workspace_id=workspace_id))
    promises = promises_of(workspace_id)
    return {
        one.pk: Stayed(
            placed_at=one.placed_at,
            due_at=one.due_at,
            turns=[Turn(row.opened_at, row.ended_at, row.end_reason in RETURNED) for row in turns[one.pk]],
            stopped=[_until_due(row, one) for row in stops if _covers(row, one)],
            held=_held(put_aside[one.item_id], turns[one.pk], one),
            escalated=[(row.opened_at, row.ended_at or one.due_at) for row in asked[one.pk]],
            people=worked[one.pk][0],
            done=worked[one.pk][1],
            calendar=_promised(promises, one),
        )
        for one in entries
    }


def _promised(promises: Promises, entry: QueueEntry) -> Any:
    rule = entry.decision.rule
    return promises.of(entry.queue, rule.urgency if rule else "normal").calendar


def _turns(ids: Sequence[UUID], items: Sequence[UUID]) -> Mapping[UUID, list[Assignment]]:
    found: defaultdict[UUID, list[Assignment]] = defaultdict(list)
    for one in Assignment.objects.filter(item_id__in=items, entry_id__in=ids).order_by("opened_at"):
        found[one.entry_id].append(one)
    return found


def _escalated(ids: Sequence[UUID], items: Sequence[UUID]) -> Mapping[UUID, list[Escalation]]:
    found: defaultdict[UUID, list[Escalation]] = defaultdict(list)
    for one in Escalation.objects.filter(item_id__in=items, entry_id__in=ids):
        found[one.entry_id].append(one)
    return found


def _put_aside(items: Sequence[UUID]) -> Mapping[UUID, list[Event]]:
    found: defaultdict[UUID, list[Event]] = defaultdict(list)
    verbs = ["snooze", "hold", "release_hold"]
    for one in Event.objects.filter(item_id__in=items, verb__in=verbs).order_by("at"):
        found[one.item_id].append(one)  # type: ignore[index]
    return found


def _worked(ids: Sequence[UUID]) -> dict[UUID, tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_WORKED, [list(ids)])
        return {entry_id: (people, done) for entry_id, people, done in cursor.fetchall()}


def _covers(stop: Stop, entry: QueueEntry) -> bool:
    if stop.queue_id:
        return stop.queue_id == entry.queue_id
    return stop.source_slug in {"", entry.item.source.slug}


def _until_due(stop: Stop, entry: QueueEntry) -> Stretch:
    return stop.begun_at, stop.ended_at or entry.due_at


def _held(events: Sequence[Event], turns: Sequence[Assignment], entry: QueueEntry) -> list[Stretch]:
    """Return when an item was put aside: until the time given, or until somebody let it go on or took it."""
    stretches = []
    for place, event in enumerate(events):
        if event.verb == "release_hold":
            continue
        given = event.data.get("until")
        ends = [
            entry.due_at,
            *([datetime.fromisoformat(given)] if given else []),
            *(one.at for one in events[place + 1 :]),
            *(one.opened_at for one in turns if one.opened_at > event.at),
        ]
        stretches.append((event.at, min(ends)))
    return stretches
