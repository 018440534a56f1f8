"""Processes by identity, not by number alone: a number is given to somebody else after its owner has died."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import IO, TypedDict

from reviewqueue.runtime.places import Place

LINUX = sys.platform.startswith("linux")
PROC = Path("/proc")
ENDINGS = ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0))

# Kept so that a server which dies is reaped, and nobody complains about one which outlives this process.
_started: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Known:
    """A process that was seen alive: its number and when it started."""

    pid: int
    mark: str

    @classmethod
    def now(cls, pid: int) -> "Known | None":
        mark = start_mark(pid)
        return cls(pid, mark) if mark else None

    @classmethod
    def read(cls, path: Path) -> "Known | None":
        """The living process that a pid file names, None when that very process is gone."""
        try:
            pid, mark = path.read_text().split(" ", 1)
            known = cls(int(pid), mark.strip())
        except (FileNotFoundError, ValueError):
            return None
        return known if known.alive() else None

    def write(self, path: Path) -> None:
        path.write_text(f"{self.pid} {self.mark}\n")

    def alive(self) -> bool:
        return start_mark(self.pid) == self.mark


def start_mark(pid: int) -> str | None:
    """When a process started, None for one that is gone or has ended and waits to be reaped."""
    _reap()
    if not LINUX:
        found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True)  # noqa: S607
        return found.stdout.strip() or None
    try:
        # The command's name stands in brackets and may hold brackets itself: the fields begin after the last.
        fields = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else f"{_boot()}/{fields[19]}"


def works_in(pid: int, folder: Path) -> bool:
    """Whether a living process works in `folder`; where that cannot be known (no /proc), every one does."""
    if not start_mark(pid):
        return False
    if not LINUX:
        return True
    try:
        return os.path.samefile(PROC / str(pid) / "cwd", folder)
    except OSError:
        return False


def inhabitants(folder: Path) -> list[int]:
    """All processes whose working directory is `folder` (Linux only: elsewhere none are found)."""
    return [pid for pid in _all_pids() if works_in(pid, folder)]


def marked(variable: str) -> list[int]:
    """All other processes of ours that began with this `NAME=value` in their environment (Linux only)."""
    wanted = variable.encode()
    return [pid for pid in _all_pids() if pid != os.getpid() and wanted in _environment(pid) and start_mark(pid)]


def end(pids: Iterable[int], endings: Sequence[tuple[signal.Signals, float]] = ENDINGS) -> None:
    """Ask with each signal in turn and wait its time, until every one of the processes is gone."""
    waiting = [known for known in map(Known.now, pids) if known]
    for number, seconds in endings:
        for known in waiting:
            _send(known, number)
        wait_until(partial(_all_gone, waiting), seconds)
        waiting = [known for known in waiting if known.alive()]
        if not waiting:
            return


def wait_until(true: Callable[[], bool], seconds: float, *, step: float = 0.02) -> bool:
    """Wait for something to become true; False when the time is up."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(step)
    return True


def start_server(
    argv: Sequence[str | Path], place: Place, log: IO[bytes], *, stdin: bytes | None = None
) -> subprocess.Popen[bytes]:
    """Start a server that outlives this process, in a session of its own, as the place's owner."""
    child = subprocess.Popen(
        [str(part) for part in argv],
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=log,
        stderr=log,
        start_new_session=True,
        cwd=place.sockets,
        env=plain_environment(),
        umask=0o077,
        **as_user(place.owner),
    )
    _started.append(child)
    if stdin is not None and child.stdin:
        child.stdin.write(stdin)
        child.stdin.close()
    return child


class UserArguments(TypedDict, total=False):
    """What Popen wants to become another user."""

    user: int
    group: int
    extra_groups: list[int]


def as_user(user_id: int) -> UserArguments:
    """Arguments for Popen that give up root for good; none when we are that user already."""
    return {} if user_id == os.geteuid() else {"user": user_id, "group": user_id, "extra_groups": []}


def plain_environment() -> Mapping[str, str]:
    """What a server sees: no secret of ours, no language of the person who started it."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _all_gone(waiting: Sequence[Known]) -> bool:
    return not any(known.alive() for known in waiting)


def _send(known: Known, number: signal.Signals) -> None:
    try:
        os.kill(known.pid, number)
    except ProcessLookupError:
        return


def _reap() -> None:
    _started[:] = [child for child in _started if child.poll() is None]


def _all_pids() -> Iterator[int]:
    return (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()) if LINUX else iter(())


def _environment(pid: int) -> list[bytes]:
    try:
        return (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


@cache
def _boot() -> str:
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()
