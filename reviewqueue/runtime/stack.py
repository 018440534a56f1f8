"""The one-command start: servers, programs, their restarts and their end, in the foreground.

All children are started from the main thread: the kernel ties their end to the thread that started them.
"""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from types import FrameType

from reviewqueue.runtime import flocks, logs, places, processes
from reviewqueue.runtime.children import Child, Program, end_leftovers, stop_all
from reviewqueue.runtime.errors import CannotStart
from reviewqueue.runtime.places import Place
from reviewqueue.runtime.servers import Servers

STEP = 0.1
READY_PATIENCE = 60.0
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Report = Callable[[str], None]


class _Ending(BaseException):
    """Somebody asked the stack to end: raised wherever it happens to be, a long wait included."""


class _Wishes:
    """What signals have asked for: the first one to end, a second one to end at once."""

    def __init__(self) -> None:
        self.count = 0
        self.raising = True

    def note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.raising:
            self.raising = False
            raise _Ending

    def hurry(self) -> bool:
        return self.count > 1


def run_stack(
    programs: Sequence[Program],
    *,
    data_dir: Path,
    address: str,
    ready: Callable[[], bool] = lambda: True,
    announce: Callable[[], None] = lambda: None,
    prepare: Callable[[], None] = lambda: None,
    embedded: bool = True,
    report: Report = print,
    grace: float = 10.0,
) -> int:
    """Run servers and programs until a signal ends them (0) or a program cannot be kept running (1).

    `prepare` runs once between the servers and the programs (migrations), `ready` is asked until it says yes,
    then `announce` is called once. With `embedded=False` the servers are somebody else's.
    """
    place = places.prepare(data_dir)
    note = f"at {address} (process {os.getpid()})"
    with flocks.the_only_one(place.servers / "stack.flock", note) as other:
        if other is not None:
            raise CannotStart(f"already running {other} with the data in {place.data_dir}")
        stack = _Stack(programs, place, ready=ready, announce=announce, report=report, grace=grace)
        with _signals() as wishes:
            return stack.run(wishes, prepare=prepare, embedded=embedded)


class _Stack:
    def __init__(
        self,
        programs: Sequence[Program],
        place: Place,
        *,
        ready: Callable[[], bool],
        announce: Callable[[], None],
        report: Report,
        grace: float,
    ) -> None:
        self.place = place
        self.children = [Child(program, place) for program in programs]
        self.servers: Servers | None = None
        self.ready, self.announce, self.report, self.grace = ready, announce, report, grace
        self.announced = False
        self.late_at = monotonic() + READY_PATIENCE

    def run(self, wishes: _Wishes, *, prepare: Callable[[], None], embedded: bool) -> int:
        try:
            end_leftovers(self.place, self.report)
            if embedded:
                self.servers = Servers(self.place, report=self.report)
                self.servers.start()
            prepare()
            return self._watch(wishes)
        except _Ending:
            return 0
        finally:
            wishes.raising = False
            self._end(wishes)

    def _watch(self, wishes: _Wishes) -> int:
        self.late_at = monotonic() + READY_PATIENCE
        while not wishes.count:
            for child in self.children:
                child.watch(self.report)
                if child.hopeless:
                    return self._give_up(child)
            if self.servers is not None:
                self.servers.revive()
            self._announce_once()
            logs.bound(self.place.logs)
            processes.wait_until(lambda: wishes.count > 0, STEP)
        return 0

    def _announce_once(self) -> None:
        if self.announced:
            return
        if self.ready():
            self.announced = True
            self.announce()
        elif monotonic() > self.late_at:
            self.late_at += READY_PATIENCE
            self.report(f"Still not ready; the logs are in {self.place.logs}")

    def _give_up(self, child: Child) -> int:
        name = child.program.name
        self.report(f"{name} ended {child.fast_deaths} times right after its start, giving up. Its last lines:")
        self.report(logs.tail(self.place.logs, name))
        return 1

    def _end(self, wishes: _Wishes) -> None:
        self.report("Stopping ...")
        stop_all(self.children, grace=self.grace, hurry=wishes.hurry)
        if self.servers is not None:
            self.servers.stop()
        self.report("Stopped.")


@contextmanager
def _signals() -> Iterator[_Wishes]:
    wishes = _Wishes()
    before = {number: signal.signal(number, wishes.note) for number in ENDINGS}
    try:
        yield wishes
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
