"""Both policies over every recorded item of the last days, by SQL alone, in short pages.

A page is one statement over the index of a workspace's first decisions: it reads each fact once, finds the place of
every row in both policies, and returns sums. No page holds a snapshot open for long.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from reviewqueue.triage.conditions import Columns, asks
from reviewqueue.triage.models import RoutingPolicy, TriageDecision

from .found import Found
from .merging import Merged
from .plan import Plan

PAGE = 50_000


@dataclass(frozen=True, slots=True)
class Asked:
    """Which items: those of a workspace decided first between two moments; hours of the day are of ``time_zone``."""

    workspace_id: UUID
    since: datetime
    until: datetime
    time_zone: str = "UTC"


def counted(
    asked: Asked, *, active: RoutingPolicy, draft: RoutingPolicy, said: Callable[[float], None] = lambda _share: None
) -> Found:
    """Return what both policies do with everything; ``said`` is told the share that is done after each page.

    Raises ValueError when a rule looks at text: `sampled` answers those.
    """
    found = Found(Plan.of(active), Plan.of(draft))
    page = _Page.of(asked, found)
    expected = max(how_many(asked), 1)
    for rows in page.turned():
        for old, old_rate, new, new_rate, hour, count, example in rows:
            found.add((old, old_rate), (new, new_rate), hour, count, example)
        said(min(found.items / expected, 1.0))
    return found


def how_many(asked: Asked) -> int:
    """Return how many items there are to decide."""
    decisions = TriageDecision.objects.filter(
        workspace_id=asked.workspace_id, pass_number=1, decided_at__gte=asked.since, decided_at__lt=asked.until
    )
    return decisions.count()


# where the next page begins: index entries alone
_NEXT = """
SELECT decided_at, id FROM triage_triagedecision
WHERE workspace_id = %(workspace)s AND pass_number = 1
AND (decided_at, id) >= (%(from_at)s, %(from_id)s) AND (decided_at, id) < (%(until)s, %(nothing)s)
ORDER BY decided_at, id OFFSET %(page)s LIMIT 1
"""

_ROWS = """
triage_triagedecision d {item}
WHERE d.workspace_id = %(workspace)s AND d.pass_number = 1
AND (d.decided_at, d.id) >= (%(from_at)s, %(from_id)s) AND (d.decided_at, d.id) < (%(to_at)s, %(to_id)s)
"""

_SUMS = """
SELECT old, old_rate, new, new_rate, hour, count(*), max(item_id::text COLLATE "C") FILTER (WHERE {changed})
FROM (SELECT item_id, hour, {old} AS old, old_rate, {new} AS new, new_rate
      FROM (SELECT *, date_part('hour', decided_at AT TIME ZONE %(zone)s)::int AS hour,
                   {first} AS first, {old_rate} AS old_rate, {new_rate} AS new_rate
            FROM {facts} facts OFFSET 0) found OFFSET 0) places
GROUP BY 1, 2, 3, 4, 5
"""
_NOTHING = UUID(int=0)


@dataclass(frozen=True, slots=True)
class _Page:
    sql: str
    given: dict[str, Any]

    @classmethod
    def of(cls, asked: Asked, found: Found) -> "_Page":
        """Compile both policies once for all pages."""
        before, after = found.before, found.after
        # what no rule asked for was not recorded; the item itself has it, and is never edited
        wants_more = any(asks(rule.conditions, "attribute") for rule in (*before.rules, *after.rules))
        columns = Columns(facts="d.facts", roots={"attributes": "i.attributes"})
        merged = Merged.of(before, after)
        first, old_rate, new_rate = merged.first_sql(columns), before.rate_sql(columns), after.rate_sql(columns)
        old, new = merged.taker_sql(columns)
        rows = _ROWS.format(item="JOIN intake_item i ON i.id = d.item_id" if wants_more else "")
        parts = {"first": first, "old": old, "old_rate": old_rate, "new": new, "new_rate": new_rate}
        facts = columns.over(rows, "item_id", "decided_at")
        return cls(
            _SUMS.format(facts=facts, changed=_changed(found), **parts), {**columns.parameters, **_asked(asked)}
        )

    def turned(self) -> Iterator[list[tuple]]:
        """Yield the sums of page after page."""
        given = dict(self.given)
        while begins := _one(_NEXT, given):
            given["to_at"], given["to_id"] = begins
            yield _all(self.sql, given)
            given["from_at"], given["from_id"] = begins
        given["to_at"], given["to_id"] = given["until"], _NOTHING
        yield _all(self.sql, given)


def _asked(asked: Asked) -> dict[str, Any]:
    return {
        "workspace": asked.workspace_id,
        "from_at": asked.since,
        "from_id": _NOTHING,
        "until": asked.until,
        "nothing": _NOTHING,
        "zone": asked.time_zone,
        "page": PAGE,
    }


def _changed(found: Found) -> str:
    """Return when an item fares otherwise, in SQL: what happens at a row's place in each policy has a number."""
    numbers: dict[object, int] = {}

    def kinds(plan: Plan, taker: str, rate: str) -> str:
        listed = [numbers.setdefault(plan.kind(place), len(numbers)) for place in plan.places()]
        return f"(ARRAY[{','.join(map(str, listed))}])[{taker} * {len(plan.rates) + 1} + {rate} + 1]"

    return f"{kinds(found.before, 'old', 'old_rate')} <> {kinds(found.after, 'new', 'new_rate')}"


def _one(sql: str, given: dict[str, Any]) -> tuple | None:
    rows = _all(sql, given)
    return rows[0] if rows else None


# A page is too short to compile its statement, leaves the other processors to others, and reads no table whole.
_FOR_A_PAGE = "SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL enable_seqscan = off"


def _all(sql: str, given: dict[str, Any]) -> list[tuple]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FOR_A_PAGE)
        cursor.execute(sql, given)
        return cursor.fetchall()
