"""PostgreSQL slow, hanging or away: 503 with Retry-After within a bound, never a 500; then at once as before."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from django.db import connection, transaction

from reviewqueue.runtime import places, start_servers
from reviewqueue.runtime.processes import inhabitants
from reviewqueue.runtime.servers import Servers
from tests.api.serving import Site, _await, _free_port, serving
from tests.cast import Cast, item
from tests.walk.product import ROOT

BOUNDS = {"DATABASE_POOL_SECONDS": "2", "STATEMENT_SECONDS": "1", "WEB_WAIT_SECONDS": "3", "WEB_ANSWER_SECONDS": "4"}


@dataclass
class Alone:
    """A web server with a database of its own, and a client of it."""

    site: Site
    servers: Servers
    client: httpx.Client
    folder: Path

    def backends(self, number: signal.Signals) -> None:
        """Send a signal to PostgreSQL and every process of its own."""
        for pid in inhabitants(places.prepare(self.folder).cluster):
            with suppress(ProcessLookupError):  # it has ended by itself meanwhile
                os.kill(pid, number)

    def ask(self, name: str) -> tuple[httpx.Response, float]:
        """Submit an item; return the answer and how long it took."""
        began = time.monotonic()
        return self.client.post("/items", json=item(name)), time.monotonic() - began

    def crowd(self, name: str, count: int = 24) -> list[tuple[httpx.Response, float]]:
        """Let that many submit at once, more than there are threads."""
        with ThreadPoolExecutor(count) as threads:
            return list(threads.map(lambda number: self.ask(f"{name}-{number}"), range(count)))

    def alive(self) -> bool:
        """Whether the process says within a second that it is alive."""
        return httpx.get(self.client.base_url.join("/healthz"), timeout=1).status_code == 200


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Alone]:
    servers = start_servers(tmp_path, report=lambda _line: None)
    without = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    environment = {**without, "DATA_DIR": str(tmp_path), **BOUNDS}
    try:
        with web(tmp_path, environment) as (site, key):
            headers = {"Authorization": f"Bearer {key}"}
            with httpx.Client(base_url=site.address, headers=headers, timeout=30) as client:
                yield Alone(site, servers, client, tmp_path)
    finally:
        servers.remove()


@contextmanager
def web(folder: Path, environment: dict[str, str]) -> Iterator[tuple[Site, str]]:
    """Run a web server alone; yield it and a key."""

    def manage(*arguments: str) -> str:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()

    manage("migrate")
    manage(
        "create_workspace",
        "--slug",
        "acme",
        "--name",
        "Acme",
        "--admin",
        "a@acme.example",
        "--source",
        "support-chatbot",
    )
    key = manage("create_api_key", "--workspace", "acme", "--name", "bot", "--scope", "items:write")
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", "reviewqueue.asgi:application", "--port", str(port)]
    process = subprocess.Popen([*command, "--no-access-log", "--log-level", "error"], env=environment, cwd=ROOT)
    try:
        _await(process, port)
        yield Site(process, port), key
    finally:
        process.kill()
        process.wait()


def refused(answers: list[tuple[httpx.Response, float]], within: float) -> None:
    """Check that all were told to come again, in time."""
    for answer, seconds in answers:
        assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json"), answer.text
        assert int(answer.headers["Retry-After"]) >= 1
        assert seconds < within


def stored(answers: list[tuple[httpx.Response, float]]) -> None:
    """Check that all were taken."""
    assert {answer.status_code for answer, _ in answers} <= {200, 201}


def test_a_statement_that_waits_too_long_is_a_503(cast: Cast) -> None:
    with serving(**BOUNDS) as site, site.client(cast.key) as client:
        assert client.post("/items", json=item("before")).status_code == 201
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE intake_item IN ACCESS EXCLUSIVE MODE")
            began = time.monotonic()
            refused([(client.post("/items", json=item("held")), time.monotonic() - began)], within=4)
        assert client.post("/items", json=item("held")).status_code == 201


@pytest.mark.long
def test_postgresql_is_away_for_half_a_minute(alone: Alone) -> None:
    stored(alone.crowd("before"))
    alone.servers.stop()
    end = time.monotonic() + 30
    while time.monotonic() < end:
        refused(alone.crowd("away", 12), within=8)
        assert alone.alive()
    alone.servers.start()
    stored(alone.crowd("after"))


@pytest.mark.long
def test_postgresql_hangs(alone: Alone) -> None:
    stored(alone.crowd("before"))
    alone.backends(signal.SIGSTOP)
    try:
        refused(alone.crowd("hung"), within=8)
        refused(alone.crowd("still"), within=8)
        assert alone.alive()
    finally:
        alone.backends(signal.SIGCONT)
    time.sleep(1)
    stored(alone.crowd("hung"))
