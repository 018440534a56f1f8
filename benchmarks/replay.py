"""A draft of 30 rules tried on a million recorded decisions, beside PostgreSQL's own count of the same rows."""

from collections.abc import Iterator
from datetime import timedelta
from statistics import median
from typing import Any

import psycopg

from benchmarks import floors, loading, policies
from benchmarks.running import compare, line, scaled, timed
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common import clock
from reviewqueue.pipeline.replaying import replay_of
from reviewqueue.triage.actions.policies import draft_policy, save_rule
from reviewqueue.triage.actions.trying import ask_replay
from reviewqueue.triage.models import Replay
from reviewqueue.triage.queries import current_policy

FLOOR = "one sequential count of the same rows, no parallel workers"
KNOWN_ERRORS = 0.03  # of the items: judged wrong, and published

# What the stock leaves alike is spread: confidence, risk and words differ from row to row. The rows lie in the order
# in which they were decided, as they do in life.
_SPREAD = """
UPDATE triage_triagedecision SET
  decided_at = %(now)s::timestamptz
    - interval '7 days' * (1 - ('x' || right(id::text, 12))::bit(48)::bigint / %(n)s::float8),
  facts = jsonb_build_object('confidence', round(random()::numeric, 3), 'risk_level',
    (ARRAY['low','medium','high'])[1 + floor(random() * 3)::int], 'risk_tags', '[]'::jsonb, 'kind', 'chat',
    'source', 'support-chatbot', 'model_version', '2026-11-01', 'language', (ARRAY['en','de'])[1 + (random())::int],
    'length', floor(random() * 4000), 'received_at',
      floor(extract(epoch FROM %(now)s::timestamptz) - random() * 604800),
    'attributes', '{"locale": "en"}'::jsonb)
"""


def lines() -> Iterator[dict]:
    """Yield the one line of replays: the whole of a worker's task, from the first page to the known errors."""
    office = loading.open_office()
    n = scaled(1_000_000, least=1_000)
    loading.load(office, ("item", "decision"), first=1, last=n)
    loading.load(office, ("outcome", "publication"), first=1, last=max(1, round(n * KNOWN_ERRORS)))
    with loading.loader() as loader, psycopg.ClientCursor(loader) as cursor:
        cursor.execute(_SPREAD, {"now": loading.NOW, "n": n})
        loader.execute("VACUUM ANALYZE")
    replay = _asked(office)
    with floors.connect() as plain:
        plain.execute(
            "SET max_parallel_workers_per_gather = 0; SET enable_indexonlyscan = off; SET enable_bitmapscan = off"
        )
        runs = compare(lambda: timed(lambda: _replayed(replay, n)), lambda: timed(lambda: _count(plain)))
    seconds = round(n / median(run.rate for run in runs[0]), 1)
    yield line("replay", unit="items/s", floor_is=FLOOR, runs=runs, n=n, rules=policies.RULES, seconds=seconds)


def _replayed(replay: Replay, n: int) -> int:
    told = replay_of(replay, clock=clock.now)
    if told["items"] != n:
        raise RuntimeError(f"{told['items']:,} of {n:,} items were counted")
    return n


def _count(plain: psycopg.Connection) -> int:
    row = plain.execute("SELECT count(*) FROM triage_triagedecision WHERE pass_number = 1").fetchone()
    assert row is not None
    return row[0]


def _asked(office: loading.Office) -> Replay:
    """Put 30 rules in force, draft one more, and ask what it would do."""
    who: dict[str, Any] = {"actor": SYSTEM, "now": loading.NOW}
    policies.put_in_force(office, policies.rules(office))
    active = current_policy(office.workspace.pk)
    assert active is not None
    draft = draft_policy(based_on=active, by=None, **who)
    night = {"field": "hour", "op": "between", "value": [22, 6], "name": "Europe/Berlin"}
    unsure = {"field": "confidence", "op": "below", "value": 0.3}
    fields = {"name": "At night", "conditions": {"all": [night, unsure]}, "queue": office.queues[2]}
    save_rule(draft=draft, rule=None, fields=fields, **who)
    who["now"] += timedelta(seconds=1)  # what is asked at a moment looks at what came before it
    return ask_replay(draft=draft, days=8, time_zone="Europe/Berlin", by=None, **who)
