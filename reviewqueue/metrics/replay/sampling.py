"""Both policies over a random sample, by the predicate: for rules that look at text, which no decision records."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from math import sqrt
from statistics import NormalDist
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from reviewqueue.triage.models import RoutingPolicy
from reviewqueue.triage.queries import said_by

from .counting import Asked, how_many
from .errors import facts_as_recorded
from .found import Found
from .plan import Plan

SAMPLE, AT_ONCE = 10_000, 500

_IDS = """
SELECT id FROM triage_triagedecision
WHERE workspace_id = %(workspace)s AND pass_number = 1 AND decided_at >= %(since)s AND decided_at < %(until)s
AND random() < %(chance)s
"""
_ROWS = """
SELECT d.item_id, d.decided_at, d.facts, i.attributes
FROM triage_triagedecision d JOIN intake_item i ON i.id = d.item_id
WHERE d.id = ANY(%(ids)s)
"""


def sampled(
    asked: Asked, *, active: RoutingPolicy, draft: RoutingPolicy, said: Callable[[float], None] = lambda _share: None
) -> tuple[Found, int]:
    """Return what both policies do with a random sample (all, when there are few), and how many there are in all."""
    found = Found(Plan.of(active), Plan.of(draft))
    total = how_many(asked)
    ids = _drawn(asked, total)
    zone = ZoneInfo(asked.time_zone)
    for start in range(0, len(ids), AT_ONCE):
        for item_id, at, facts in _facts(ids[start : start + AT_ONCE], found):
            hour = at.astimezone(zone).hour
            found.add(found.before.place(facts), found.after.place(facts), hour, 1, str(item_id))
        said(min((start + AT_ONCE) / len(ids), 1.0))
    return found, total


def _drawn(asked: Asked, total: int) -> list[UUID]:
    """Draw each decision with the same chance, all of them when there are few."""
    given: dict[str, Any] = {"workspace": asked.workspace_id, "since": asked.since, "until": asked.until}
    with connection.cursor() as cursor:
        cursor.execute(_IDS, {**given, "chance": SAMPLE / max(total, 1)})
        return [row[0] for row in cursor.fetchall()]


def _facts(ids: Sequence[UUID], found: Found) -> Iterator[tuple[UUID, datetime, dict[str, Any]]]:
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, {"ids": list(ids)})
        rows = cursor.fetchall()
    said = said_by([row[0] for row in rows], [*found.before.rules, *found.after.rules])
    for item_id, at, facts, attributes in rows:
        words = said.get(item_id)
        yield item_id, at, facts_as_recorded(facts, attributes, words.text if words else None)


def wilson(hits: float, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval for a share.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927), 209-212.
    """
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share, spread = hits / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return max(middle - half, 0.0), min(middle + half, 1.0)
