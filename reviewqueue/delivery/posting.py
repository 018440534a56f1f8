"""Sending over the network: one event loop in a thread of its own, connections kept alive, addresses checked.

The loop's thread knows the network alone; the caller's thread knows the database.
"""

import asyncio
import queue
import ssl
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

import anyio.to_thread
import httpcore
import httpx

from .addresses import AddressRefused, check_shape, checked_addresses
from .rules import Answer, retry_after

#: Seconds for the whole exchange, the look-up of the name included: an endpoint that drips bytes has no more.
DEADLINE = 15.0
CONNECT = 5.0
#: So long a look-up counts, in one sender's run.
LOOKED_UP = 30.0
#: Of an answer's body so much is read, and nothing kept.
MOST_READ = 64 * 1024
CONNECTIONS = 512

_trust: ssl.SSLContext | None = None


def trust() -> ssl.SSLContext:
    """Return the certificates that are trusted; reading them takes longer than most endpoints do."""
    global _trust
    if _trust is None:
        _trust = httpx.create_ssl_context(trust_env=False)
    return _trust


@dataclass(frozen=True, slots=True)
class Post:
    """One signed message and where it goes; ``key`` comes back with the answer."""

    key: UUID
    url: str
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]


class Poster:
    """Posts messages at once and hands back what each endpoint said; every message has its answer within DEADLINE."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._answers: queue.SimpleQueue[tuple[UUID, Answer]] = queue.SimpleQueue()
        self._posts: set[asyncio.Task[None]] = set()
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trust(),
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=5,
            network_backend=CheckedConnections(),
        )
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

    def answers(self, *, wait: float) -> list[tuple[UUID, Answer]]:
        """Return what was said since the last call; waits at most so many seconds for the first of them."""
        said: list[tuple[UUID, Answer]] = []
        with suppress(queue.Empty):
            said.append(self._answers.get(timeout=wait))
            while True:
                said.append(self._answers.get_nowait())
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
        await self._pool.aclose()

    def _start(self, posts: Sequence[Post]) -> None:
        for one in posts:
            task = self._loop.create_task(self._answer(one))
            self._posts.add(task)
            task.add_done_callback(self._posts.discard)

    async def _answer(self, post: Post) -> None:
        began = time.monotonic()
        status, wait, error = await self._try(post)
        took = round((time.monotonic() - began) * 1000)
        self._answers.put((post.key, Answer(status=status, error=error, retry_after=wait, duration_ms=took)))

    async def _try(self, post: Post) -> tuple[int | None, int | None, str]:
        """Post, and turn every fault into a word: one endpoint's oddity must not end the others' sending."""
        try:
            async with asyncio.timeout(DEADLINE):
                return *await self._post(post), ""
        except Exception as error:
            return None, None, _word(error)

    async def _post(self, post: Post) -> tuple[int, int | None]:
        check_shape(post.url)
        url = httpx.URL(post.url)
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        headers = [(b"host", url.netloc), *post.headers]
        timeouts = {"connect": CONNECT, "read": DEADLINE, "write": DEADLINE, "pool": DEADLINE}
        async with self._pool.stream(
            "POST", target, headers=headers, content=post.body, extensions={"timeout": timeouts}
        ) as response:
            said = {name.lower(): value for name, value in response.headers}
            await _read_some(response)
        header = said.get(b"retry-after", b"").decode("latin-1")
        return response.status, retry_after(header, now=datetime.now(UTC))


async def _read_some(response: httpcore.Response) -> None:
    """Read the body to its end, so that the connection can be kept; a long one is cut off instead."""
    read = 0
    async for chunk in response.aiter_stream():
        read += len(chunk)
        if read > MOST_READ:
            return


def _word(error: BaseException) -> str:
    """Return a fault in one word, the same for every reader."""
    if isinstance(error, AddressRefused):
        return f"Refused:{error.why}"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "CertificateRefused"
        cause = cause.__cause__ or cause.__context__
    return "Timeout" if isinstance(error, TimeoutError) else type(error).__name__


class CheckedConnections(httpcore.AsyncNetworkBackend):
    """Connects to an address that was looked up once and checked, so that a second look-up cannot lead elsewhere."""

    def __init__(self) -> None:
        self._inner = httpcore.AnyIOBackend()
        self._looked_up: dict[tuple[str, int], tuple[float, asyncio.Task[list[str]]]] = {}

    async def connect_tcp(self, host: str, port: int, timeout: float | None = None, **more: Any) -> Any:
        """Connect to one of the host's addresses, all of which may be called. Raises AddressRefused."""
        fault: Exception = httpcore.ConnectError()
        for address in (await self._addresses(host, port))[:2]:
            try:
                return await self._inner.connect_tcp(address, port, timeout=timeout, **more)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                fault = error
        raise fault

    async def connect_unix_socket(self, path: str, *_more: Any, **_named: Any) -> Any:
        """Refuse: no message goes to a socket of this machine."""
        raise AddressRefused("ours")

    async def sleep(self, seconds: float) -> None:
        """Sleep."""
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[str]:
        """Return the host's addresses; a name is looked up once for all that wait for it."""
        at, asked = self._looked_up.get((host, port), (0.0, None))
        if asked is None or time.monotonic() - at > LOOKED_UP or (asked.done() and _failed(asked)):
            asked = asyncio.create_task(_look_up(host, port))
            self._looked_up[(host, port)] = (time.monotonic(), asked)
        return await asyncio.shield(asked)


def _failed(asked: asyncio.Task[list[str]]) -> bool:
    return asked.cancelled() or asked.exception() is not None


async def _look_up(host: str, port: int) -> list[str]:
    """Look a name up in a thread; a look-up cannot be interrupted, so past the deadline it is left behind."""
    async with asyncio.timeout(DEADLINE):
        return await anyio.to_thread.run_sync(checked_addresses, host, port, abandon_on_cancel=True)
