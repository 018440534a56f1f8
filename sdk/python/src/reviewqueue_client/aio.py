"""The client for asyncio: the same calls as :class:`~reviewqueue_client.ReviewQueue`, awaited."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Generic, Literal, ParamSpec, Self, TypeVar, Unpack, overload

from . import calls
from .background import LAST_WAIT, Background
from .driving import Address, AsyncLine
from .flow import Retry
from .guarding import Guarded, Offline, Reach, Rule, Said, guarded, prepare, spoken
from .items import CommonFields, ItemFields, Kind
from .keeping import Keeper
from .shapes import Correction, Document, Item, OnTimeout, Outcome, Result, StoredItem
from .webhooks import Webhooks

P = ParamSpec("P")
R = TypeVar("R")


class AsyncReviewQueue:
    """A connection to Review Queue for one event loop. Arguments are those of :class:`ReviewQueue`.

    Items that are sent later go through a thread of its own: a loop that is busy, or ends, does not hold them up.
    """

    webhooks = Webhooks

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        retry: Retry | None = None,
        spool: str | os.PathLike[str] | None = None,
        spool_bytes: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        address = Address.of(url, api_key, options)
        self.retry = retry or Retry()
        self._line = AsyncLine(address)
        self._keeper = Keeper(address, spool, spool_bytes, self.retry)
        self._reach = Reach()

    async def submit(self, **item: Unpack[ItemFields]) -> Item:
        """Submit one item; see :meth:`ReviewQueue.submit`."""
        return await self._line.run(calls.submit(item, self.retry))

    async def submit_many(self, items: Iterable[ItemFields | Mapping[str, Any]]) -> list[Result]:
        """Submit any number of items in batches; see :meth:`ReviewQueue.submit_many`."""
        return await self._line.run(calls.submit_many(items, self.retry))

    async def get(self, item_id: str) -> StoredItem:
        """Read one item with its content. Raises NotThere."""
        return await self._line.run(calls.get(item_id, self.retry))

    async def items(self, **query: str) -> AsyncIterator[StoredItem]:
        """Go through all items, newest first; see :meth:`ReviewQueue.items`."""
        following: Mapping[str, str] | None = query
        while following is not None:
            page = await self._line.run(calls.page(following, self.retry))
            for one in page.items:
                yield one
            following = page.following

    async def wait(self, item: Item | str, timeout: float | None = None) -> Outcome:
        """Wait for an item's outcome; see :meth:`ReviewQueue.wait`."""
        return await self._line.run(calls.wait(item, timeout, self.retry))

    async def signal(
        self,
        item: Item | StoredItem | Outcome | str,
        kind: calls.SignalKind,
        *,
        note: str | None = None,
        by: str | None = None,
        idempotency_key: str | None = None,
    ) -> Document:
        """Say that an answer seems wrong: people look at it again."""
        body = {"kind": kind, "note": note, "by": by}
        return await self._about(item, "signals", body, idempotency_key)

    async def withdraw(self, item: Item | StoredItem | str, *, idempotency_key: str | None = None) -> Document:
        """Say that nobody waits for this item any more. Raises Conflict when it is settled already."""
        return await self._about(item, "withdrawal", {}, idempotency_key)

    async def appeal(
        self,
        item: Item | StoredItem | Outcome | str,
        *,
        reason: str | None = None,
        by: str | None = None,
        idempotency_key: str | None = None,
    ) -> Document:
        """Contest an outcome for the person affected: somebody who has not seen the item decides anew.

        Raises Conflict when there is no outcome yet, or an appeal is open.
        """
        return await self._about(item, "appeals", {"reason": reason, "by": by}, idempotency_key)

    async def _about(
        self, item: Item | StoredItem | Outcome | str, what: str, body: Document, key: str | None
    ) -> Document:
        flow = calls.post_about(calls.item_id_of(item), what, body, key, self.retry)
        told: Document = await self._line.run(flow)
        return told

    def corrections(self, since: str | None = None, *, limit: int = 500) -> AsyncFeed:
        """Go through everything that was published behind a cursor, oldest first, up to now."""
        return AsyncFeed(lambda cursor: self._line.run(calls.corrections(cursor, limit, self.retry)), since)

    async def submit_later(self, **item: Unpack[ItemFields]) -> str:
        """Accept an item onto the disk to be sent in the background; see :meth:`ReviewQueue.submit_later`."""
        return await asyncio.to_thread(lambda: self.background.accept(item))

    @property
    def background(self) -> Background:
        """What was accepted and is not sent yet. Its methods block for moments: call them by asyncio.to_thread."""
        return self._keeper.background()

    async def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that was accepted before is stored or refused; false when the time ended before."""
        return await asyncio.to_thread(lambda: self.background.flush(timeout))

    async def aclose(self, timeout: float = LAST_WAIT) -> None:
        """Send what can be sent in this time, and close the connections."""
        await asyncio.to_thread(self._keeper.close, timeout)
        await self._line.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    @overload
    def guard(
        self,
        *,
        source: str,
        kind: Literal["chat", "text", "classification"] = "chat",
        deadline: int = ...,
        on_timeout: OnTimeout | None = ...,
        fallback: str | Document | None = ...,
        offline: Offline = ...,
        reach_within: float = ...,
        input: Callable[..., Document] | None = ...,
        **fields: Unpack[CommonFields],
    ) -> Callable[[Callable[P, Awaitable[Said]]], AsyncGuard[P, str]]: ...

    @overload
    def guard(
        self,
        *,
        source: str,
        kind: Literal["extraction", "action", "comparison"],
        deadline: int = ...,
        on_timeout: OnTimeout | None = ...,
        fallback: Document | None = ...,
        offline: Offline = ...,
        reach_within: float = ...,
        input: Callable[..., Document] | None = ...,
        **fields: Unpack[CommonFields],
    ) -> Callable[[Callable[P, Awaitable[Said]]], AsyncGuard[P, Document]]: ...

    def guard(
        self,
        *,
        source: str,
        kind: Kind = "chat",
        deadline: int = 120,
        on_timeout: OnTimeout | None = None,
        fallback: str | Document | None = None,
        offline: Offline = None,
        reach_within: float = 5.0,
        input: Callable[..., Document] | None = None,
        **fields: Unpack[CommonFields],
    ) -> Callable[[Callable[P, Awaitable[Said]]], AsyncGuard[P, Any]]:
        """Guard an async function that answers; see :meth:`ReviewQueue.guard`."""
        rule = Rule.of(
            source=source,
            kind=kind,
            deadline=deadline,
            on_timeout=on_timeout,
            fallback=fallback,
            offline=offline,
            reach_within=reach_within,
            input=input,
            fields=fields,
        )
        self._keeper.check()
        return lambda function: AsyncGuard(self, rule, function)

    async def _guarded(self, rule: Rule, said: Said, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Guarded:
        flow = guarded(rule, prepare(rule, said, args, kwargs), self.retry, self._reach, self.background)
        return await self._line.run(flow)


class AsyncGuard(Generic[P, R]):
    """A guarded async function: awaiting a call returns what may be said; :meth:`ask` tells how it came about."""

    def __init__(self, queue: AsyncReviewQueue, rule: Rule, function: Callable[P, Awaitable[Said]]) -> None:
        if not inspect.iscoroutinefunction(function):
            raise TypeError("This function is not async: guard it with ReviewQueue.")
        functools.update_wrapper(self, function)
        self._queue, self._rule, self._function = queue, rule, function

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Answer. Raises Withheld when nothing may be said, and Refused."""
        said: R = spoken(self._rule, await self.ask(*args, **kwargs))
        return said

    async def ask(self, *args: P.args, **kwargs: P.kwargs) -> Guarded:
        """Answer, and tell who decided what may be said; ``final`` is None when nothing may."""
        return await self._queue._guarded(self._rule, await self._function(*args, **kwargs), args, kwargs)


class AsyncFeed:
    """The corrections feed; see :class:`Feed`."""

    def __init__(self, read: Callable[[str | None], Awaitable[calls.FeedPage]], since: str | None) -> None:
        self._read = read
        #: Where to go on: what lies before it was gone through, one by one, or was given out as a page.
        self.cursor = since

    async def __aiter__(self) -> AsyncIterator[Correction]:
        async for page in self._pages():
            for one in page.corrections:
                yield one
            self.cursor = page.cursor

    async def pages(self) -> AsyncIterator[list[Correction]]:
        """Go through the pages: store one, keep the cursor, ask for the next."""
        async for page in self._pages():
            self.cursor = page.cursor
            if page.corrections:
                yield page.corrections

    async def _pages(self) -> AsyncIterator[calls.FeedPage]:
        more, cursor = True, self.cursor
        while more:
            page = await self._read(cursor)
            yield page
            more, cursor = page.more, page.cursor
