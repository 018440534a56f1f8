"""A WSGI application on an event loop, in a few threads.

Bodies are read and files are sent by the loop, so a slow client holds no thread: a thread is taken only when the
whole request is here, and given back when the answer is made. Requests that wait for a thread wait by caller
(workplace.py): bounded, fair between callers, and never for long.
"""

import asyncio
import io
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from .workplace import Refused, Workplace

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

IN_MEMORY = 1024 * 1024
CHUNK = 256 * 1024
BODY_SECONDS = 120
#: Whoever is refused is told so after this; later the more are held back, so that so many a second are told at most.
HELD_BACK_SECONDS, LONGEST_HELD_BACK, TOLD_A_SECOND = 0.5, 4.0, 500
MOST_HELD_BACK = 4_000


class Gone(Exception):
    """The client has closed the connection, or never finished its request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the application answered; ``file`` is an open descriptor to send after ``body``, or None."""

    status: int
    headers: Headers
    body: bytes
    file: int | None = None


class Bridge:
    """Answers HTTP by a WSGI application.

    ``longest`` says how many bytes of a request's body are read, ``refusal`` what is answered to one that cannot be
    worked on now, and ``workplace`` has the threads.
    """

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        *,
        workplace: Workplace,
        longest: Callable[[Scope], int],
        refusal: Callable[[Scope, Refused], Answer],
    ):
        self.application = application
        self.longest = longest
        self.refusal = refusal
        self.workplace = workplace
        self.held_back = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            body, length = await _read(scope, receive, self.longest(scope))
        except Gone:
            return
        with body:
            answer = await self.answer(scope, body, length, send)
        if answer is not None:
            await give(answer, receive, send)

    async def answer(self, scope: Scope, body: IO[bytes], length: int, send: Send | None = None) -> Answer | None:
        """Return the application's answer; None when it was a stream, which has been sent already.

        Without ``send`` it is asked for a client that has waited elsewhere already.
        """
        call = _Call(self.application, scope, body, length, asyncio.get_running_loop(), send)
        try:
            return await self.workplace.work(scope, call, patient=send is None)
        except Refused as refused:
            if not refused.begun:
                await self._hold_back(body)
            return None if call.streaming else self.refusal(scope, refused)

    async def _hold_back(self, body: IO[bytes]) -> None:
        """Let whoever is refused wait a moment: it costs nothing, and slows those down who come again at once."""
        body.close()
        if self.held_back >= MOST_HELD_BACK:
            return
        self.held_back += 1
        try:
            await asyncio.sleep(held_back_for(self.held_back))
        finally:
            self.held_back -= 1


def held_back_for(waiting: int) -> float:
    """Return for how many seconds a refused request is held back when so many are, itself included."""
    return min(max(HELD_BACK_SECONDS, waiting / TOLD_A_SECOND), LONGEST_HELD_BACK)


async def give(answer: Answer, receive: Receive, send: Send) -> None:
    """Send an answer, and its file in pieces as the client takes them."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    if answer.file is None:
        await send({"type": "http.response.body", "body": answer.body})
        return
    left = asyncio.ensure_future(client_left(receive))
    try:
        with os.fdopen(answer.file, "rb", buffering=0) as file:
            while not left.done() and (piece := await asyncio.to_thread(file.read, CHUNK)):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        left.cancel()


async def client_left(receive: Receive) -> None:
    """Return when the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read(scope: Scope, receive: Receive, longest: int) -> tuple[IO[bytes], int]:
    """Return a request's body and its length; one that is too long is left unread. Raises Gone."""
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    if declared.isdigit() and len(declared) < 20 and int(declared) > longest:
        return io.BytesIO(), int(declared)
    message = await receive()
    if not message.get("more_body") and message["type"] == "http.request":
        body = message.get("body", b"")
        return io.BytesIO(body), len(body)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read_on(message, receive, longest)
    except TimeoutError:
        raise Gone from None


async def _read_on(message: dict[str, Any], receive: Receive, longest: int) -> tuple[IO[bytes], int]:
    body: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the caller closes it
    while body.tell() <= longest:
        if message["type"] == "http.disconnect":
            body.close()
            raise Gone
        body.write(message.get("body", b""))
        if not message.get("more_body"):
            break
        message = await receive()
    length = body.tell()
    body.seek(0)
    return body, length


class _Call:
    """One call of the application, in a thread."""

    def __init__(
        self,
        application: Callable[..., Any],
        scope: Scope,
        body: IO[bytes],
        length: int,
        loop: asyncio.AbstractEventLoop,
        send: Any,
    ) -> None:
        self.application, self.loop, self.send = application, loop, send
        self.scope, self.body, self.length = scope, body, length
        self.status, self.headers = 500, [(b"content-length", b"0")]
        self.streaming = False

    def __call__(self) -> Answer | None:
        result = self.application(_environ(self.scope, self.body, self.length), self._start)
        try:
            if isinstance(result, _File) and (file := result.descriptor()) is not None:
                return Answer(self.status, self.headers, b"", file)
            if self.send is None or not getattr(result, "streaming", True):
                return Answer(self.status, self.headers, b"".join(result))
            self._stream(result)
            return None
        finally:
            if hasattr(result, "close"):
                result.close()

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., None]:
        self.status = int(status[:3])
        self.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return _refuse_write

    def _stream(self, result: Iterable[bytes]) -> None:
        self.streaming = True
        self._pass({"type": "http.response.start", "status": self.status, "headers": self.headers})
        for piece in result:
            self._pass({"type": "http.response.body", "body": piece, "more_body": True})
        self._pass({"type": "http.response.body", "body": b""})

    def _pass(self, message: dict[str, Any]) -> None:
        asyncio.run_coroutine_threadsafe(self.send(message), self.loop).result()


def _refuse_write(_data: bytes) -> None:
    raise NotImplementedError("WSGI's old write() is not offered")


class _File:
    """What ``wsgi.file_wrapper`` makes of a file: sent by the loop when it is a real one."""

    def __init__(self, file: Any, block_size: int = CHUNK) -> None:
        self.file = file

    def descriptor(self) -> int | None:
        """Return a descriptor of our own, which stays open after the application has closed its file."""
        try:
            return os.dup(self.file.fileno())
        except (AttributeError, OSError):
            return None

    def __iter__(self) -> Any:
        return iter(lambda: self.file.read(CHUNK), b"")

    def close(self) -> None:
        """Close the application's file, and with it its answer."""
        if hasattr(self.file, "close"):
            self.file.close()


def _environ(scope: Scope, body: IO[bytes], length: int) -> dict[str, Any]:
    host, port = scope.get("server") or ("localhost", 80)
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 0),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("", 0))[0],
        "CONTENT_LENGTH": str(length),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": _File,
    }
    for name, value in scope["headers"]:
        _add_header(environ, name, value.decode("latin-1"))
    return environ


def _add_header(environ: dict[str, Any], name: bytes, value: str) -> None:
    """Add a header; one with an underscore could pass for another (X_Forwarded_For), so it is dropped."""
    if name == b"content-length" or b"_" in name:
        return
    key = name.decode("latin-1").upper().replace("-", "_")
    key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
    known = environ.get(key)
    environ[key] = value if known is None else f"{known}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
