"""The programs that a stack runs: they die with it, are restarted when they die, found when left over."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from reviewqueue.runtime import logs, processes
from reviewqueue.runtime.places import Place
from reviewqueue.runtime.processes import Known

MARK = "REVIEWQUEUE_STACK"
FAST = 10.0  # seconds: a program that lives shorter has failed to start
MOST_FAST_DEATHS = 5
LONGEST_PAUSE = 10.0
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Program:
    """A program to keep running: its name is also its log's, and `env` adds to our environment."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)


class Child:
    """One program's life, over all its restarts."""

    def __init__(self, program: Program, place: Place) -> None:
        self.program = program
        self.fast_deaths = 0
        self._place = place
        self._running: subprocess.Popen[bytes] | None = None
        self._born_at = 0.0
        self._due_at = 0.0

    @property
    def hopeless(self) -> bool:
        """Whether it died at once so often that trying again is no use."""
        return self.fast_deaths >= MOST_FAST_DEATHS

    def watch(self, report: Callable[[str], None]) -> None:
        """Start it when it is due; notice when it has died."""
        if self._running is None:
            if monotonic() >= self._due_at:
                self._start()
        elif self._running.poll() is not None:
            self._note_death(self._running.returncode, report)

    def signal(self, number: signal.Signals) -> None:
        """To its whole session, so that a worker's own children hear it too."""
        if self._running is not None:
            try:
                os.killpg(self._running.pid, number)
            except (ProcessLookupError, PermissionError):  # gone, or only waits to be reaped (macOS)
                return

    def gone(self) -> bool:
        return self._running is None or self._running.poll() is not None

    def _start(self) -> None:
        with logs.open_log(self._place.logs, self.program.name) as log:
            self._running = subprocess.Popen(
                list(self.program.argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **self.program.env, MARK: self._place.key},
                preexec_fn=_dying_with(os.getpid()),
            )
        self._born_at = monotonic()
        if known := Known.now(self._running.pid):
            known.write(_pid_folder(self._place) / f"{self.program.name}.pid")

    def _note_death(self, code: int, report: Callable[[str], None]) -> None:
        self.signal(signal.SIGKILL)  # what it started must not live on beside its successor
        self._running = None
        self.fast_deaths = self.fast_deaths + 1 if monotonic() - self._born_at < FAST else 0
        pause = min(LONGEST_PAUSE, 0.5 * 2 ** max(0, self.fast_deaths - 1))
        self._due_at = monotonic() + pause
        how = f"exit code {code}" if code >= 0 else f"signal {-code}"
        what = f"{self.program.name} has ended ({how}), its log is {self._place.logs / self.program.name}.log"
        report(what if self.hopeless else f"{what}; starting it again in {pause:g} s")


def stop_all(children: Iterable[Child], *, grace: float, hurry: Callable[[], bool]) -> None:
    """Ask all to end, wait together, end those that do not within the grace or when there is a hurry."""
    waiting = list(children)
    for child in waiting:
        child.signal(signal.SIGTERM)
    processes.wait_until(lambda: hurry() or all(child.gone() for child in waiting), grace)
    for child in waiting:
        child.signal(signal.SIGKILL)
    processes.wait_until(lambda: all(child.gone() for child in waiting), 5)


def end_leftovers(place: Place, report: Callable[[str], None]) -> None:
    """End what a killed stack of this data directory left, known by its start time or by our mark in it."""
    found = {known.pid for path in _pid_folder(place).glob("*.pid") if (known := Known.read(path))}
    found |= set(processes.marked(f"{MARK}={place.key}"))
    if found:
        report(f"Ending {len(found)} process(es) that an earlier start left behind ...")
        processes.end(found)
    for path in _pid_folder(place).glob("*.pid"):
        path.unlink()


def _pid_folder(place: Place) -> Path:
    folder = place.servers / "children"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _dying_with(parent: int) -> Callable[[], None] | None:
    """Let the kernel end the child when the thread that started it ends, even by kill -9 (Linux only)."""
    if not processes.LINUX:
        return None
    libc = ctypes.CDLL(None)

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the kernel knew our wish
            os._exit(1)

    return ask
