"""A PostgreSQL and a Redis (or Valkey) of somebody else: plain servers on loopback TCP, with passwords.

Debian's own are used when they are installed, the programs of the embedded servers' wheels otherwise.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import redis
from django.conf import settings

from reviewqueue.runtime import places, programs


@dataclass(frozen=True)
class Elsewhere:
    """Where both servers are, and how their administrator gets in."""

    postgres_port: int
    postgres_password: str
    redis_port: int
    redis_password: str
    bin: Path


@contextmanager
def servers_elsewhere() -> Iterator[Elsewhere]:
    """Run both servers for the time of a block; nothing of them stays."""
    folder = Path(tempfile.mkdtemp(prefix="rq-elsewhere-", dir="/tmp"))
    _give(folder)
    there = Elsewhere(free_port(), secrets.token_hex(16), free_port(), secrets.token_hex(16), _postgres_bin())
    running: list[subprocess.Popen[bytes]] = []
    try:
        _initdb(folder, there)
        running += [_start_redis(folder, there), _start_postgres(folder, there)]
        wait_for(lambda: _answers(there), running)
        yield there
    finally:
        for one in running:
            one.send_signal(signal.SIGINT)
        for one in running:
            one.wait(20)
        shutil.rmtree(folder)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(ready: Callable[[], bool], running: list[subprocess.Popen[bytes]] = [], patience: float = 30) -> None:  # noqa: B006
    """Wait until something is so; a program that ends meanwhile, or too long a wait, is an error."""
    late = time.monotonic() + patience
    while not ready():
        ended = [one.args for one in running if one.poll() is not None]
        assert not ended, f"ended: {ended}"
        assert time.monotonic() < late, "waited too long"
        time.sleep(0.05)


def _postgres_bin() -> Path:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    return installed[-1].parent if installed else _wheels().postgres.parent


def _redis() -> str:
    return shutil.which("redis-server") or shutil.which("valkey-server") or str(_wheels().valkey)


def _wheels() -> programs.Programs:
    return programs.find(places.prepare(settings.DATA_DIR), lambda _line: None)


def _user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: root's servers run as nobody."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def _give(folder: Path) -> None:
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)


def _initdb(folder: Path, there: Elsewhere) -> None:
    password = folder / "password"
    password.write_text(there.postgres_password)
    password.chmod(0o600)
    _give(password)
    made = [there.bin / "initdb", "-D", folder / "data", "--auth=scram-sha-256", "--username=postgres", "--no-sync"]
    made += [f"--pwfile={password}", "--encoding=UTF8", "--locale=C.UTF-8"]
    subprocess.run(made, check=True, capture_output=True, cwd="/", **_user())


def _start_postgres(folder: Path, there: Elsewhere) -> subprocess.Popen[bytes]:
    options = {"listen_addresses": "127.0.0.1", "port": there.postgres_port, "unix_socket_directories": folder}
    given = [f"-c{name}={value}" for name, value in {**options, "fsync": "off"}.items()]
    return _start([there.bin / "postgres", "-D", folder / "data", *given], folder)


def _start_redis(folder: Path, there: Elsewhere) -> subprocess.Popen[bytes]:
    given = ["--port", str(there.redis_port), "--bind", "127.0.0.1", "--requirepass", there.redis_password]
    return _start([_redis(), *given, "--save", "", "--appendonly", "no", "--dir", str(folder)], folder)


def _start(command: list[Any], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd="/", **_user())


def _answers(there: Elsewhere) -> bool:
    try:
        admin_connection(there).close()
        redis.Redis(port=there.redis_port, password=there.redis_password).ping()
    except (psycopg.OperationalError, redis.RedisError):
        return False
    return True


def admin_connection(there: Elsewhere) -> psycopg.Connection:
    """Connect as the superuser."""
    return psycopg.connect(
        host="127.0.0.1", port=there.postgres_port, user="postgres", password=there.postgres_password
    )
