"""The threads that requests are worked on in, and the requests that wait for one.

Nobody waits for long: a request that finds no room, or gets no thread within ``patience`` seconds, is refused, and
one whose work takes longer than ``longest`` seconds (a database that hangs) is let go while its thread goes on.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from .fairness import Callers

LOOK_SECONDS = 1.0
#: So many calls lie ready for the threads, so that none waits for the loop to choose the next.
READY = 1
#: So many requests of clients that had waited elsewhere may wait here for their answer.
MOST_PATIENT = 5_000


class Refused(Exception):
    """There is no thread for this request now; ``begun`` when its work had begun, so that it may still be done."""

    def __init__(self, *, begun: bool = False) -> None:
        self.begun = begun
        super().__init__()


@dataclass(eq=False, slots=True)
class _Asked:
    """A request on its way through the threads."""

    caller: str
    work: Callable[[], Any]
    done: asyncio.Future[Any]
    since: float

    def fail(self, error: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class Workplace:
    """Some threads, and those who wait for one; used from one event loop.

    ``caller_of`` tells callers apart, and at most ``most`` requests wait. A path in ``apart`` has a thread of its
    own, so that health checks are answered whatever else goes on.
    """

    def __init__(
        self,
        caller_of: Callable[[Mapping[str, Any]], str],
        *,
        threads: int,
        most: int,
        patience: float,
        longest: float,
        apart: tuple[str, ...] = (),
    ) -> None:
        self.caller_of = caller_of
        self.patience, self.longest = patience, longest
        self.callers: Callers[_Asked] = Callers(most)
        self._room = threads + READY
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="web")
        self._apart = {path: ThreadPoolExecutor(max_workers=1, thread_name_prefix=path) for path in apart}
        self._running: set[_Asked] = set()
        self._looking: asyncio.Task[None] | None = None

    async def work(self, scope: Mapping[str, Any], call: Callable[[], Any], *, patient: bool) -> Any:
        """Return what a call returns, when a thread has made it. Raises Refused."""
        loop = asyncio.get_running_loop()
        apart = self._apart.get(scope["path"])
        if apart is not None:
            return await loop.run_in_executor(apart, call)
        caller = self.caller_of(scope)
        asked = _Asked(f"{caller} again" if patient else caller, call, loop.create_future(), loop.time())
        self._enter(asked, patient)
        self._look(loop)
        return await asked.done

    def _enter(self, asked: _Asked, patient: bool) -> None:
        if len(self._running) < self._room:
            self.callers.begin(asked.caller)
            self._begin(asked)
        elif not patient:
            gone = self.callers.add(asked.caller, asked)
            if gone is not None:
                gone.fail(Refused())
        elif self.callers.patient < MOST_PATIENT:
            self.callers.add_patient(asked.caller, asked)
        else:
            asked.fail(Refused())

    def _begin(self, asked: _Asked) -> None:
        self._running.add(asked)
        self._threads.submit(self._run, asked, asked.done.get_loop())

    def _run(self, asked: _Asked, loop: asyncio.AbstractEventLoop) -> None:
        """Work, in a thread."""
        began = time.monotonic()
        result, error = None, None
        try:
            result = asked.work()
        except BaseException as raised:
            error = raised
        loop.call_soon_threadsafe(self._end, asked, result, error, time.monotonic() - began)

    def _end(self, asked: _Asked, result: Any, error: BaseException | None, seconds: float) -> None:
        self._running.discard(asked)
        self.callers.end(asked.caller, seconds)
        if error is not None:
            asked.fail(error)
        elif not asked.done.done():
            asked.done.set_result(result)
        self._begin_next()

    def _begin_next(self) -> None:
        while len(self._running) < self._room:
            chosen = self.callers.next()
            if chosen is None:
                return
            self._begin(chosen[1])

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look after those who wait or take long, as long as there are any."""
        if self._looking is None or self._looking.done():
            self._looking = loop.create_task(self._look_after())

    async def _look_after(self) -> None:
        loop = asyncio.get_running_loop()
        while self._running or self.callers.waiting:
            await asyncio.sleep(LOOK_SECONDS)
            for asked in self.callers.who_waits():
                if asked.since < loop.time() - self.patience:
                    self.callers.remove(asked.caller, asked)
                    asked.fail(Refused())
            for asked in self._running:
                if asked.since < loop.time() - self.longest:
                    asked.fail(Refused(begun=True))
