"""Claiming over HTTP: sixteen clients of twenty reviewers, a million slots in thirty lanes of five queues."""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from time import perf_counter
from typing import Any
from uuid import uuid4

import orjson

from benchmarks import floors, loading
from benchmarks.claim import put_back
from benchmarks.intake import Site, request_of
from benchmarks.loading import Office
from benchmarks.running import WARM_UP, Run, compare, crew, line, say, scaled
from benchmarks.serving import HOST, serving
from reviewqueue.accounts.actions import create_key
from reviewqueue.assignment.actions.claiming import CLAIM, HEAD, lanes_of
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now
from reviewqueue.queues.models import Queue

READY = 1_000_000
CLIENTS = 16
CLAIMS = 40  # of each client in a run
#: Claims a second of all clients together, where they do not ask as fast as they are answered: people who take ten
#: seconds for an item would have to be five hundred.
PACE = 50
FLOOR = "a bare Django view running the claim statement and reading the item's text"
#: Where somebody claims, and with which body: none for the product, what the statement needs for the bare view.
Asker = tuple[Site, bytes]

# what the first of each lane say: a claim shows the item to its reviewer
_CONTENT = """
INSERT INTO intake_itemcontent (item_id, workspace_id, body, sha256, search_text)
SELECT item_id, workspace_id, body, sha256(body::bytea), said
FROM (SELECT item_id, workspace_id, row_number() OVER (PARTITION BY lane_id ORDER BY rank, id) AS place
      FROM assignment_slot) AS line
JOIN bodies b ON b.number = place %% %(bodies)s
WHERE place <= %(deep)s
"""
_TWICE = """
SELECT (SELECT count(*) - count(DISTINCT slot_id) FROM assignment_assignment WHERE ended_at IS NULL)
     + (SELECT count(*) - count(DISTINCT item_id) FROM audit_event WHERE verb = 'claim'),
       (SELECT count(*) FROM assignment_assignment WHERE ended_at IS NULL),
       (SELECT count(*) FROM audit_event WHERE verb = 'claim')
"""


def lines() -> Iterator[dict]:
    """Yield a line for clients that keep a pace, and one for clients that ask as fast as they are answered."""
    office = loading.open_office()
    ready, each = scaled(READY, least=2_000), scaled(CLAIMS, least=3)
    say(f"claim.http: loading {ready:,} ready slots ...")
    _load(office, ready, each)
    os.environ["BARE_CLAIM"] = CLAIM
    with serving("reviewqueue.asgi:application") as product, serving("benchmarks.bare:application") as bare:
        ours = [(Site(product, _key(office, number)), b"") for number in range(len(office.reviewers))]
        theirs = [(Site(bare, "none"), body) for body in _bodies(office)]
        for pace in (PACE, 0):
            yield _measure(ours, theirs, ready, each, pace)


def _bodies(office: Office) -> Iterator[bytes]:
    """Yield what the claim statement needs for each reviewer."""
    queues = list(Queue.objects.all())
    for one in office.reviewers:
        lanes = lanes_of(membership=one, queues=queues)
        yield orjson.dumps({"me": one.user_id, "lanes": lanes, "lease": "1 hour", "head": HEAD, "now": None})


def _measure(ours: Sequence[Asker], theirs: Sequence[Asker], ready: int, each: int, pace: int) -> dict:
    twice = 0

    def product() -> Run:
        nonlocal twice
        run = _ask(ours, each, pace)
        twice += _check(CLIENTS * (each + WARM_UP))
        return run

    told = {"clients": CLIENTS, "ready": ready, "pace": pace or None}
    runs = compare(product, lambda: _ask(theirs, each, pace))
    n = CLIENTS * each
    return line("claim.http", unit="claims/s", floor_is=FLOOR, runs=runs, n=n, **told, double_claims=twice)


def _ask(askers: Sequence[Asker], each: int, pace: int) -> Run:
    put_back()
    return crew(_claims, [([list(askers[number::CLIENTS]) for number in range(CLIENTS)], each, pace)])


def _check(expected: int) -> int:
    """Return how many were handed out twice, by the turns and by the audit trail, which must know every answer."""
    with floors.connect() as plain:
        row = plain.execute(_TWICE).fetchone()
    assert row is not None
    twice, turns, told = row
    if (turns, told) != (expected, expected):
        raise RuntimeError(f"{expected} were answered, {turns} are open, {told} are in the audit trail")
    return twice


def _load(office: Office, ready: int, each: int) -> None:
    loading.load(office, loading.READY, first=1, last=ready, head=ready * 15 // 100)
    loading.exclude_heads(office, deep=12)
    deep = CLIENTS * (each + WARM_UP) + 100  # no claim looks further, whichever lanes are the most urgent
    with loading.loader() as loader:
        loading.write_bodies(loader)
        loader.execute(_CONTENT, {"bodies": loading.BODIES, "deep": deep})
        loader.execute("VACUUM ANALYZE intake_itemcontent")


def _key(office: Office, number: int) -> str:
    user = office.reviewers[number].user
    scopes = ["reviews:write"]
    return create_key(workspace=office.workspace, name="bench", scopes=scopes, user=user, by=SYSTEM, now=now())[1]


# --- in a process of its own -------------------------------------------------------------------------------------


def _claims(share: tuple[list[list[Asker]], int, int], begin: Callable[[], None]) -> list[float]:
    return asyncio.run(_all(*share, begin))


async def _all(clients: list[list[Asker]], each: int, pace: int, begin: Callable[[], None]) -> list[float]:
    connections = [await asyncio.open_connection(HOST, askers[0][0].port) for askers in clients]
    both = list(zip(connections, [cycle(askers) for askers in clients], strict=True))
    await asyncio.gather(*(_client(*one, WARM_UP, 0, 0) for one in both))
    begin()
    began, between = perf_counter(), CLIENTS / pace if pace else 0
    starts = [began + number * between / CLIENTS for number in range(CLIENTS)]
    waits = await asyncio.gather(*(_client(*one, each, between, at) for one, at in zip(both, starts, strict=True)))
    for _reader, writer in connections:
        writer.close()
    return [second for one in waits for second in one]


async def _client(connection: Any, askers: Iterator[Asker], count: int, between: float, start: float) -> list[float]:
    """Claim so often; a claim that is late because the one before it took long counts from when it was due."""
    seconds = []
    for number in range(count):
        due = start + number * between
        if between:
            await asyncio.sleep(max(0.0, due - perf_counter()))
        began = due if between else perf_counter()
        await _claim(*connection, *next(askers))
        seconds.append(perf_counter() - began)
    return seconds


async def _claim(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, site: Site, sent: bytes) -> None:
    writer.write(request_of(site, "claims", sent, Idempotency_Key=uuid4().hex))
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
    body = await reader.readexactly(length)
    if int(head.split(maxsplit=2)[1]) != 201 or not orjson.loads(body)["item"]["output"]:
        raise RuntimeError(f"answered {head[:30]!r} {body[:300]!r}")
