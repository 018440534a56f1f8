"""Sending over the network: one event loop in a thread of its own.

The loop's thread knows the network alone; the caller's thread knows the database.
"""

import asyncio
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from .addresses import AddressRefused
from .connections import Connections, Headers
from .rules import Answer, retry_after

#: Seconds for the whole exchange, the look-up of the name included: an endpoint that drips bytes has no more.
DEADLINE = 15.0
#: Seconds in which answers are gathered into a set.
MOMENT = 0.02


@dataclass(frozen=True, slots=True)
class Post:
    """One signed message and where it goes; ``key`` comes back with the answer."""

    key: UUID
    url: str
    body: bytes
    headers: Headers


class Poster:
    """Posts messages at once and hands back what each endpoint said; every message has its answer within DEADLINE."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._answers: queue.SimpleQueue[tuple[UUID, Answer]] = queue.SimpleQueue()
        self._posts: set[asyncio.Task[None]] = set()
        self._connections = Connections()
        self._thread = threading.Thread(target=self._serve, name="webhooks", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_fault: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def post(self, posts: Sequence[Post]) -> None:
        """Send these at once."""
        self._loop.call_soon_threadsafe(self._start, posts)

    def answers(self, *, wait: float, most: int) -> list[tuple[UUID, Answer]]:
        """Return what was said since the last call: ``most`` answers, or those that came within ``wait`` seconds.

        After the first only a moment more is waited: a set costs hardly more than one.
        """
        said: list[tuple[UUID, Answer]] = []
        until = time.monotonic() + wait
        with suppress(queue.Empty):
            while len(said) < most:
                said.append(self._answers.get(timeout=max(until - time.monotonic(), 0)))
                until = min(until, time.monotonic() + MOMENT) if len(said) == 1 else until
        return said

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._until_over())
        finally:
            self._loop.close()

    async def _until_over(self) -> None:
        await self._over.wait()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for one in rest:
            one.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await self._connections.close()

    def _start(self, posts: Sequence[Post]) -> None:
        for one in posts:
            task = self._loop.create_task(self._answer(one))
            self._posts.add(task)
            task.add_done_callback(self._posts.discard)

    async def _answer(self, post: Post) -> None:
        began = time.monotonic()
        answer = await self._try(post, lambda: round((time.monotonic() - began) * 1000))
        self._answers.put((post.key, answer))

    async def _try(self, post: Post, took: Callable[[], int]) -> Answer:
        """Post, and turn every fault into a word: one endpoint's oddity must not end the others' sending."""
        try:
            async with asyncio.timeout(DEADLINE):
                said = await self._connections.post(post.url, post.headers, post.body)
        except Exception as error:
            return Answer(error=_word(error), duration_ms=took())
        wait = retry_after(said.retry_after, now=datetime.now(UTC))
        return Answer(status=said.status, retry_after=wait, duration_ms=took())


#: Faults in one word, the same for every reader; pages say them in the reader's language.
_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, "Timeout"),
    (ssl.SSLCertVerificationError, "CertificateRefused"),
    (ssl.SSLError, "TLS"),
    (socket.gaierror, "NameNotFound"),
    (UnicodeError, "NameNotFound"),
    (ConnectionRefusedError, "ConnectionRefused"),
    (OSError, "ConnectionLost"),
)


def _word(error: BaseException) -> str:
    if isinstance(error, AddressRefused):
        return f"Refused:{error.why}"
    return next((word for kind, word in _WORDS if isinstance(error, kind)), type(error).__name__)
