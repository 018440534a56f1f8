"""A draft of 30 rules tried on a million recorded decisions, beside PostgreSQL's own count of the same rows."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg

from benchmarks import floors, loading
from benchmarks.running import compare, line, scaled, timed
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.metrics.replay import Asked, counted
from reviewqueue.triage.actions.policies import activate_policy, draft_policy, save_rule
from reviewqueue.triage.models import RoutingPolicy
from reviewqueue.triage.queries import current_policy

FLOOR = "one sequential count of the same rows, no parallel workers"
RULES = 30
KINDS = ("text", "action", "comparison", "extraction")

# What the stock leaves alike is spread: confidence, risk, time and words differ from row to row.
_SPREAD = """
UPDATE triage_triagedecision SET decided_at = %(now)s::timestamptz - random() * interval '7 days',
  facts = jsonb_build_object('confidence', round(random()::numeric, 3), 'risk_level',
    (ARRAY['low','medium','high'])[1 + floor(random() * 3)::int], 'risk_tags', '[]'::jsonb, 'kind', 'chat',
    'source', 'support-chatbot', 'model_version', '2026-11-01', 'language', (ARRAY['en','de'])[1 + (random())::int],
    'length', floor(random() * 4000), 'received_at', 
      floor(extract(epoch FROM %(now)s::timestamptz) - random() * 604800),
    'attributes', '{"locale": "en"}'::jsonb)
"""


def lines() -> Iterator[dict]:
    """Yield the one line of replays."""
    office = loading.open_office()
    n = scaled(1_000_000, least=1_000)
    loading.load(office, ("item", "decision"), first=1, last=n)
    with loading.loader() as loader, psycopg.ClientCursor(loader) as cursor:
        cursor.execute(_SPREAD, {"now": loading.NOW})
        loader.execute("VACUUM ANALYZE triage_triagedecision")
    active, draft = _policies(office)
    asked = Asked(office.workspace.pk, loading.NOW - timedelta(days=8), loading.NOW + timedelta(days=1))
    with floors.connect() as plain:
        plain.execute(
            "SET max_parallel_workers_per_gather = 0; SET enable_indexonlyscan = off; SET enable_bitmapscan = off"
        )
        runs = compare(
            lambda: timed(lambda: counted(asked, active=active, draft=draft).items),
            lambda: timed(lambda: _count(plain)),
        )
    yield line("replay", unit="items/s", floor_is=FLOOR, runs=runs, n=n, rules=RULES)


def _count(plain: psycopg.Connection) -> int:
    row = plain.execute("SELECT count(*) FROM triage_triagedecision WHERE pass_number = 1").fetchone()
    assert row is not None
    return row[0]


def _policies(office: loading.Office) -> tuple[RoutingPolicy, RoutingPolicy]:
    """Put 30 rules in force, and draft a change of one and another one more."""
    rules = [_rule(number, office) for number in range(RULES)]
    who: dict[str, Any] = {"by": None, "actor": SYSTEM, "now": loading.NOW}
    activate_policy(
        workspace_id=office.workspace.pk, rules=rules, audit_rate=0.05, audit_queue=office.queues[1], **who
    )
    active = current_policy(office.workspace.pk)
    assert active is not None
    draft = draft_policy(based_on=active, **who)
    night = {"field": "hour", "op": "between", "value": [22, 6], "name": "Europe/Berlin"}
    unsure = {"field": "confidence", "op": "below", "value": 0.3}
    fields = {"name": "At night", "conditions": {"all": [night, unsure]}, "queue": office.queues[2]}
    save_rule(draft=draft, rule=None, fields=fields, actor=SYSTEM, now=loading.NOW)
    return active, draft


def _rule(number: int, office: loading.Office) -> dict[str, Any]:
    """Return one of the rules: most look at three facts, and few items are taken by any."""
    tree = {
        "all": [
            {"field": "confidence", "op": "below", "value": 0.02 * number},
            {
                "any": [
                    {"field": "kind", "op": "is", "value": KINDS[number % 4]},
                    {"field": "length", "op": "at_least", "value": 3_900 - number},
                ]
            },
            {"not": {"field": "risk_level", "op": "is", "value": "low"}},
        ]
    }
    return {"name": f"Rule {number}", "conditions": tree, "queue": office.queues[number % 5]}
