"""The whole product as its users meet it: started by its own command, set up by its own commands."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = {"lead": "lead", "reviewer": "reviewer", "ml": "ml_engineer"}


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
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.strip()

    def client(self, who: str) -> httpx.Client:
        """Return an HTTP client with the key of the bot or of a person."""
        if who not in self.clients:
            headers = {"Authorization": f"Bearer {self.keys[who]}"}
            self.clients[who] = httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=70)
        return self.clients[who]


@contextmanager
def running_product(data_dir: Path) -> Iterator[Product]:
    """Start the product on a free port with data of its own, set a workspace up, and stop it in the end."""
    port = _free_port()
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    environment = {**kept, "DATA_DIR": str(data_dir), "WEB_PROCESSES": "1", "WORKER_PROCESSES": "1"}
    command = [sys.executable, str(ROOT / "manage.py"), "runstack", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    product = Product(f"http://127.0.0.1:{port}", environment, process)
    try:
        _wait_until_it_says(process, "runs at")
        _set_up(product)
        yield product
    finally:
        for client in product.clients.values():
            client.close()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _wait_until_it_says(process: subprocess.Popen[str], words: str) -> None:
    said = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        if words in line:
            return
    raise AssertionError("the product ended before it was ready:\n" + "".join(said))


def _set_up(product: Product) -> None:
    source = ("--source", "support-chatbot")
    product.manage("create_workspace", "--slug", "acme", "--name", "Acme", "--admin", "admin@acme.example", *source)
    for name, role in PEOPLE.items():
        person = ("--workspace", "acme", "--email", f"{name}@acme.example", "--role", role, "--queue", "support")
        product.passwords[name] = product.manage("create_member", *person)
    items = ("--scope", "items:write", "--scope", "items:read")
    product.keys["bot"] = product.manage("create_api_key", "--workspace", "acme", "--name", "bot", *items, *source)
    reviews = ("--scope", "reviews:write", "--scope", "items:read", "--user", "reviewer@acme.example")
    product.keys["reviewer"] = product.manage("create_api_key", "--workspace", "acme", "--name", "tool", *reviews)
    data = ("--scope", "datasets:read", "--scope", "datasets:write")
    product.keys["ml"] = product.manage("create_api_key", "--workspace", "acme", "--name", "training", *data)
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
