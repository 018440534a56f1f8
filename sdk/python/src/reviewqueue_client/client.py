"""The blocking client."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Generic, Literal, ParamSpec, Self, TypeVar, Unpack, overload

from . import calls
from .background import LAST_WAIT, Background
from .driving import Address, Line
from .flow import Retry
from .guarding import Guarded, Offline, Reach, Rule, Said, guarded, prepare, spoken
from .items import CommonFields, ItemFields, Kind
from .keeping import Keeper
from .shapes import Correction, Document, Item, OnTimeout, Outcome, Result, StoredItem
from .webhooks import Webhooks

P = ParamSpec("P")
R = TypeVar("R")


class ReviewQueue:
    """A connection to Review Queue. Safe to use from any thread; make one and keep it.

    ``url`` and ``api_key`` default to ``REVIEWQUEUE_URL`` and ``REVIEWQUEUE_API_KEY``. ``retry`` says how patient
    each call is. ``spool`` is the directory for what is sent later (``REVIEWQUEUE_SPOOL``; see
    :func:`reviewqueue_client.keeping.default_directory`), bounded by ``spool_bytes``. ``options`` go to
    ``httpx.Client`` (``verify``, ``proxy``, …). Raises NotConfigured.
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
        self._line = Line(address)
        self._keeper = Keeper(address, spool, spool_bytes, self.retry)
        self._reach = Reach()

    def submit(self, **item: Unpack[ItemFields]) -> Item:
        """Submit one item: it is stored for good when this returns.

        Raises Invalid (with places), Conflict (the external_id names other content), NotAllowed, NotNow, NotAnItem.
        """
        return self._line.run(calls.submit(item, self.retry))

    def submit_many(self, items: Iterable[ItemFields | Mapping[str, Any]]) -> list[Result]:
        """Submit any number of items in batches; a result for each, in order. One bad item spoils no other.

        Raises NotNow when the server is lost in the middle: send all again, what was stored is told as 200.
        """
        return self._line.run(calls.submit_many(items, self.retry))

    def get(self, item_id: str) -> StoredItem:
        """Read one item with its content. Raises NotThere."""
        return self._line.run(calls.get(item_id, self.retry))

    def items(self, **query: str) -> Iterator[StoredItem]:
        """Go through all items, newest first, without their content: by source, state, external_id, model_version."""
        following: Mapping[str, str] | None = query
        while following is not None:
            page = self._line.run(calls.page(following, self.retry))
            yield from page.items
            following = page.following

    def wait(self, item: Item | str, timeout: float | None = None) -> Outcome:
        """Wait for an item's outcome, by long polls; ``timeout`` is in seconds, None waits as long as it takes.

        For an item that this client submitted with a gate, no longer than the gate's deadline: then this returns
        what the server decided, or, when the server is silent, what was agreed in the gate (``outcome.local``).
        Otherwise raises StillWaiting when the time is over, also when the server could not be reached meanwhile,
        and Withdrawn.
        """
        return self._line.run(calls.wait(item, timeout, self.retry))

    def signal(
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
        return self._about(item, "signals", body, idempotency_key)

    def withdraw(self, item: Item | StoredItem | str, *, idempotency_key: str | None = None) -> Document:
        """Say that nobody waits for this item any more. Raises Conflict when it is settled already."""
        return self._about(item, "withdrawal", {}, idempotency_key)

    def appeal(
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
        return self._about(item, "appeals", {"reason": reason, "by": by}, idempotency_key)

    def _about(self, item: Item | StoredItem | Outcome | str, what: str, body: Document, key: str | None) -> Document:
        told: Document = self._line.run(calls.post_about(calls.item_id_of(item), what, body, key, self.retry))
        return told

    def corrections(self, since: str | None = None, *, limit: int = 500) -> Feed:
        """Go through everything that was published behind a cursor, oldest first, up to now."""
        return Feed(lambda cursor: self._line.run(calls.corrections(cursor, limit, self.retry)), since)

    def submit_later(self, **item: Unpack[ItemFields]) -> str:
        """Accept an item onto the disk and return its external_id; it is sent in the background, in batches.

        What this has accepted survives the end of this process, however it ends. Raises SpoolFull, SpoolError,
        NotAnItem: then it was not accepted. An item cannot have a gate here.
        """
        return self.background.accept(item)

    @property
    def background(self) -> Background:
        """What was accepted and is not sent yet: its status, what was refused."""
        return self._keeper.background()

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that was accepted before is stored or refused; false when the time ended before."""
        return self.background.flush(timeout)

    def close(self, timeout: float = LAST_WAIT) -> None:
        """Send what can be sent in this time, and close the connections."""
        self._keeper.close(timeout)
        self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

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
    ) -> Callable[[Callable[P, Said]], Guard[P, str]]: ...

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
    ) -> Callable[[Callable[P, Said]], Guard[P, Document]]: ...

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
    ) -> Callable[[Callable[P, Said]], Guard[P, Any]]:
        """Guard a function that answers: every answer is submitted, and the lead's rules decide which ones wait.

        The function returns a text, ``(text, confidence)`` or an :class:`Answer`; the guarded one returns what may be
        said: its own text when it passed or was approved, the correction, or ``fallback``; without a fallback it
        raises Withheld. ``deadline`` (seconds) and ``on_timeout`` (``fallback`` when there is one, else ``withhold``)
        are the gate's. ``input`` makes the item's input out of the arguments, when the first one is neither the
        question nor the messages. ``fields`` go into every item (``model``, ``risk``, …).

        When the server does not take the answer within ``reach_within`` seconds, ``offline`` decides: a confidence
        from which an answer is given all the same, or a function of the :class:`Answer`; None never does. Medium and
        high risks and actions are never given then. What was not submitted is kept in the spool and submitted later.
        A refusal (a wrong key, an unknown source) is raised: it is a mistake to be mended.
        """
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
        return lambda function: Guard(self, rule, function)

    def _guarded(self, rule: Rule, said: Said, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Guarded:
        flow = guarded(rule, prepare(rule, said, args, kwargs), self.retry, self._reach, self.background)
        return self._line.run(flow)


class Guard(Generic[P, R]):
    """A guarded function: calling it returns what may be said; :meth:`ask` tells how that came about as well."""

    def __init__(self, queue: ReviewQueue, rule: Rule, function: Callable[P, Said]) -> None:
        if inspect.iscoroutinefunction(function):
            raise TypeError("This function is async: guard it with AsyncReviewQueue.")
        functools.update_wrapper(self, function)
        self._queue, self._rule, self._function = queue, rule, function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Answer. Raises Withheld when nothing may be said, and Refused."""
        said: R = spoken(self._rule, self.ask(*args, **kwargs))
        return said

    def ask(self, *args: P.args, **kwargs: P.kwargs) -> Guarded:
        """Answer, and tell who decided what may be said; ``final`` is None when nothing may."""
        return self._queue._guarded(self._rule, self._function(*args, **kwargs), args, kwargs)


class Feed:
    """The corrections feed, to be gone through once. Keep :attr:`cursor`, and go on with it another time."""

    def __init__(self, read: Callable[[str | None], calls.FeedPage], since: str | None) -> None:
        self._read = read
        #: Where to go on: what lies before it was gone through, one by one, or was given out as a page.
        self.cursor = since

    def __iter__(self) -> Iterator[Correction]:
        for page in self._pages():
            yield from page.corrections
            self.cursor = page.cursor

    def pages(self) -> Iterator[list[Correction]]:
        """Go through the pages: store one, keep the cursor, ask for the next."""
        for page in self._pages():
            self.cursor = page.cursor
            if page.corrections:
                yield page.corrections

    def _pages(self) -> Iterator[calls.FeedPage]:
        more, cursor = True, self.cursor
        while more:
            page = self._read(cursor)
            yield page
            more, cursor = page.more, page.cursor
