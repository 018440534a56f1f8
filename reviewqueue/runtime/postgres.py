"""The embedded PostgreSQL: made once, started or adopted, recovered after a crash, stopped cleanly."""

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic

import psycopg

from reviewqueue.runtime import cluster, logs, processes
from reviewqueue.runtime.address_book import PORT, Addresses
from reviewqueue.runtime.errors import CannotStart
from reviewqueue.runtime.places import Place
from reviewqueue.runtime.programs import Programs

PATIENCE = 60.0
STOPPING = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
CRASHED = ((signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))

# Given on the command line: root writes no file into a folder that another user owns.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "autovacuum_naptime": "15s",
    "jit": "off",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    # What people wrote must not reach a log: neither statements nor the values that broke a constraint.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "logging_collector": "off",
    "log_destination": "stderr",
}
# Commits stay synchronous for tests too: handed to the kernel, they survive the killing of every process.
UNSAFE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "on"}
SAFE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


def start(place: Place, there: Addresses, programs: Programs, *, fsync: bool, report: Callable[[str], None]) -> bool:
    """Make sure that PostgreSQL answers; True when it was running already."""
    cluster.ensure(place, there, programs, fsync=fsync, report=report)
    if adopted(place, there, fsync=fsync, report=report):
        return True
    _clear_remains(place)
    report("Starting PostgreSQL ...")
    child = _start(place, programs, fsync=fsync)
    _wait(place, there, child, report)
    cluster.ensure_database(there)
    return False


def adopted(place: Place, there: Addresses, *, fsync: bool, report: Callable[[str], None]) -> bool:
    """Whether a server of this place runs that can be kept; one that cannot be is stopped."""
    pid = postmaster(place)
    if pid is None:
        return False
    before = _sockets_in_use(place)
    if before != place.sockets:
        report("Stopping a PostgreSQL that was started before the data directory was renamed ...")
        stop(place)
        with suppress(OSError):  # gone already
            before.rmdir()
        return False
    _wait(place, there, None, report)
    if fsync and not _is_safe(there):
        report("Stopping a PostgreSQL that was started without fsync ...")
        stop(place)
        return False
    cluster.ensure_database(there)
    return True


def postmaster(place: Place) -> int | None:
    """The number of this place's living server, whoever started it."""
    lines = _pid_file(place)
    if not lines or not lines[0].strip().isdigit():
        return None
    pid = int(lines[0])
    return pid if processes.works_in(pid, place.cluster) else None


def answers(there: Addresses) -> bool:
    """Whether the product's own role can connect."""
    try:
        psycopg.connect(there.database_url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def stop(place: Place) -> None:
    """Fast shutdown: clients are disconnected, everything committed is on disk."""
    pid = postmaster(place)
    if pid is not None:
        processes.end([pid], STOPPING)


def _start(place: Place, programs: Programs, *, fsync: bool) -> subprocess.Popen[bytes]:
    settings = SETTINGS | (SAFE if fsync else UNSAFE) | {"unix_socket_directories": str(place.sockets)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with logs.open_log(place.logs, "postgresql") as log:
        return processes.start_server([programs.postgres, "-D", place.cluster, *options], place, log)


def _wait(
    place: Place, there: Addresses, child: subprocess.Popen[bytes] | None, report: Callable[[str], None]
) -> None:
    began = told = monotonic()
    while (refusal := _refusal(there)) is not None:
        if "password authentication failed" in refusal:
            raise CannotStart(
                f"PostgreSQL refuses the password in {place.servers / 'postgres-admin.password'}; "
                "put the original file back"
            )
        gone = postmaster(place) is None and (child is None or child.poll() is not None)
        if gone or monotonic() - began > PATIENCE:
            raise CannotStart(_why(place, gone=gone, refusal=refusal))
        if monotonic() - told > 3:
            told = monotonic()
            report(f"Waiting for PostgreSQL: {refusal} ({told - began:.0f} s) ...")
        processes.wait_until(lambda: False, 0.03)


def _refusal(there: Addresses) -> str | None:
    try:
        psycopg.connect(there.admin_database_url, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return str(error).strip().splitlines()[0].rpartition("FATAL:")[2].strip()
    return None


def _why(place: Place, *, gone: bool, refusal: str) -> str:
    what = (
        "PostgreSQL ended while starting" if gone else f"PostgreSQL does not answer after {PATIENCE:.0f} s: {refusal}"
    )
    return f"{what}; its log is {place.logs / 'postgresql.log'}\n{logs.tail(place.logs, 'postgresql')}".rstrip()


def _clear_remains(place: Place) -> None:
    """Clear what a killed server left behind, which its successor would take for a living server."""
    processes.end(processes.inhabitants(place.cluster), CRASHED)
    if processes.LINUX and postmaster(place) is None and not processes.inhabitants(place.cluster):
        for stale in (*place.sockets.glob(".s.PGSQL.*"), *_reused(place)):
            stale.unlink(missing_ok=True)


def _reused(place: Place) -> list[Path]:
    """The pid file if its number is somebody else's now; PostgreSQL itself sees when it is nobody's."""
    lines = _pid_file(place)
    somebody = bool(lines) and lines[0].strip().isdigit() and os.path.exists(f"/proc/{int(lines[0])}")
    return [place.cluster / "postmaster.pid"] if somebody else []


def _sockets_in_use(place: Place) -> Path:
    lines = _pid_file(place)
    return Path(lines[4].strip()) if len(lines) > 4 else place.sockets  # not written yet by one that just begins


def _is_safe(there: Addresses) -> bool:
    with psycopg.connect(there.admin_database_url) as connection:
        return connection.execute("SHOW fsync").fetchone() == ("on",)


def _pid_file(place: Place) -> list[str]:
    try:
        return (place.cluster / "postmaster.pid").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []
