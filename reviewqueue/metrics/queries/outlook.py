"""What the outlook works from: what waits, what comes in each hour until tomorrow's end, who is planned."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from reviewqueue.accounts.access import Viewer

from ..rules import BoardNow, expected_hours
from ..rules.day import ENOUGH
from ..rules.outlook import HOUR, Ahead
from .board import board_now
from .shifts import Planned, planned

#: What tomorrow is taken to be like: today as it goes, or the same day a week ago.
TODAY, WEEK = "today", "week"

_PLACED = """
SELECT queue_id, date_trunc('hour', placed_at, %(zone)s), count(*) FROM (
  SELECT queue_id, placed_at FROM triage_queueentry
  WHERE queue_id = ANY(%(queues)s) AND ended_at IS NULL AND placed_at > %(since)s
  UNION ALL
  SELECT queue_id, placed_at FROM triage_queueentry
  WHERE queue_id = ANY(%(queues)s) AND ended_at > %(since)s AND placed_at > %(since)s) stays
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class OutlookNow:
    """All that the outlook needs, and the board that it goes on from."""

    ahead: Ahead
    board: BoardNow
    planned: Planned
    like: str


def outlook_now(*, viewer: Viewer, now: datetime, like: str = TODAY) -> OutlookNow:
    """Return what the rest of today and tomorrow work from. ``now`` carries the reader's time zone.

    Tomorrow brings what today brings at its present pace, over the hours as the week before spread them; or, when
    asked for, what the same day a week ago brought (the mean of the week, when that day says too little).
    """
    board = board_now(viewer=viewer, now=now)
    until = datetime.combine(now.date() + timedelta(days=2), time(), now.tzinfo)
    days = [timedelta(days=number) for number in range(5)]
    people = planned(
        workspace_id=viewer.workspace_id,
        others=board.crew,
        usual=[(board.day.start + day, board.day.end + day) for day in days],
        begin=now,
        end=until + timedelta(days=3),
    )
    coming = _like_today(board, until) if like == TODAY else _like_a_week_ago(board, until)
    return OutlookNow(Ahead(now, until, board.queues, people.crew, coming), board, people, like)


def _like_today(board: BoardNow, until: datetime) -> dict[UUID, dict[datetime, float]]:
    """Return what comes when tomorrow goes on as today."""
    day = board.day
    first_at = min((one.first_at for one in board.queues if one.first_at), default=None)
    known = sum(day.profile) >= ENOUGH
    found: dict[UUID, dict[datetime, float]] = {}
    for queue in board.queues:
        so_far = queue.placed_since(day.start)
        rest = {_hour(at): items for at, items in expected_hours(day=day, so_far=so_far, first_at=first_at)}
        whole = so_far + sum(rest.values())
        shares = _shares(day.profile) if known else _shares_of_day(len(day.hours), day.start)
        tomorrow = {
            hour: whole * shares[hour.hour]
            for hour in _hours_of(until - timedelta(days=1), until)
            if hour.date() > day.now.date()
        }
        found[queue.id] = {**tomorrow, **rest}
    return found


def _shares(profile: tuple[float, ...]) -> list[float]:
    return [count / sum(profile) for count in profile]


def _shares_of_day(length: int, start: datetime) -> list[float]:
    """Return an even share for each hour of the working day, when the week before tells nothing."""
    hours = {(start + number * HOUR).hour for number in range(length)}
    return [1 / len(hours) if hour in hours else 0.0 for hour in range(24)]


def _like_a_week_ago(board: BoardNow, until: datetime) -> dict[UUID, dict[datetime, float]]:
    """Return what comes when every day goes as the same one a week ago."""
    now = board.day.now
    placed = _placed([one.id for one in board.queues], now)
    found: dict[UUID, dict[datetime, float]] = {}
    for hour in _hours_of(_hour(now), until):
        for queue_id, counted in placed.items():
            expected = _a_week_before(counted, hour)
            if hour <= now:
                expected *= (hour + HOUR - now) / HOUR
            found.setdefault(queue_id, {})[hour] = expected
    return found


def _a_week_before(counted: Mapping[datetime, int], hour: datetime) -> float:
    then = hour - timedelta(days=7)
    same_day = sum(count for at, count in counted.items() if at.date() == then.date())
    if same_day >= ENOUGH:
        return float(counted.get(then, 0))
    return sum(count for at, count in counted.items() if at.hour == hour.hour) / 7


def _placed(queues: list[UUID], now: datetime) -> dict[UUID, dict[datetime, int]]:
    since = now - timedelta(days=7)
    given: dict[str, Any] = {
        "queues": queues,
        "zone": str(now.tzinfo),
        "since": since.replace(minute=0, second=0, microsecond=0),
    }
    found: defaultdict[UUID, dict[datetime, int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(_PLACED, given)
        for queue_id, hour, count in cursor.fetchall():
            found[queue_id][hour.astimezone(now.tzinfo)] = count
    return found


def _hours_of(begin: datetime, end: datetime) -> list[datetime]:
    return [begin + number * HOUR for number in range(-(-(end - begin) // HOUR))]


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
