"""Triage by one worker, in batches of 200 as workers take them."""

from collections.abc import Iterator

from benchmarks import floors, loading
from benchmarks.running import Run, compare, line, scaled, timed
from reviewqueue import pipeline
from reviewqueue.triage.actions import take_pending

FLOOR = "the same rows written by one INSERT … SELECT a table and batch"


def lines() -> Iterator[dict]:
    """Yield the one line of triage."""
    office = loading.open_office()
    n = scaled(4_000, least=200)
    loaded = iter(range(1, 6 * n, n))

    def fresh() -> None:
        first = next(loaded)
        loading.load(office, loading.RECEIVED, first=first, last=first + n - 1, state="received")

    def product() -> Run:
        fresh()
        return timed(_triage)

    def floor() -> Run:
        fresh()
        with floors.connect() as plain:
            return timed(lambda: floors.triage(plain, office))

    yield line("triage", unit="items/s", floor_is=FLOOR, runs=compare(product, floor), n=n)


def _triage() -> int:
    decided = 0
    while taken := take_pending(now=loading.NOW):
        decided += pipeline.triage_items(taken=taken, now=loading.NOW)
    return decided
