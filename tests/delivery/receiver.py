"""Real endpoints on loopback: one keeps what it was sent and answers as told, others hang, drip, or count callers."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What arrived: (headers, body) each; ``answers`` are used in turn, the last one stays; ``pause`` before each."""

    url: str = ""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=lambda: [(204, {})])
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    pause: float = 0.0
    busy: int = 0
    busiest: int = 0
    connections: int = 0

    def next_answer(self) -> tuple[int, dict[str, str]]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def bodies(self) -> list[dict[str, Any]]:
        """Return what was said, in the order of arrival."""
        return [json.loads(body) for _headers, body in self.got]

    def sequences(self) -> list[int]:
        """Return the numbers of the messages, in the order of arrival."""
        return [body["data"]["sequence"] for body in self.bodies()]


@contextmanager
def receiving(port: int = 0, *, tls: ssl.SSLContext | None = None, name: str = "127.0.0.1") -> Iterator[Receiver]:
    """Run a receiver, on a free port unless one is named; ``name`` is what its address calls it."""
    receiver = Receiver()

    class Endpoint(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            receiver.connections += 1
            super().setup()

        def do_POST(self) -> None:
            receiver.busy += 1
            receiver.busiest = max(receiver.busiest, receiver.busy)
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            receiver.at.append(time.time())
            time.sleep(receiver.pause)
            status, headers = receiver.next_answer()
            receiver.busy -= 1
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

        def handle_error(self, *_args: object) -> None:
            """Say nothing: a sender that is killed leaves its connections in the middle."""

    server = Server(("127.0.0.1", port), Endpoint)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.url = f"{'https' if tls else 'http'}://{name}:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_port() -> int:
    """Return a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@contextmanager
def _accepting(answer: Any, address: tuple[str, int] = ("127.0.0.1", 0)) -> Iterator[socket.socket]:
    """Accept, on a free port unless one is named, and let ``answer(connection, over)`` have each connection."""
    over = threading.Event()
    listener = socket.create_server(address)
    listener.settimeout(0.1)

    def accept() -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                threading.Thread(target=answer, args=(listener.accept()[0], over), daemon=True).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield listener
    finally:
        over.set()
        thread.join()
        listener.close()


@contextmanager
def dripping() -> Iterator[str]:
    """Run an endpoint that answers one byte at a time and never ends, on a free port."""

    def drip(connection: socket.socket, over: threading.Event) -> None:
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 204 No Content\r\nx-slow: ")
            while not over.wait(0.1):
                connection.sendall(b"a")

    with _accepting(drip) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"


@contextmanager
def hanging() -> Iterator[str]:
    """Run an endpoint that accepts and never says anything, on a free port."""

    def hang(connection: socket.socket, over: threading.Event) -> None:
        with connection:
            over.wait()

    with _accepting(hang) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"


@dataclass
class Canary:
    """A listener that nobody should call, and how many did."""

    port: int
    calls: int = 0


@contextmanager
def canary(address: tuple[str, int] = ("127.0.0.1", 0)) -> Iterator[Canary]:
    """Run a listener that counts who connects, and answers as a webhook would."""
    counted = Canary(0)

    def count(connection: socket.socket, _over: threading.Event) -> None:
        counted.calls += 1
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with _accepting(count, address) as listener:
        counted.port = listener.getsockname()[1]
        yield counted
