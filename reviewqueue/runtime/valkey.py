"""The embedded Valkey: only the bell. It keeps nothing on disk, so a broken one is simply replaced."""

import signal
import subprocess
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from reviewqueue.runtime import logs, processes
from reviewqueue.runtime.address_book import Addresses
from reviewqueue.runtime.errors import CannotStart
from reviewqueue.runtime.places import Place
from reviewqueue.runtime.processes import Known
from reviewqueue.runtime.programs import Programs

PATIENCE = 10.0
STOPPING = ((signal.SIGTERM, 1.0), (signal.SIGKILL, 5.0))  # it has nothing to lose
SETTINGS = """\
port 0
unixsocket "{socket}"
unixsocketperm 700
requirepass {password}
dir "{folder}"
save ""
appendonly no
maxmemory 128mb
maxmemory-policy noeviction
daemonize no
supervised no
loglevel notice
"""


def start(place: Place, there: Addresses, programs: Programs, *, report: Callable[[str], None]) -> bool:
    """Make sure that Valkey answers; True when it was running already."""
    if answers(there):
        _remember(place, _pid(there))
        return True
    _end_silent(place)
    report("Starting Valkey ...")
    child = _start(place, there, programs)
    if (
        not processes.wait_until(lambda: answers(there) or child.poll() is not None, PATIENCE)
        or child.poll() is not None
    ):
        raise CannotStart(f"Valkey did not start:\n{logs.tail(place.logs, 'valkey')}")
    return False


def answers(there: Addresses) -> bool:
    """Whether it lets us in with our password."""
    try:
        with closing(_connect(there)) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def alive(place: Place) -> bool:
    """Whether its process is there, without asking it anything."""
    return Known.read(_pid_file(place)) is not None


def stop(place: Place, there: Addresses) -> None:
    """Ask it to go, and make it go when it does not listen."""
    with suppress(redis.RedisError), closing(_connect(there)) as client:
        client.shutdown(nosave=True, now=True, force=True)
    _end_silent(place)
    there.valkey_socket.unlink(missing_ok=True)


def _start(place: Place, there: Addresses, programs: Programs) -> subprocess.Popen[bytes]:
    settings = SETTINGS.format(socket=there.valkey_socket, password=there.valkey_password, folder=place.sockets)
    with logs.open_log(place.logs, "valkey") as log:
        child = processes.start_server([programs.valkey, "-"], place, log, stdin=settings.encode())
    _remember(place, child.pid)
    return child


def _remember(place: Place, pid: int) -> None:
    if known := Known.now(pid):
        known.write(_pid_file(place))


def _pid(there: Addresses) -> int:
    with closing(_connect(there)) as client:
        return int(client.info("server")["process_id"])


def _end_silent(place: Place) -> None:
    if known := Known.read(_pid_file(place)):
        processes.end([known.pid], STOPPING)
    _pid_file(place).unlink(missing_ok=True)


def _pid_file(place: Place) -> Path:
    return place.servers / "valkey.pid"


def _connect(there: Addresses) -> redis.Redis:
    return redis.Redis(
        unix_socket_path=str(there.valkey_socket),
        password=there.valkey_password,
        socket_timeout=2,
        retry=Retry(NoBackoff(), 0),
    )
