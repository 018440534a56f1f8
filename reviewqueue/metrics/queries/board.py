"""What the board counts: a few statements over open and recently ended stays, whatever the size of the past.

The stays of the last day are those open now and those ended since, so two partial indexes serve them; no
statement reads a stay that ended earlier.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from reviewqueue.accounts.access import Viewer
from reviewqueue.queues.models import Queue
from reviewqueue.queues.promises import Promised, promises_of
from reviewqueue.queues.queries import queues_of, stops_of, visible_to
from reviewqueue.queues.rules import Running

from ..rules import BoardNow, Crew, Day, Halted, QueueNow, day_of, pace_of
from .shifts import spells_of

#: Who reviewed, or joined a queue, in this time counts as at work.
AT_WORK = timedelta(hours=12)
DAY = timedelta(hours=24)
WEEK = timedelta(days=7)
#: So far ahead shifts are looked up: the next one may come after a long weekend.
AHEAD = timedelta(days=5)

_WAITING = """
SELECT queue_id, date_trunc(CASE WHEN due_at < %(hour)s THEN 'hour' ELSE 'minute' END, due_at, %(zone)s),
       count(*), min(placed_at)
FROM triage_queueentry WHERE queue_id = ANY(%(queues)s) AND ended_at IS NULL
GROUP BY 1, 2
"""

_FLOW = """
SELECT queue_id, date_trunc('hour', placed_at, %(zone)s), date_trunc('hour', ended_at, %(zone)s), count(*),
       min(placed_at), count(*) FILTER (WHERE placed_at > %(hour)s),
       count(*) FILTER (WHERE ended_at > %(hour)s AND end_reason = 'settled')
FROM (
  SELECT queue_id, placed_at, ended_at, end_reason FROM triage_queueentry
  WHERE queue_id = ANY(%(queues)s) AND ended_at IS NULL AND placed_at > %(since)s
  UNION ALL
  SELECT queue_id, placed_at, ended_at, end_reason FROM triage_queueentry
  WHERE queue_id = ANY(%(queues)s) AND ended_at > %(since)s) AS stays
GROUP BY 1, 2, 3
"""

# What comes from stopped sources, of what waits (by the minute it is due) and of all that came in the last day.
_OF_SOURCES = """
SELECT stays.queue_id, CASE WHEN stays.ended_at IS NULL THEN
         date_trunc(CASE WHEN due_at < %(hour)s THEN 'hour' ELSE 'minute' END, due_at, %(zone)s) END,
       count(*) FILTER (WHERE s.slug = ANY(%(stopped)s)), count(*) FILTER (WHERE placed_at > %(since)s),
       count(*) FILTER (WHERE placed_at > %(since)s AND s.slug = ANY(%(stopped)s))
FROM (
  SELECT queue_id, item_id, due_at, placed_at, ended_at FROM triage_queueentry
  WHERE queue_id = ANY(%(queues)s) AND ended_at IS NULL
  UNION ALL
  SELECT queue_id, item_id, due_at, placed_at, ended_at FROM triage_queueentry
  WHERE queue_id = ANY(%(queues)s) AND ended_at > %(since)s AND placed_at > %(since)s) AS stays
JOIN intake_item i ON i.id = stays.item_id JOIN intake_source s ON s.id = i.source_id
GROUP BY 1, 2
"""

_ARRIVALS = """
SELECT date_trunc('hour', received_at, %(zone)s), count(*) FROM intake_item
WHERE workspace_id = %(workspace)s AND received_at > %(since)s AND received_at <= %(now)s GROUP BY 1
"""

_UNOWNED = """
SELECT l.queue_id, count(*) FROM assignment_lane l JOIN assignment_slot s ON s.lane_id = l.id
WHERE l.queue_id = ANY(%(queues)s) AND s.holder_id IS NULL AND s.closed_at IS NULL AND s.held_until IS NULL
GROUP BY 1
"""

_QUESTIONS = """
SELECT count(*) FROM review_escalation e WHERE e.workspace_id = %(workspace)s AND e.ended_at IS NULL
AND NOT EXISTS (SELECT 1 FROM assignment_assignment a WHERE a.item_id = e.item_id AND a.ended_at IS NULL)
"""

# Somebody added to a queue later than to the workspace was called in: they count before their first review.
_CREW = """
SELECT q.queue_id, q.user_id, q.created_at > %(recent)s AND q.created_at > m.created_at + interval '1 minute',
       EXISTS (SELECT 1 FROM review_review r WHERE r.user_id = q.user_id AND r.workspace_id = q.workspace_id
               AND r.submitted_at > %(recent)s AND r.submitted_at <= %(now)s)
FROM queues_queuemember q
JOIN accounts_membership m ON m.user_id = q.user_id AND m.workspace_id = q.workspace_id AND m.ended_at IS NULL
WHERE q.queue_id = ANY(%(queues)s) AND q.ended_at IS NULL
  AND (%(among)s::uuid[] IS NULL OR q.user_id = ANY(%(among)s))
"""

_PACE = """
SELECT percentile_cont(0.5) WITHIN GROUP (
         ORDER BY extract(epoch FROM r.submitted_at - coalesce(a.begun_at, a.opened_at))), count(*)
FROM review_review r JOIN assignment_assignment a ON a.id = r.assignment_id
  AND (a.how = 'claimed' OR a.begun_at IS NOT NULL)
WHERE r.user_id = ANY(%(people)s) AND r.workspace_id = %(workspace)s AND r.submitted_at > %(since)s
"""


@dataclass(slots=True)
class _Counted:
    """What was counted of one queue."""

    waiting: dict[datetime, int] = field(default_factory=dict)
    placed: defaultdict[datetime, int] = field(default_factory=lambda: defaultdict(int))
    ended: defaultdict[datetime, int] = field(default_factory=lambda: defaultdict(int))
    oldest_at: datetime | None = None
    first_at: dict[datetime, datetime] = field(default_factory=dict)
    placed_last_hour: int = 0
    settled_last_hour: int = 0
    unowned: int = 0
    halted: Halted = field(default_factory=Halted)


def board_now(*, viewer: Viewer, now: datetime, among: Sequence[UUID] | None = None) -> BoardNow:
    """Return everything the board shows and predicts from. ``now`` carries the reader's time zone.

    With ``among`` (people's ids) of their queues alone, and as if nobody else took from these.
    """
    queues = list(visible_to(viewer) if among is None else queues_of(workspace_id=viewer.workspace_id, people=among))
    asked = {**_asked(viewer, queues, now), "among": None if among is None else list(among)}
    counted: defaultdict[UUID, _Counted] = defaultdict(_Counted)
    _count_waiting(counted, asked)
    _count_flow(counted, asked, now)
    for queue_id, unowned in _rows(_UNOWNED, asked):
        counted[queue_id].unowned = unowned
    _count_halted(counted, asked, stops_of(viewer.workspace_id))
    arrived = {
        hour.astimezone(now.tzinfo): count for hour, count in _rows(_ARRIVALS, asked | {"since": now - WEEK - DAY})
    }
    day = _day(counted.values(), arrived, now)
    crew, members = _crew(asked)
    promises = promises_of(viewer.workspace_id)
    return BoardNow(
        day=day,
        queues=tuple(
            _queue(queue, counted[queue.pk], day, members.get(queue.pk, 0), promises.of(queue)) for queue in queues
        ),
        crew=crew,
        received_today=sum(count for hour, count in arrived.items() if hour >= day.start),
        received_week=sum(count for hour, count in arrived.items() if day.start - WEEK <= hour < day.start),
        open_questions=_rows(_QUESTIONS, asked)[0][0],
    )


def _asked(viewer: Viewer, queues: Sequence[Queue], now: datetime) -> dict[str, Any]:
    return {
        "workspace": viewer.workspace_id,
        "queues": [queue.pk for queue in queues],
        "zone": str(now.tzinfo),
        "now": now,
        "hour": now - timedelta(hours=1),
        "since": now - DAY,
        "recent": now - AT_WORK,
    }


def _rows(statement: str, asked: dict[str, Any]) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return cursor.fetchall()


def _count_waiting(counted: dict[UUID, _Counted], asked: dict[str, Any]) -> None:
    for queue_id, due, count, oldest in _rows(_WAITING, asked):
        one = counted[queue_id]
        one.waiting[due] = count
        one.oldest_at = min(one.oldest_at or oldest, oldest)


def _count_flow(counted: dict[UUID, _Counted], asked: dict[str, Any], now: datetime) -> None:
    for queue_id, placed, ended, count, first, placed_last_hour, settled_last_hour in _rows(_FLOW, asked):
        one = counted[queue_id]
        hour = placed.astimezone(now.tzinfo)
        if first > asked["since"]:
            one.placed[hour] += count
            one.first_at[hour] = min(first, one.first_at.get(hour, first))
        if ended:
            one.ended[ended.astimezone(now.tzinfo)] += count
        one.placed_last_hour += placed_last_hour
        one.settled_last_hour += settled_last_hour


def _count_halted(counted: dict[UUID, _Counted], asked: dict[str, Any], running: Running) -> None:
    """Count what stops keep: all of a stopped queue, and of the others what comes from a stopped source."""
    if running.of_sources and not running.of_all:
        slugs = [one.source_slug for one in running.stops if one.source_slug]
        _count_of_sources(counted, asked | {"stopped": slugs})
    for queue_id in asked["queues"]:
        if running.over(queue_id=queue_id):
            counted[queue_id].halted = Halted(counted[queue_id].waiting, 1.0)


def _count_of_sources(counted: dict[UUID, _Counted], asked: dict[str, Any]) -> None:
    waiting: defaultdict[UUID, dict[datetime, int]] = defaultdict(dict)
    came: defaultdict[UUID, int] = defaultdict(int)
    stopped: defaultdict[UUID, int] = defaultdict(int)
    for queue_id, due, count, newly, newly_stopped in _rows(_OF_SOURCES, asked):
        if due and count:
            waiting[queue_id][due] = count
        came[queue_id] += newly
        stopped[queue_id] += newly_stopped
    for queue_id in came:
        share = stopped[queue_id] / came[queue_id] if came[queue_id] else 0.0
        counted[queue_id].halted = Halted(waiting[queue_id], share)


def _day(counted: Iterable[_Counted], arrived: dict[datetime, int], now: datetime) -> Day:
    """Return the day around now; its profile is the week before it."""
    placed: defaultdict[datetime, int] = defaultdict(int)
    for one in counted:
        for hour, count in one.placed.items():
            placed[hour] += count
    start = day_of(now=now, placed=placed, profile=[0.0] * 24).start
    profile = [0.0] * 24
    for hour, count in arrived.items():
        if start - WEEK <= hour < start:
            profile[hour.hour] += count
    return day_of(now=now, placed=placed, profile=profile)


def _crew(asked: dict[str, Any]) -> tuple[Crew, dict[UUID, int]]:
    """Return who is at work, and how many members each queue has.

    When nobody has reviewed lately, every member is expected to come.
    """
    rows = _rows(_CREW, asked)
    anybody = any(reviewed for *_who, reviewed in rows)
    working = [row for row in rows if row[2] or row[3]] if anybody else rows
    people: defaultdict[UUID, set[UUID]] = defaultdict(set)
    members: defaultdict[UUID, int] = defaultdict(int)
    for queue_id, user_id, *_when in working:
        people[user_id].add(queue_id)
    for queue_id, *_rest in rows:
        members[queue_id] += 1
    ((seconds, turns),) = _rows(_PACE, asked | {"people": [user_id for _queue, user_id, *_when in rows]})
    pace, measured = pace_of(seconds=seconds, turns=turns)
    now = asked["now"]
    spells = spells_of(workspace_id=asked["workspace"], people=people, begin=now, end=now + AHEAD)
    return Crew({who: frozenset(queues) for who, queues in people.items()}, pace, measured, spells), members


def _queue(queue: Queue, one: _Counted, day: Day, members: int, promised: Promised) -> QueueNow:
    firsts = [first.astimezone(day.now.tzinfo) for hour, first in one.first_at.items() if hour >= day.start]
    return QueueNow(
        id=queue.pk,
        slug=queue.slug,
        name=queue.name,
        promise=timedelta(minutes=promised.minutes),
        reviews_required=queue.reviews_required,
        waiting={due.astimezone(day.now.tzinfo): count for due, count in one.waiting.items()},
        oldest_at=one.oldest_at,
        first_at=min(firsts, default=None),
        unowned=one.unowned,
        placed=one.placed,
        ended=one.ended,
        placed_last_hour=one.placed_last_hour,
        settled_last_hour=one.settled_last_hour,
        members=members,
        promised=promised,
        halted=_local(one.halted, day),
    )


def _local(halted: Halted, day: Day) -> Halted:
    return Halted({due.astimezone(day.now.tzinfo): count for due, count in halted.waiting.items()}, halted.share)
