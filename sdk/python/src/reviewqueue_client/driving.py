"""How the steps of a flow are done: over a blocking connection, or on the event loop."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from .errors import NotConfigured
from .flow import Block, Flow, NoReply, Reply, Request, Send, Step
from .forking import tell_after_fork
from .version import __version__

T = TypeVar("T")

_PROXY_AND_TLS = frozenset(
    {"verify", "cert", "proxy", "mounts", "trust_env", "limits", "http1", "http2", "transport"}
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server is and who asks; ``options`` go to httpx as they are (TLS, proxies, limits)."""

    url: str
    key: str = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, url: str | None, key: str | None, options: Mapping[str, Any] | None) -> Address:
        """Return the address given, or what the environment says. Raises NotConfigured when it cannot be used."""
        url = url or os.environ.get("REVIEWQUEUE_URL")
        key = key or os.environ.get("REVIEWQUEUE_API_KEY")
        if not url or urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise NotConfigured("Give the server's address (url=, or REVIEWQUEUE_URL): https://review.example.com")
        if not key or not key.isascii() or not key.isprintable():
            raise NotConfigured("Give an API key (api_key=, or REVIEWQUEUE_API_KEY).")
        if unknown := set(options or ()) - _PROXY_AND_TLS:
            raise NotConfigured(f"Not among the options for httpx: {', '.join(sorted(unknown))}.")
        return cls(url.rstrip("/"), key, options or {})

    def arguments(self) -> dict[str, Any]:
        """Return what an httpx client is made with. The key follows no redirect."""
        headers = {
            "Authorization": f"Bearer {self.key}",
            "Accept": "application/json",
            "User-Agent": f"reviewqueue-client/{__version__}",
        }
        return {**self.options, "base_url": f"{self.url}/api/v1/", "headers": headers, "follow_redirects": False}


def _sent(request: Request) -> dict[str, Any]:
    return {
        "method": request.method,
        "url": request.path,
        "params": dict(request.query) or None,
        "content": request.body,
        "headers": dict(request.headers),
    }


def _reply(response: httpx.Response) -> Reply:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, headers, response.content)


class Line:
    """A blocking connection. Safe to use from any thread, and in a child after a fork."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.after_fork()
        tell_after_fork(self)

    def after_fork(self) -> None:
        """Leave the parent's connections to it."""
        self._guard = threading.Lock()
        self._http: httpx.Client | None = None

    def run(self, flow: Flow[T]) -> T:
        """Do the steps of a flow and return its result."""
        try:
            step = next(flow)
            while True:
                try:
                    done = self._do(step)
                except Exception as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(done)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            flow.close()

    def _do(self, step: Step) -> Any:
        if isinstance(step, Send):
            return self._send(step)
        if isinstance(step, Block):
            return step.work()
        return time.sleep(step.seconds)

    def _send(self, step: Send) -> Reply | NoReply:
        try:
            return _reply(self._client().request(**_sent(step.request), timeout=step.seconds))
        except httpx.TransportError as error:
            return NoReply(error)

    def _client(self) -> httpx.Client:
        with self._guard:
            if self._http is None:
                self._http = httpx.Client(**self.address.arguments())
            return self._http

    def close(self) -> None:
        """Close the connections; they are opened again when the line is used."""
        with self._guard:
            if self._http is not None:
                self._http.close()
            self._http = None


class AsyncLine:
    """Connections on an event loop (asyncio)."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._http = httpx.AsyncClient(**address.arguments())

    async def run(self, flow: Flow[T]) -> T:
        """Do the steps of a flow and return its result."""
        try:
            step = next(flow)
            while True:
                try:
                    done = await self._do(step)
                except Exception as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(done)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            flow.close()

    async def _do(self, step: Step) -> Any:
        if isinstance(step, Send):
            return await self._send(step)
        if isinstance(step, Block):
            return await asyncio.to_thread(step.work)
        return await asyncio.sleep(step.seconds)

    async def _send(self, step: Send) -> Reply | NoReply:
        try:
            async with asyncio.timeout(step.seconds):
                return _reply(await self._http.request(**_sent(step.request), timeout=step.seconds))
        except (httpx.TransportError, TimeoutError) as error:
            return NoReply(error)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
