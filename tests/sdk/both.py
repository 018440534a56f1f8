"""One story for both clients: the async one is driven as if it blocked."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from reviewqueue_client import AsyncReviewQueue, Retry, ReviewQueue

QUICK = Retry(total=5, attempt=2, first_pause=0.01, longest_pause=0.05)
#: Stories whose calls differ between the clients in no more than an await are told once.
blocking, on_a_loop = (pytest.mark.parametrize("style", [style], indirect=True) for style in ("sync", "async"))


class Blocking:
    """The async client on a loop in a thread of its own; its calls block until they are done."""

    def __init__(self, queue: AsyncReviewQueue, loop: asyncio.AbstractEventLoop) -> None:
        self.queue, self._loop = queue, loop

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.queue, name)
        if name in {"webhooks", "background", "retry"}:
            return found
        return lambda *args, **kwargs: self._blocking(found(*args, **kwargs))

    def _blocking(self, made: Any) -> Any:
        if asyncio.iscoroutine(made):
            return asyncio.run_coroutine_threadsafe(made, self._loop).result(timeout=60)
        if hasattr(made, "cursor"):
            return _Feed(self, made)
        if hasattr(made, "__aiter__"):
            return self._blocking(_all(made))
        return lambda function: self._guarded(made(function))

    def _guarded(self, guard: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            return self._blocking(guard(*args, **kwargs))

        call.ask = lambda *args, **kwargs: self._blocking(guard.ask(*args, **kwargs))  # type: ignore[attr-defined]
        return call


class _Feed:
    def __init__(self, outside: Blocking, feed: Any) -> None:
        self._outside, self._feed = outside, feed

    def __iter__(self) -> Iterator[Any]:
        return iter(self._outside._blocking(_all(self._feed)))

    @property
    def cursor(self) -> str:
        return self._feed.cursor


async def _all(made: Any) -> list[Any]:
    return [one async for one in made]


@contextmanager
def client(style: str, url: str, key: str = "rq_test", **more: Any) -> Iterator[Any]:
    """Return a client: ``sync``, or ``async`` behind calls that block."""
    more.setdefault("retry", QUICK)
    if style == "sync":
        with ReviewQueue(url, api_key=key, **more) as queue:
            yield queue
        return
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    queue = Blocking(AsyncReviewQueue(url, api_key=key, **more), loop)
    try:
        yield queue
    finally:
        queue.aclose()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
