"""Following the corrections feed over HTTP with a key, from its first page to its last."""

from collections.abc import Callable, Iterator
from functools import partial
from http.client import HTTPConnection
from time import perf_counter
from uuid import UUID

import orjson

from benchmarks import floors, loading
from benchmarks.running import Run, compare, crew, line, scaled
from benchmarks.serving import HOST, serving
from reviewqueue.accounts.actions import create_key
from reviewqueue.audit.actions import SYSTEM

FLOOR = "psycopg fetching the same pages of the same join"
PAGE = 1_000


def lines() -> Iterator[dict]:
    """Yield the one line of the feed: a client that reads everything, page after page."""
    office = loading.open_office()
    rows = scaled(100_000, least=1_500)
    loading.load(office, loading.PUBLISHED, first=1, last=rows, state="settled")
    _row, key = create_key(
        workspace=office.workspace, name="bench", scopes=["items:read"], by=SYSTEM, now=loading.NOW
    )
    with serving("reviewqueue.asgi:application") as port:
        runs = compare(partial(_read, _follow, (port, key), rows), partial(_read, _fetch, office.workspace.pk, rows))
        yield line("feed", unit="rows/s", floor_is=FLOOR, runs=runs, n=rows, rows=rows, clients=1)


def _read(work: Callable, share: object, rows: int) -> Run:
    """Run one reader in a process of its own; its calls are pages."""
    run = crew(work, [share])
    return Run(rate=rows / sum(run.seconds), seconds=run.seconds)


def _follow(share: tuple[int, str], begin: Callable[[], None]) -> list[float]:
    port, key = share
    client, headers = HTTPConnection(HOST, port), {"Authorization": f"Bearer {key}"}
    seconds: list[float] = []
    since, more, position = "", True, 0
    begin()
    while more:
        began = perf_counter()
        client.request("GET", f"/api/v1/corrections?limit={PAGE}&since={since}", headers=headers)
        page = orjson.loads(client.getresponse().read())
        seconds.append(perf_counter() - began)
        since, more = page["next"], page["more"]
        position = _in_order(position, [row["position"] for row in page["results"]])
    return seconds


def _fetch(workspace_id: UUID, begin: Callable[[], None]) -> list[float]:
    with floors.connect() as plain:
        seconds: list[float] = []
        position, found = 0, PAGE
        begin()
        while found == PAGE:
            began = perf_counter()
            rows = floors.feed_page(plain, workspace_id, position, PAGE)
            seconds.append(perf_counter() - began)
            found = len(rows)
            position = _in_order(position, [row[0] for row in rows])
    return seconds


def _in_order(last: int, positions: list[int]) -> int:
    """Return the last position of a page. Raises RuntimeError when one is missing before it."""
    if positions != list(range(last + 1, last + 1 + len(positions))):
        raise RuntimeError(f"a position is missing behind {last}")
    return last + len(positions)
