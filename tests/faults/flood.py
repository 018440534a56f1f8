"""A crowd of impatient clients as a program of its own: ``python -m tests.faults.flood`` (arguments as JSON).

Each connection sends an item, waits for the answer, and sends the next; who is refused comes again after a pause far
shorter than they were told. It runs with the lowest priority, as if it were other machines. On its standard output it
writes one JSON object: answers by status, refusals without Retry-After, how long answers took. The names that were
acknowledged go to a file, each before the next is sent.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Heard:
    """What a crowd was answered."""

    statuses: Counter[str] = field(default_factory=Counter)
    silent: int = 0  # refusals that do not say when to come again
    broken: int = 0  # connections that ended
    seconds: float = 0.0
    slowest: float = 0.0

    @property
    def acknowledged(self) -> int:
        """How many items were stored."""
        return self.statuses["201"] + self.statuses["200"]

    @property
    def asked(self) -> int:
        """How many requests were answered."""
        return sum(self.statuses.values())


def flood(url: str, key: str, folder: Path, name: str, *, connections: int, seconds: float, pause: float) -> Heard:
    """Let a crowd loose for some seconds; return what it was answered."""
    from tests.cast import item  # needs Django, which the program itself does not

    asked: dict[str, Any] = {
        "item": item(),
        "url": url,
        "key": key,
        "file": str(folder / f"{name}.acknowledged"),
        "name": name,
    }
    asked |= {"connections": connections, "seconds": seconds, "pause": pause}
    command = [sys.executable, "-m", "tests.faults.flood"]
    done = subprocess.run(
        command, input=json.dumps(asked), capture_output=True, text=True, cwd=ROOT, check=True, timeout=seconds + 120
    )
    heard = json.loads(done.stdout)
    return Heard(**heard | {"statuses": Counter(heard["statuses"])})


class _Crowd:
    def __init__(self, asked: dict[str, Any]) -> None:
        parts = urlsplit(asked["url"])
        self.host, self.port = parts.hostname or "", parts.port or 0
        self.asked, self.heard = asked, Heard()
        self.file = open(asked["file"], "w", buffering=1)  # noqa: SIM115 - open as long as the program

    async def run(self) -> Heard:
        began = time.monotonic()
        self.end = began + self.asked["seconds"]
        await asyncio.gather(*[self._one(number) for number in range(self.asked["connections"])])
        self.heard.seconds = time.monotonic() - began
        return self.heard

    async def _one(self, number: int) -> None:
        await asyncio.sleep(number * 0.0005)
        sent, stream = 0, None
        while time.monotonic() < self.end:
            try:
                stream = stream or await asyncio.open_connection(self.host, self.port)
                name = f"{self.asked['name']}-{number}-{sent}"
                status, again = await self._send(*stream, name)
            except (OSError, asyncio.IncompleteReadError):
                self.heard.broken += 1
                stream = None
                await asyncio.sleep(self.asked["pause"])
                continue
            self.heard.statuses[str(status)] += 1
            if status in {200, 201}:
                self.file.write(f"{name}\n")
                sent += 1
            else:
                self.heard.silent += not again
                await asyncio.sleep(self.asked["pause"])
        if stream:
            stream[1].close()

    async def _send(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str) -> tuple[int, bool]:
        """Send an item; return the status, and whether a refusal says when to come again."""
        body = json.dumps(self.asked["item"] | {"external_id": name}).encode()
        head = f"POST /api/v1/items HTTP/1.1\r\nHost: {self.host}\r\nAuthorization: Bearer {self.asked['key']}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        began = time.monotonic()
        writer.write(head.encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(answer.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        self.heard.slowest = max(self.heard.slowest, time.monotonic() - began)
        again = answer.partition(b"retry-after:")[2].split(b"\r\n", 1)[0].strip()
        return int(answer.split()[1]), again.isdigit()


if __name__ == "__main__":
    os.nice(19)
    print(json.dumps(vars(asyncio.run(_Crowd(json.load(sys.stdin)).run()))))
