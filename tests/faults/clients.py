"""Clients of the intake that trust nobody: what they attempted and what was acknowledged is on their own disk."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.cast import item
from tests.walk.product import Product

TIMEOUT = httpx.Timeout(3, connect=2)
BATCH = 10
#: How long one request may be repeated, in seconds: the longest that a part of the product may be away.
PATIENCE = 90


class Diary:
    """Lines on disk before the next step is taken."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a")

    def write(self, *lines: str) -> None:
        self._file.writelines(f"{line}\n" for line in lines)
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


@dataclass
class Client:
    """Sends its items one by one or ten at a time, and repeats each request until it is acknowledged.

    A trusting one takes it for acknowledged when it is sent.
    """

    name: str
    product: Product
    folder: Path
    count: int
    trusting: bool = False
    retries: int = 0
    seconds: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def run(self) -> None:
        attempted = Diary(self.folder / f"{self.name}.attempted")
        acknowledged = Diary(self.folder / f"{self.name}.acknowledged")
        key = {"Authorization": f"Bearer {self.product.keys['bot']}"}
        with httpx.Client(base_url=f"{self.product.url}/api/v1", headers=key, timeout=TIMEOUT) as http:
            for names in self._requests():
                attempted.write(*names)
                self._until_acknowledged(http, names)
                acknowledged.write(*names)
        attempted.close()
        acknowledged.close()

    def _requests(self) -> list[list[str]]:
        """Return the names each request carries: ten singles, then a batch of ten, and so on."""
        names = [f"{self.name}-{number}" for number in range(self.count)]
        tens = [names[start : start + BATCH] for start in range(0, len(names), BATCH)]
        return [one for number, ten in enumerate(tens) for one in ([ten] if number % 2 else [[n] for n in ten])]

    def _until_acknowledged(self, http: httpx.Client, names: list[str]) -> None:
        end = time.monotonic() + PATIENCE
        while not self._send(http, names) and not self.trusting:
            assert time.monotonic() < end, f"{names} not acknowledged within {PATIENCE} s: {self.statuses[-1:]}"
            self.retries += 1
            time.sleep(0.05)

    def _send(self, http: httpx.Client, names: list[str]) -> bool:
        bodies = [item(name, confidence=0.3 if len(name) % 2 else 0.9) for name in names]
        began = time.monotonic()
        try:
            if len(bodies) == 1:
                answer = http.post("/items", json=bodies[0])
            else:
                answer = http.post("/items/batch", json={"items": bodies})
        except httpx.HTTPError:
            return False
        self.seconds.append(time.monotonic() - began)
        self.statuses.append(answer.status_code)
        return answer.is_success and all(one["status"] in {200, 201} for one in _results(answer))


def _results(answer: httpx.Response) -> list[dict[str, Any]]:
    return answer.json().get("results", [])


def send_all(clients: list[Client], meanwhile: Callable[[], None] = lambda: None) -> None:
    """Run all clients at once, and do something meanwhile."""
    threads = [threading.Thread(target=one.run) for one in clients]
    for thread in threads:
        thread.start()
    meanwhile()
    for thread in threads:
        thread.join()


def listed(folder: Path, what: str) -> list[str]:
    """Return the names that clients wrote down."""
    return [name for path in sorted(folder.glob(f"*.{what}")) for name in path.read_text().split()]
