"""A real server on loopback that misbehaves as told: it drops connections, is slow, refuses, breaks off."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Asked:
    """One request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def document(self) -> Any:
        """What was sent."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Act:
    """What to do with a request: wait, then answer, or hang up before (no status) or in the middle of the body."""

    status: int | None = 200
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    slow: float = 0.0
    broken: bool = False


@dataclass
class Misbehaving:
    """``acts`` are used in turn, the last one stays; ``asked`` is what arrived."""

    url: str = ""
    acts: "list[Act | Callable[[Asked], Act]]" = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def next_act(self, asked: Asked) -> Act:
        act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
        return act(asked) if callable(act) else act


DROP = Act(status=None)


def busy(status: int = 503, **headers: str) -> Act:
    """Answer that it cannot be done now."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    problem = {"type": "https://reviewqueue.dev/problems/unavailable", "title": "Not now.", "detail": "Later."}
    return Act(status, problem | {"status": status}, named)


@contextmanager
def misbehaving(*acts: "Act | Callable[[Asked], Act]") -> Iterator[Misbehaving]:
    """Run it on a free port; every connection is for one request."""
    site = Misbehaving(acts=list(acts))
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    site.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def accept() -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                connection, _ = listener.accept()
                connection.settimeout(10)
                threading.Thread(target=_serve, args=(site, connection, over), daemon=True).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield site
    finally:
        over.set()
        thread.join()
        listener.close()


def _serve(site: Misbehaving, connection: socket.socket, over: threading.Event) -> None:
    with connection, suppress(OSError):
        asked = _read(connection)
        if asked is None:
            return
        site.asked.append(asked)
        act = site.next_act(asked)
        over.wait(act.slow)
        if act.status is None:
            return
        body = json.dumps(act.document).encode()
        head = {"content-length": str(len(body)), "connection": "close", **act.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        said = f"HTTP/1.1 {act.status} Said\r\n{lines}\r\n".encode() + body
        connection.sendall(said[: -len(body) // 2] if act.broken else said)


def _read(connection: socket.socket) -> Asked | None:
    with connection.makefile("rb") as stream:
        line = stream.readline().decode().strip()
        if not line:
            return None
        headers = {}
        while text := stream.readline().decode().strip():
            name, _, value = text.partition(":")
            headers[name.lower()] = value.strip()
        return Asked(line, headers, stream.read(int(headers.get("content-length", 0))), time.monotonic())
