"""The last days as a rehearsal needs them: what rules sent to people, who reviewed when, how fast."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from reviewqueue.queues.models import Queue, QueueMember
from reviewqueue.queues.promises import promises_of
from reviewqueue.triage.models import Miss

from ..rules import pace_of
from ..rules.rehearsal import STEP, Came, Days

DAYS = 7

# What a rule sent to people, and what a plan that was at work then let pass of it: without it, that had come too.
_CAME = """
SELECT date_bin('10 minutes', d.decided_at, %(begin)s), coalesce(r.queue_id, p.audit_queue_id), coalesce(r.name, ''),
       coalesce(r.urgency, 'normal'), r.due_minutes, coalesce(r.reviews_required, q.reviews_required),
       coalesce(d.facts ->> 'risk_level' = 'high', false) OR d.design <> 'rule' AND NOT d.facts ? 'thinned',
       count(*), count(g.item_id)
FROM triage_triagedecision d
JOIN triage_routingpolicy p ON p.id = d.policy_id
LEFT JOIN triage_routingrule r ON r.id = d.rule_id
JOIN queues_queue q ON q.id = coalesce(r.queue_id, p.audit_queue_id)
LEFT JOIN intake_gate g ON g.item_id = d.item_id
WHERE d.workspace_id = %(workspace)s AND d.pass_number = 1 AND d.decided_at >= %(since)s AND d.decided_at < %(until)s
AND (d.result = 'review' OR d.facts ? 'thinned')
GROUP BY 1, 2, 3, 4, 5, 6, 7
"""

_PEOPLE = """
SELECT DISTINCT date_trunc('hour', r.submitted_at), r.user_id FROM review_review r
WHERE r.workspace_id = %(workspace)s AND r.submitted_at >= %(begin)s AND r.submitted_at < %(end)s
"""

_PACE = """
SELECT percentile_cont(0.5) WITHIN GROUP (
         ORDER BY extract(epoch FROM r.submitted_at - coalesce(a.begun_at, a.opened_at))), count(*)
FROM review_review r JOIN assignment_assignment a ON a.id = r.assignment_id
  AND (a.how = 'claimed' OR a.begun_at IS NOT NULL)
WHERE r.workspace_id = %(workspace)s AND r.submitted_at >= %(begin)s AND r.submitted_at < %(end)s
"""


def days_of(*, workspace_id: UUID, now: datetime, days: int = DAYS) -> Days:
    """Return the last days of a workspace, as far as they are over, in whole hours."""
    end = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    begin = end - timedelta(days=days)
    given: dict[str, Any] = {"workspace": workspace_id, "begin": begin, "end": end}
    ((seconds, turns),) = _rows(_PACE, given)
    pace, _measured = pace_of(seconds=seconds, turns=turns)
    return Days(begin, end, _came(workspace_id, begin, end), _people(workspace_id, given), pace)


def missed_between(*, workspace_id: UUID, begin: datetime, end: datetime) -> int:
    """Return how many promises of these days are on record as missed."""
    return Miss.objects.filter(workspace_id=workspace_id, due_at__gte=begin, due_at__lt=end).count()


def _came(workspace_id: UUID, begin: datetime, end: datetime) -> list[Came]:
    """Return what came, a day at a time: no statement holds a snapshot for long."""
    promises = promises_of(workspace_id)
    queues = Queue.objects.in_bulk(list(Queue.objects.filter(workspace_id=workspace_id).values_list("pk", flat=True)))
    came: list[Came] = []
    since = begin
    while since < end:
        until = min(since + timedelta(days=1), end)
        rows = _rows(_CAME, {"workspace": workspace_id, "begin": begin, "since": since, "until": until})
        for at, queue_id, name, urgency, minutes, reviews, spared, items, held in rows:
            due_at = promises.of(queues[queue_id], urgency).due_at(at + STEP / 2, minutes)
            came.append(Came(at, due_at, queue_id, name, not spared, items, reviews, held))
        since = until
    return came


def _people(workspace_id: UUID, given: dict[str, Any]) -> dict[datetime, dict[UUID, frozenset[UUID]]]:
    serves: defaultdict[UUID, set[UUID]] = defaultdict(set)
    members = QueueMember.objects.filter(workspace_id=workspace_id, ended_at=None)
    for user_id, queue_id in members.values_list("user_id", "queue_id"):
        serves[user_id].add(queue_id)
    found: defaultdict[datetime, dict[UUID, frozenset[UUID]]] = defaultdict(dict)
    for hour, user_id in _rows(_PEOPLE, given):
        found[hour][user_id] = frozenset(serves[user_id])
    return found


def _rows(statement: str, given: dict[str, Any]) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall()
