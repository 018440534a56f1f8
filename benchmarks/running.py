"""Timed runs beside their floors, crews of client processes, and the printed line."""

import os
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from statistics import median, quantiles
from time import perf_counter
from typing import Any

SCALE = float(os.environ.get("SCALE") or 1)
RUNS = int(os.environ.get("RUNS") or 3)
WARM_UP = 3  # calls of each client that are not counted: a web process lives for days
PATIENCE = 300.0  # seconds for one client; a benchmark ends by itself

_processes = get_context("forkserver")
_processes.set_forkserver_preload(["benchmarks.child"])


def scaled(number: int, *, least: int = 1) -> int:
    """Return a size shrunk by ``SCALE``."""
    return max(least, round(number * SCALE))


def say(text: str) -> None:
    """Tell the person watching; standard output is for the lines alone."""
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Run:
    """One timed run: how many things a second, and how long each call took."""

    rate: float
    seconds: list[float] = field(default_factory=list)
    rss_peak_mb: float = 0.0


def timed(work: Callable[[], int]) -> Run:
    """Run ``work``, which returns how many things it did, in this process."""
    began = perf_counter()
    count = work()
    return Run(rate=count / (perf_counter() - began))


def compare(product: Callable[[], Run], floor: Callable[[], Run], *, runs: int = RUNS) -> tuple[list[Run], list[Run]]:
    """Run product and floor in turns, so that a slow minute of the machine meets both."""
    ours: list[Run] = []
    floors: list[Run] = []
    for number in range(runs):
        both = [(ours, product), (floors, floor)]
        for kept, run in both if number % 2 == 0 else reversed(both):
            kept.append(run())
    return ours, floors


def line(name: str, *, unit: str, floor_is: str, runs: tuple[list[Run], list[Run]], n: int, **facts: Any) -> dict:
    """Return one printed line; ``value`` and ``floor`` are medians, percentiles are of all calls in all runs."""
    ours, floors = runs
    value, floor = (median(run.rate for run in side) for side in runs)
    body = {"name": name, "value": round(value, 1), "unit": unit, "floor": round(floor, 1), "floor_is": floor_is}
    body |= {"ratio": round(value / floor, 3), **facts, "n": n}
    body |= _percentiles([second for run in ours for second in run.seconds])
    theirs = _percentiles([second for run in floors for second in run.seconds])
    return body | {f"floor_{name}": ms for name, ms in theirs.items()}


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    if len(seconds) < 2:
        return {}
    cuts = quantiles(seconds, n=100, method="inclusive")
    return {f"p{place}_ms": round(cuts[place - 1] * 1000, 3) for place in (50, 95, 99)}


def crew(work: Callable[[Any, Callable[[], Any]], list[float]], shares: Sequence[Any]) -> Run:
    """Run ``work(share, begin)`` in a process for each share.

    Each calls ``begin`` when it is ready, then all go on together; it returns how long each of its calls took.
    """
    begin = _processes.Barrier(len(shares), timeout=PATIENCE)
    results = _processes.Queue()
    clients = [_processes.Process(target=_client, args=(work, share, begin, results)) for share in shares]
    for client in clients:
        client.start()
    try:
        answers = [results.get(timeout=PATIENCE) for _ in clients]
    finally:
        _end(clients)
    return _together(answers)


def _client(work: Callable, share: Any, begin: Any, results: Any) -> None:
    try:
        moments: list[float] = []

        def ready() -> None:
            begin.wait()
            moments.append(perf_counter())

        seconds = work(share, ready)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
            1024 * 1024 if sys.platform == "darwin" else 1024
        )
        results.put((moments[0], perf_counter(), seconds, peak))
    except BaseException as error:
        begin.abort()
        results.put(repr(error))
        raise


def _together(answers: list[Any]) -> Run:
    faults = [answer for answer in answers if isinstance(answer, str)]
    if faults:
        raise RuntimeError(f"{len(faults)} of {len(answers)} clients failed; the first: {faults[0]}")
    began, ended, seconds, peaks = zip(*answers, strict=True)
    calls = [second for one in seconds for second in one]
    return Run(rate=len(calls) / (max(ended) - min(began)), seconds=calls, rss_peak_mb=max(peaks))


def _end(clients: Sequence[Any]) -> None:
    for client in clients:
        client.join(timeout=5)
        if client.is_alive():
            client.kill()
            client.join()


def each_timed(
    call: Callable[[Any], Any], over: Sequence[Any], begin: Callable[[], Any], *, warm_up: int = WARM_UP
) -> list[float]:
    """Call with each value in turn; return how long each call took, but for the first few, made before all begin."""
    for value in over[:warm_up]:
        call(value)
    begin()
    seconds = []
    for value in over[warm_up:]:
        began = perf_counter()
        call(value)
        seconds.append(perf_counter() - began)
    return seconds
