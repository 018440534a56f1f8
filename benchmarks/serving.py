"""A web server to measure: the product's own command, for the product or for a bare application."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from reviewqueue.runtime.product import web

HOST = "127.0.0.1"
START = 60.0  # seconds that a server may take to answer


@contextmanager
def serving(application: str) -> Iterator[int]:
    """Run an application by the product's own command; stop it afterwards."""
    port = _free_port()
    command = [application if part == "reviewqueue.asgi:application" else part for part in web(host=HOST, port=port)]
    server = subprocess.Popen([*command, "--log-level", "warning"])
    try:
        _await(server, port)
        yield port
    finally:
        server.terminate()
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def _await(server: subprocess.Popen, port: int) -> None:
    late = monotonic() + START
    while server.poll() is None and monotonic() < late:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            sleep(0.1)
        else:
            return
    raise RuntimeError(f"no server came up on port {port}")
