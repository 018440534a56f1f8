"""From the answer to a POST until people can claim the item: the real product, a steady hundred items a second."""

import asyncio
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any
from uuid import UUID

import orjson
import psycopg

from benchmarks import floors, loading, policies
from benchmarks.intake import Site, request_of
from benchmarks.running import Run, compare, crew, line, scaled
from benchmarks.serving import HOST, serving, working
from reviewqueue.accounts.actions import create_key
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now

FLOOR = "psycopg committing one row at the same pace, seen by the same watch"
PACE = 100  # items a second, whatever the answers take
CONNECTIONS = 16
LOOK = 0.01  # seconds between two looks of the watch: it adds half of that, at most all

_CLAIMABLE = """
SELECT e.item_id FROM triage_queueentry e JOIN assignment_slot s ON s.entry_id = e.id
WHERE e.item_id = ANY(%s) AND e.ended_at IS NULL AND s.holder_id IS NULL AND s.closed_at IS NULL
"""
_SEEN = "SELECT id FROM bare_seen WHERE id = ANY(%s)"


def lines() -> Iterator[dict]:
    """Yield the one line: everything goes to people, so that all of it becomes claimable."""
    office = loading.open_office()
    policies.put_in_force(office, policies.rules(office, unsure=0.6))
    policies.switch_on(office)
    _row, key = create_key(workspace=office.workspace, name="bench", scopes=["items:write"], by=SYSTEM, now=now())
    n = scaled(2_000, least=50)
    firsts = iter(range(1, 100 * n, n))
    with floors.connect() as plain:
        plain.execute("CREATE TABLE IF NOT EXISTS bare_seen (id uuid PRIMARY KEY)")
    with serving("reviewqueue.asgi:application") as port, working():
        site = Site(port, key)

        def run(post: Callable, seen: str) -> Run:
            first = next(firsts)
            bodies = [_body(number) for number in range(first, first + n)]
            seconds = crew(_sent_and_watched, [(site, bodies, post, seen)]).seconds
            return Run(rate=PACE, seconds=seconds)

        run(_posted, _CLAIMABLE)  # every process has answered, connected and imported
        runs = compare(lambda: run(_posted, _CLAIMABLE), lambda: run(_committed, _SEEN))
    yield line("triage.latency", unit="items/s", floor_is=FLOOR, runs=runs, n=n, clients=CONNECTIONS)


def _body(number: int) -> bytes:
    return orjson.dumps(loading.document(number))


# --- in a process of its own -------------------------------------------------------------------------------------


def _sent_and_watched(share: tuple[Site, list[bytes], Callable, str], begin: Callable[[], None]) -> list[float]:
    return asyncio.run(_all(*share, begin))


async def _all(site: Site, bodies: list[bytes], post: Callable, seen: str, begin: Callable[[], None]) -> list[float]:
    free: asyncio.Queue[Any] = asyncio.Queue()
    for _number in range(CONNECTIONS):
        free.put_nowait(await _connected(site, post))
    watch = _Watch(seen, len(bodies))
    begin()
    began = perf_counter()
    watching = asyncio.create_task(watch.look())
    sending = []
    for number, body in enumerate(bodies):
        await asyncio.sleep(max(0.0, began + number / PACE - perf_counter()))
        sending.append(asyncio.create_task(_send(post, site, free, body, watch)))
    await asyncio.gather(*sending)
    return await asyncio.wait_for(watching, timeout=60)


async def _connected(site: Site, post: Callable) -> Any:
    if post is _committed:
        return await psycopg.AsyncConnection.connect(floors.address(), autocommit=True)
    return await asyncio.open_connection(HOST, site.port)


async def _send(post: Callable, site: Site, free: asyncio.Queue, body: bytes, watch: "_Watch") -> None:
    connection = await free.get()
    watch.answered(await post(site, connection, body))
    free.put_nowait(connection)


async def _posted(site: Site, connection: Any, body: bytes) -> UUID:
    reader, writer = connection
    writer.write(request_of(site, "items", body))
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    answer = await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
    if int(head.split(maxsplit=2)[1]) != 201:
        raise RuntimeError(f"answered {answer[:300]!r}")
    return UUID(orjson.loads(answer)["id"])


async def _committed(_site: Site, connection: Any, _body: bytes) -> UUID:
    found = await (
        await connection.execute("INSERT INTO bare_seen VALUES (gen_random_uuid()) RETURNING id")
    ).fetchone()
    return found[0]


class _Watch:
    """Asks the database again and again which of the answered items can be claimed by now."""

    def __init__(self, seen: str, expected: int) -> None:
        self._seen, self._expected = seen, expected
        self._answered_at: dict[UUID, float] = {}

    def answered(self, item_id: UUID) -> None:
        self._answered_at[item_id] = perf_counter()

    async def look(self) -> list[float]:
        seconds: list[float] = []
        async with await psycopg.AsyncConnection.connect(floors.address(), autocommit=True) as looking:
            while len(seconds) < self._expected:
                found = await (await looking.execute(self._seen, [list(self._answered_at)])).fetchall()
                at = perf_counter()
                seconds += [at - self._answered_at.pop(item_id) for (item_id,) in found]
                await asyncio.sleep(LOOK)
        return seconds
