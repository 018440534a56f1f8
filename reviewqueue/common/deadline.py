"""Interrupting what takes too long, also within something that has a limit of its own."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Limit:
    """One limit of time, by which whoever set it knows that it was theirs."""


class TooSlow(Exception):
    """It took longer than it may; ``limit`` says whose limit that was."""

    def __init__(self, limit: Limit) -> None:
        super().__init__()
        self.limit = limit


@contextmanager
def at_most(seconds: float) -> Iterator[Limit]:
    """Raise TooSlow in what takes longer. Signals reach the main thread only; elsewhere nothing is interrupted.

    Workers and the sweeper run what can hang in their main thread. A limit within another that ends sooner is none:
    the other one's TooSlow passes through.
    """
    limit = Limit()
    outer, _interval = signal.getitimer(signal.ITIMER_REAL)
    if threading.current_thread() is not threading.main_thread() or 0 < outer <= seconds:
        yield limit
        return

    def interrupt(_number: int, _frame: object) -> None:
        raise TooSlow(limit)

    begun = time.monotonic()
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield limit
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if outer:
            signal.setitimer(signal.ITIMER_REAL, max(outer - (time.monotonic() - begun), 0.001))
