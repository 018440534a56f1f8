"""Submitting items over HTTP with a key, one by one and in batches, beside bare Django views."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from time import perf_counter
from typing import Any

import orjson

from benchmarks import floors, loading
from benchmarks.running import Run, compare, crew, line, scaled
from benchmarks.serving import HOST, serving
from reviewqueue.accounts.actions import create_key
from reviewqueue.audit.actions import SYSTEM

INSERT = "a bare Django view inserting one row with psycopg"
COPY = "a bare Django view copying the batch into one table"


@dataclass(frozen=True)
class Site:
    """A running server, and the key it wants."""

    port: int
    key: str


def single() -> Iterator[dict]:
    """Yield a line for one client and one for sixteen, each on one kept-alive connection."""
    with sites() as (product, bare):
        numbers = count(1)
        for clients, each in ((1, scaled(1_000, least=20)), (16, scaled(100, least=5))):

            def run(site: Site, clients: int = clients, each: int = each) -> Run:
                return send(site, [[_item(site, next(numbers)) for _ in range(each)] for _ in range(clients)])

            runs = compare(lambda: run(product), lambda: run(bare))
            yield line("intake.single", unit="items/s", floor_is=INSERT, runs=runs, n=clients * each, clients=clients)


def batch() -> Iterator[dict]:
    """Yield a line for one client sending batches one after the other."""
    rows, batches = scaled(1_000, least=50), 6
    with sites() as (product, bare):
        firsts = count(1, rows)

        def run(site: Site) -> Run:
            sent = send(site, [[_batch(site, next(firsts), rows) for _ in range(batches)]])
            return Run(rate=sent.rate * rows, seconds=sent.seconds)

        runs = compare(lambda: run(product), lambda: run(bare))
        yield line("intake.batch", unit="items/s", floor_is=COPY, runs=runs, n=batches * rows, rows=rows, clients=1)


def _item(site: Site, number: int) -> bytes:
    return request_of(site, "items", orjson.dumps(loading.document(number)))


def _batch(site: Site, first: int, rows: int) -> bytes:
    items = [loading.document(number) for number in range(first, first + rows)]
    return request_of(site, "items/batch", orjson.dumps({"items": items}))


def request_of(site: Site, path: str, body: bytes, **headers: str) -> bytes:
    """Return a POST of JSON as it goes over the wire; ``headers`` with underscores for dashes."""
    head = f"POST /api/v1/{path} HTTP/1.1\r\nHost: {HOST}:{site.port}\r\nAuthorization: Bearer {site.key}\r\n"
    head += "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def send(site: Site, requests: list[list[bytes]]) -> Run:
    """Send each client's requests one after the other, all clients from one other process."""
    return crew(_clients, [(site.port, requests)])


def _clients(share: tuple[int, list[list[bytes]]], begin: Callable[[], None]) -> list[float]:
    return asyncio.run(_all_clients(*share, begin))


async def _all_clients(port: int, requests: list[list[bytes]], begin: Callable[[], None]) -> list[float]:
    connections = [await asyncio.open_connection(HOST, port) for _ in requests]
    begin()
    seconds = await asyncio.gather(
        *(_one_client(*both, one) for both, one in zip(connections, requests, strict=True))
    )
    for _reader, writer in connections:
        writer.close()
    return [second for one in seconds for second in one]


async def _one_client(reader: Any, writer: Any, requests: list[bytes]) -> list[float]:
    seconds = []
    for request in requests:
        began = perf_counter()
        writer.write(request)
        status, body = await _answer(reader)
        seconds.append(perf_counter() - began)
        if status not in (200, 201) or b'"error"' in body:
            raise RuntimeError(f"answered {status}: {body[:300]!r}")
    return seconds


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    return int(head.split(maxsplit=2)[1]), await reader.readexactly(length)


@contextmanager
def sites() -> Iterator[tuple[Site, Site]]:
    """Run the product and the bare views side by side, started by the same command."""
    office = loading.open_office()
    _row, key = create_key(
        workspace=office.workspace, name="bench", scopes=["items:write"], by=SYSTEM, now=loading.NOW
    )
    with floors.connect() as plain:
        plain.execute("CREATE TABLE IF NOT EXISTS bare_item (id uuid PRIMARY KEY, external_id text, body text)")
        plain.execute("TRUNCATE bare_item")
    with serving("reviewqueue.asgi:application") as product, serving("benchmarks.bare:application") as bare:
        sites = Site(product, key), Site(bare, key)
        for site in sites:
            _warm_up(site)
        yield sites


def _warm_up(site: Site) -> None:
    """Let every process of a server answer, connect and import before anything is measured."""
    numbers = count(10_000_001)
    send(site, [[_item(site, next(numbers)) for _ in range(3)] for _ in range(16)])
