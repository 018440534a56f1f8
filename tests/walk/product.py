"""The whole product as its users meet it: started by its own command, set up by its own commands."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from reviewqueue.runtime import Servers, places
from reviewqueue.runtime.logs import tail
from tests.schema import begin_product_with_the_kept

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = {"lead": "lead", "reviewer": "reviewer", "ml": "ml_engineer"}
_ACME = ("--workspace", "acme")
_REVIEWS = ("--scope", "reviews:write", "--scope", "items:read")
#: How long a start may take, in seconds, and how long it may take to end.
PATIENCE = 90


@dataclass
class Product:
    """A running stack with one workspace, ``acme``, and its people's passwords and keys."""

    url: str
    environment: dict[str, str]
    process: subprocess.Popen[str]
    passwords: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    clients: dict[str, httpx.Client] = field(default_factory=dict)

    def manage(self, *arguments: str) -> str:
        """Run a management command and return what it prints."""
        return self._run(str(ROOT / "manage.py"), *arguments)

    def manage_all(self, commands: list[list[str]]) -> list[str]:
        """Run management commands in one process; return what each prints."""
        return json.loads(self._run("-m", "tests.walk.commands", input=json.dumps(commands)))

    def _run(self, *arguments: str, input: str | None = None) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment,
            input=input,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout.strip()

    def client(self, who: str) -> httpx.Client:
        """Return an HTTP client with the key of the bot or of a person."""
        if who not in self.clients:
            headers = {"Authorization": f"Bearer {self.keys[who]}"}
            self.clients[who] = httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=70)
        return self.clients[who]


class Output:
    """What a process says, read all the time, so that it never waits for a reader."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.lines: list[str] = []
        self.ended = False
        self._process = process
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            self.lines.extend(stream)
        self.ended = True

    def says(self, words: str) -> bool:
        """Whether it has said these words."""
        return any(words in line for line in list(self.lines))


@contextmanager
def running_product(data_dir: Path, *, migrated: bool = False) -> Iterator[Product]:
    """Start the product on a free port with data of its own, set a workspace up, and leave nothing behind.

    ``migrated``: its first start finds the migrations done, which saves half of that start.
    """
    if migrated:
        begin_product_with_the_kept(data_dir)
    port = _free_port()
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    environment = {**kept, "DATA_DIR": str(data_dir), "WEB_PROCESSES": "1", "WORKER_PROCESSES": "1"}
    command = [sys.executable, str(ROOT / "manage.py"), "runstack", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    product = Product(f"http://127.0.0.1:{port}", environment, process)
    try:
        wait_until_it_says(Output(process), "runs at", data_dir)
        _set_up(product)
        yield product
    finally:
        for client in product.clients.values():
            client.close()
        _end(process)
        Servers(places.prepare(data_dir)).remove()


def _end(process: subprocess.Popen[str]) -> None:
    """Ask the product to stop; one that does not is killed, and that fails the story."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_until_it_says(output: Output, words: str, data_dir: Path, *, seconds: float = PATIENCE) -> None:
    """Wait for these words; one that ends before, or takes too long, is shown with its logs."""
    end = time.monotonic() + seconds
    while not output.says(words):
        if output.ended or time.monotonic() > end:
            why = "ended before it was ready" if output.ended else f"was not ready within {seconds:.0f} s"
            raise AssertionError(f"the product {why}:\n{''.join(output.lines)}{_logs(data_dir)}")
        time.sleep(0.05)


def _logs(data_dir: Path) -> str:
    folder = data_dir / "logs"
    return "".join(f"\n{path.name}:\n{tail(folder, path.stem)}" for path in sorted(folder.glob("*.log")))


def _set_up(product: Product) -> None:
    """Make the workspace, its people and their keys by the product's own commands."""
    source = ("--source", "support-chatbot")
    acme = ["create_workspace", "--slug", "acme", "--name", "Acme", "--admin", "admin@acme.example", *source]
    people = [
        ["create_member", *_ACME, "--email", f"{name}@acme.example", "--role", role, "--queue", "support"]
        for name, role in PEOPLE.items()
    ]
    keys = {
        "bot": ["--name", "bot", "--scope", "items:write", "--scope", "items:read", *source],
        "reviewer": ["--name", "tool", *_REVIEWS, "--user", "reviewer@acme.example"],
        "ml": ["--name", "training", "--scope", "datasets:read", "--scope", "datasets:write"],
    }
    _made, *said = product.manage_all([acme, *people, *[["create_api_key", *_ACME, *of] for of in keys.values()]])
    product.passwords = dict(zip(PEOPLE, said, strict=False))
    product.keys = dict(zip(keys, said[len(PEOPLE) :], strict=True))
    for key in product.keys.values():
        assert re.fullmatch(r"rq_[\w-]{40,}", key)


def until(question, *, seconds: float = 30):
    """Ask until the answer is true, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := question():
            return answer
        time.sleep(0.1)
    raise AssertionError("it did not come true")
