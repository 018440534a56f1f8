"""Programs to measure: the web server's own command, for the product or a bare application, and the workers."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from reviewqueue.runtime.product import run_due, web, worker

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
        _end(server)


@contextmanager
def working() -> Iterator[None]:
    """Run the product's workers and its sweeper beside what is measured; stop them afterwards."""
    # standard output is for the lines alone, and a worker says hello
    running = [subprocess.Popen(command, stdout=sys.stderr) for command in (worker(), run_due())]
    try:
        yield
    finally:
        for one in running:
            _end(one)


def _end(program: subprocess.Popen) -> None:
    program.terminate()
    try:
        program.wait(timeout=15)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()


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
