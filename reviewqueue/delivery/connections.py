"""HTTP/1.1 connections to webhooks: each to an address looked up once and checked, and kept for the next message.

Our own because of what it leaves out: no redirects, no proxies, no cookies, no decompression, no second look-up.
"""

import asyncio
import ssl
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import anyio.to_thread
import h11
import httpx

from .addresses import check_shape, checked_addresses

#: Seconds to connect, TLS included; to look a name up; and how long a look-up and an idle connection are of use.
CONNECT, LOOK_UP = 5.0, 10.0
LOOKED_UP, IDLE = 30.0, 5.0
#: Of an answer's body so much is read, and nothing kept.
MOST_READ = 64 * 1024
#: Addresses of one name that are tried.
TRIED = 2

Headers = tuple[tuple[str, str], ...]


@cache
def trust() -> ssl.SSLContext:
    """Return the certificates that are trusted; reading them takes longer than most endpoints do."""
    context = httpx.create_ssl_context(trust_env=False)
    context.set_alpn_protocols(["http/1.1"])
    return context


@dataclass(frozen=True, slots=True)
class Said:
    """What came back: the status, and the Retry-After header when there is one."""

    status: int
    retry_after: str | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where connections can be shared."""

    scheme: str
    host: str
    port: int


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    state: h11.Connection
    idle_since: float = 0.0

    @property
    def of_use(self) -> bool:
        return time.monotonic() - self.idle_since < IDLE and not self.reader.at_eof()


class Connections:
    """Posts messages, each on an idle connection of its origin or on a new one; belongs to one event loop."""

    def __init__(self) -> None:
        self._idle: defaultdict[Origin, list[_Connection]] = defaultdict(list)
        self._looked_up: dict[Origin, tuple[float, asyncio.Task[list[str]]]] = {}

    async def post(self, url: str, headers: Headers, body: bytes) -> Said:
        """Send one message. Raises AddressRefused, OSError, TimeoutError or h11.ProtocolError."""
        host, port = check_shape(url)
        parts = urlsplit(url)
        origin = Origin(parts.scheme, host, port)
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        request = h11.Request(
            method="POST",
            target=target,
            headers=[("host", parts.netloc), *headers, ("content-length", str(len(body)))],
        )
        if kept := self._kept(origin):
            with suppress(ConnectionError, h11.RemoteProtocolError):  # it was closed a moment ago: once more, anew
                return await self._exchange(origin, kept, request, body)
        return await self._exchange(origin, await self._open(origin), request, body)

    async def close(self) -> None:
        """Close what is idle."""
        writers = [one.writer for some in self._idle.values() for one in some]
        for writer in writers:
            writer.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await asyncio.gather(*[one.wait_closed() for one in writers], return_exceptions=True)

    def _kept(self, origin: Origin) -> _Connection | None:
        idle = self._idle[origin]
        while idle:
            one = idle.pop()
            if one.of_use:
                return one
            one.writer.close()
        return None

    async def _exchange(self, origin: Origin, one: _Connection, request: h11.Request, body: bytes) -> Said:
        """Send and read on a connection, then keep it, or close it when it cannot be used again."""
        try:
            said = await _say(one, request, body)
        except BaseException:
            one.writer.transport.abort()
            raise
        if one.state.our_state is h11.DONE and one.state.their_state is h11.DONE:
            one.state.start_next_cycle()
            one.idle_since = time.monotonic()
            self._idle[origin].append(one)
        else:
            one.writer.close()
        return said

    async def _open(self, origin: Origin) -> _Connection:
        fault: Exception = ConnectionError()
        for address in (await self._addresses(origin))[:TRIED]:
            try:
                return await _connect(origin, address)
            except ssl.SSLError:
                raise
            except OSError as error:
                fault = error
        raise fault

    async def _addresses(self, origin: Origin) -> list[str]:
        """Return the host's addresses; a name is looked up once for all that wait for it."""
        at, asked = self._looked_up.get(origin, (0.0, None))
        if asked is None or time.monotonic() - at > LOOKED_UP or (asked.done() and _failed(asked)):
            asked = asyncio.create_task(_look_up(origin))
            self._looked_up[origin] = (time.monotonic(), asked)
        return await asyncio.shield(asked)


async def _connect(origin: Origin, address: str) -> _Connection:
    """Connect to an address that was checked; certificate and server name are the host's."""
    secure = {"ssl": trust(), "server_hostname": origin.host} if origin.scheme == "https" else {}
    async with asyncio.timeout(CONNECT):
        reader, writer = await asyncio.open_connection(address, origin.port, **secure)  # type: ignore[arg-type]
    return _Connection(reader, writer, h11.Connection(our_role=h11.CLIENT))


async def _say(one: _Connection, request: h11.Request, body: bytes) -> Said:
    """Send a request and read its answer; a body that is too long leaves the connection unusable."""
    sent = [one.state.send(request), one.state.send(h11.Data(data=body)), one.state.send(h11.EndOfMessage())]
    one.writer.write(b"".join(part or b"" for part in sent))
    await one.writer.drain()
    response, read = None, 0
    while True:
        event = one.state.next_event()
        if event is h11.NEED_DATA:
            one.state.receive_data(await one.reader.read(65_536))
        elif isinstance(event, h11.Response):
            response = event
        elif isinstance(event, h11.Data):
            read += len(event.data)
        if response is not None and (isinstance(event, h11.EndOfMessage) or read > MOST_READ):
            return Said(response.status_code, _retry_after(response))


def _retry_after(response: h11.Response) -> str | None:
    return next((value.decode("latin-1") for name, value in response.headers if name == b"retry-after"), None)


def _failed(asked: asyncio.Task[list[str]]) -> bool:
    return asked.cancelled() or asked.exception() is not None


async def _look_up(origin: Origin) -> list[str]:
    """Look a name up in a thread; a look-up cannot be interrupted, so past its time it is left behind."""
    async with asyncio.timeout(LOOK_UP):
        return await anyio.to_thread.run_sync(checked_addresses, origin.host, origin.port, abandon_on_cancel=True)
