"""Waiting for outcomes without a thread or a connection for each client.

A client that asks ``GET …/outcome?wait=30`` is answered by the ordinary view. While that says 202, the client is
parked on the event loop. One connection of each process listens for what is published (common/waking.py), and a slow
question for all parked items finds what was not heard. Whoever is woken, or whose time is over, is answered by the
view again, so key, scope and visibility are checked there alone.
"""

import asyncio
import io
import logging
import re
from collections import defaultdict
from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django.db import connection

from reviewqueue import pipeline
from reviewqueue.common import clock
from reviewqueue.common.bridge import Answer, Bridge, Receive, Scope, Send, client_left, give
from reviewqueue.common.waking import woken
from reviewqueue.intake.models import ItemState, State
from reviewqueue.review.models import Publication

log = logging.getLogger(__name__)

#: Seconds between two questions for everything that is waited for: while this process listens, and while it does not.
PAUSE, PAUSE_DEAF = 1.5, 0.3
PAUSE_AFTER_ERROR = 2.0
WITHDRAWN = b'"state":"withdrawn"'
_PATH = re.compile(r"/api/v1/items/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/outcome")
_SECONDS = re.compile(r"[1-9]|[1-5][0-9]|60")


def seconds_asked(scope: Scope) -> int:
    """Return for how long a request wants to wait; 0 for any other request, and for a wait that is not valid."""
    if scope["method"] != "GET" or b"wait=" not in scope["query_string"] or not _PATH.fullmatch(scope["path"]):
        return 0
    given = [value for name, value in _query(scope) if name == "wait"]
    return int(given[0]) if len(given) == 1 and _SECONDS.fullmatch(given[0]) else 0


def _query(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, encoding="latin-1")


class Waiting:
    """Answers requests that wait."""

    def __init__(self, django: Bridge) -> None:
        self.django = django
        self.watcher = Watcher()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as soon as there is an outcome, the time is over, or the server stops."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds_asked(scope)
        left = asyncio.ensure_future(client_left(receive))
        try:
            answer = await self._ask(scope)
            while _may_change(answer) and loop.time() < until and not self.watcher.stopped:
                await self.watcher.wait(_item_of(scope), until - loop.time(), left)
                if left.done():
                    return
                answer = await self._ask(scope)
            await give(answer, receive, send)
        finally:
            left.cancel()

    async def _ask(self, scope: Scope) -> Answer:
        """Return the view's answer at this moment."""
        query = [(name, "0" if name == "wait" else value) for name, value in _query(scope)]
        at_once = {**scope, "query_string": urlencode(query, encoding="latin-1").encode()}
        answer = await self.django.answer(at_once, io.BytesIO(), 0)
        assert answer is not None
        return answer


def _may_change(answer: Answer) -> bool:
    """Return whether waiting is worth it: a withdrawn item gets no outcome."""
    return answer.status == 202 and WITHDRAWN not in answer.body


def _item_of(scope: Scope) -> UUID:
    match = _PATH.fullmatch(scope["path"])
    assert match is not None
    return UUID(match[1])


class Watcher:
    """Hears of parked items, and asks for all of them now and then, as long as there are any."""

    def __init__(self) -> None:
        self.stopped = False
        self._parked: defaultdict[UUID, set[asyncio.Future[None]]] = defaultdict(set)
        self._watching: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._hears = False

    async def wait(self, item_id: UUID, seconds: float, left: asyncio.Future[Any]) -> None:
        """Return when the item may have an outcome, after some seconds, or when the client has left."""
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._parked[item_id].add(ready)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen())
        try:
            await asyncio.wait([ready, left], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._forget(item_id, ready)

    def stop(self) -> None:
        """Let everybody go at once: the server stops."""
        self.stopped = True
        if self._listening is not None:
            self._listening.cancel()
        self._wake(list(self._parked))

    def _forget(self, item_id: UUID, ready: asyncio.Future[None]) -> None:
        self._parked[item_id].discard(ready)
        if not self._parked[item_id]:
            del self._parked[item_id]

    def _wake(self, item_ids: Collection[UUID]) -> None:
        for item_id in item_ids:
            for ready in self._parked.get(item_id, ()):
                if not ready.done():
                    ready.set_result(None)

    async def _listen(self) -> None:
        """Wake whoever a notification is about; the connection stays while the process lives."""
        async for item_ids in woken():
            self._hears = item_ids is not None
            if item_ids == []:
                await self._ask()
            self._wake(item_ids or ())

    async def _watch(self) -> None:
        while self._parked and not self.stopped:
            await asyncio.sleep(PAUSE if self._hears else PAUSE_DEAF)
            await self._ask()

    async def _ask(self) -> None:
        try:
            self._wake(await asyncio.to_thread(looked, list(self._parked)))
        except Exception as error:
            log.warning("cannot ask for outcomes: %s", type(error).__name__)
            await asyncio.sleep(PAUSE_AFTER_ERROR)


def looked(item_ids: Collection[UUID]) -> list[UUID]:
    """Return which of these items are finished; first answer for people whose deadlines have passed.

    The sweeper does that too. This is for the case that it does not run: whoever waits is answered in any case.
    """
    try:
        pipeline.time_out_due(now=clock.now())
        return finished(item_ids)
    finally:
        connection.close()  # back to the pool: this thread is nobody's request


def finished(item_ids: Collection[UUID]) -> list[UUID]:
    """Return which of these items have a published outcome, were let pass, or withdrawn."""
    published = Publication.objects.filter(item_id__in=item_ids).values_list("item_id", flat=True)
    ended = ItemState.objects.filter(item_id__in=item_ids, state__in=[State.PASSED, State.WITHDRAWN])
    return list(published.union(ended.values_list("item_id", flat=True)))
