"""The product's web server as a process of its own, on the database that the tests write to."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

import httpx
from django.conf import settings
from django.db import connection

PROGRAM = "reviewqueue-web-under-test"


@dataclass
class Site:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def root(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        """Where the API is."""
        return f"{self.root}/api/v1"

    def stop(self) -> None:
        """Ask it to stop, as a start in the foreground does."""
        self.process.send_signal(signal.SIGTERM)

    def client(self, key: str) -> httpx.Client:
        """Return a client with a key."""
        return httpx.Client(base_url=self.address, headers={"Authorization": f"Bearer {key}"}, timeout=60)


@contextmanager
def serving(**environment: str) -> Iterator[Site]:
    """Run one server process; stop it afterwards."""
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", "reviewqueue.asgi:application", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--timeout-graceful-shutdown", "5", "--no-access-log", "--log-level", "warning"]
    process = subprocess.Popen(command, env={**os.environ, **_environment(), **environment}, cwd=settings.BASE_DIR)
    try:
        _await(process, port)
        yield Site(process, port)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _environment() -> dict[str, str]:
    database = connection.settings_dict
    account = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
    host, name = quote(str(database["HOST"]), safe=""), database["NAME"]
    url = f"postgresql://{account}@/{name}?host={host}&port={database['PORT']}"
    return {
        "DATABASE_URL": url,
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "ALLOWED_HOSTS": "127.0.0.1",
        "HTTPS": "0",
        "PROGRAM": PROGRAM,
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(600):
        assert process.poll() is None, "the server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the server did not come up")


def connections_of_server(kind: str = "") -> int:
    """Return how many database connections the server holds; those of a ``kind`` have it in their name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [PROGRAM + kind])
        return int(cursor.fetchone()[0])


def cut_connections_of_server(kind: str = "") -> None:
    """End every database connection of the server, as a restart of the database does."""
    with connection.cursor() as cursor:
        cursor.execute(  # and wait until each has ended: the function alone only asks for it
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s",
            [PROGRAM + kind],
        )
