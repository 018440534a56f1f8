"""Large bodies and slow clients fill no memory (I-6): on a real server whose resident size is watched."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.serving import Site, serving
from tests.cast import Cast, item

MIB = 1024 * 1024
ALLOWED = 50 * MIB
JSON = {"Content-Type": "application/json"}


class Watched:
    """How large a process is, and how large it was at most meanwhile."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.before = self.most = self._resident()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Watched":
        self._thread.start()
        return self

    def __exit__(self, *_of: object) -> None:
        self._done.set()
        self._thread.join()

    @property
    def growth(self) -> int:
        """How many bytes it had more than in the beginning, at most."""
        return self.most - self.before

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self.most = max(self.most, self._resident())

    def _resident(self) -> int:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) * 1024


def large(size: int) -> Iterator[bytes]:
    """Yield a body in pieces, without saying how long it is."""
    for _ in range(size // 65_536):
        yield b"[" * 65_536


def warm(client: httpx.Client) -> None:
    """Let the server do once what it does in this story, so that what it loads for good is there."""
    for number in range(50):
        client.post("/items", json=item(f"warm-{number}"))
    client.post("/items", content=b"[" * MIB, headers=JSON)
    client.post("/items/batch", content=b'{"items": [' + b"[" * MIB, headers=JSON)


def slow(site: Site, key: str, count: int) -> list[socket.socket]:
    """Open connections that have sent most of a large body, and send no more."""
    head = f"POST /api/v1/items HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 200000\r\n\r\n"
    opened = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(count)]
    for one in opened:
        one.sendall(head.encode() + b" " * 100_000)
    return opened


@pytest.mark.long
def test_large_bodies_and_slow_clients_fill_no_memory(cast: Cast) -> None:
    with serving() as site, site.client(cast.key) as client:
        warm(client)
        with Watched(site.process.pid) as web:
            statuses = set()
            for path in ("/items", "/items/batch"):
                for _ in range(4):
                    statuses.add(client.post(path, content=b"[" * (20 * MIB), headers=JSON).status_code)
                    statuses.add(client.post(path, content=large(20 * MIB), headers=JSON).status_code)
            parked = slow(site, cast.key, 200)
            time.sleep(1)
            assert client.post("/items", json=item("meanwhile")).status_code == 201
            for one in parked:
                one.close()
        print(f"{web.before / MIB:.0f} MiB in the beginning, at most {web.growth / MIB:.0f} MiB more")
        assert statuses == {413}
        assert web.growth <= ALLOWED


@pytest.mark.long
@pytest.mark.parametrize("body", [b'{"items": [' + b"[" * (15 * MIB), b'{"items": [' + b'"x",' * (3 * MIB)])
def test_hostile_batches_fill_no_memory(cast: Cast, body: bytes) -> None:
    with serving() as site, site.client(cast.key) as client:
        warm(client)
        with Watched(site.process.pid) as web:
            statuses = {client.post("/items/batch", content=body, headers=JSON).status_code for _ in range(4)}
        print(f"{web.before / MIB:.0f} MiB in the beginning, at most {web.growth / MIB:.0f} MiB more: {statuses}")
        assert statuses <= {400, 422}
        assert web.growth <= ALLOWED
