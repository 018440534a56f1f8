"""Requests without I/O: a flow yields what it wants done, and is sent what came of it.

Every call of this package is written once, as a generator. :class:`~reviewqueue_client.ReviewQueue` does the steps
with blocking calls, :class:`~reviewqueue_client.AsyncReviewQueue` on the event loop.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any, TypeAlias, TypeVar

from .errors import NotNow, Problem, RateLimited, Unavailable, refusal

T = TypeVar("T")

#: Answers that say "not now": they are asked again, within the time there is.
PASSING = frozenset({429, 502, 503, 504})
#: The answer to a repetition that overtook its own first attempt (Idempotency-Key): also asked again.
RUNNING = "still-running"


@dataclass(frozen=True, slots=True)
class Request:
    """What to send; ``path`` is below /api/v1/. ``patience`` is how long the server itself may hold the answer."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    patience: float = 0.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body's value. Raises Unavailable when it is none: something else answered in its place."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise Unavailable(f"{self.status} with a body that is not JSON", status=self.status) from None


@dataclass(frozen=True, slots=True)
class NoReply:
    """There was none: no connection, or none in time. Whether the request has arrived is not known."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Send:
    """Send this and wait for the reply at most so many seconds."""

    request: Request
    seconds: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Block:
    """Do something that blocks for a moment, such as writing to the spool."""

    work: Callable[[], Any]


Step: TypeAlias = Send | Pause | Block
Flow: TypeAlias = Generator[Step, Any, T]


@dataclass(frozen=True, slots=True)
class Retry:
    """How long one call is tried (``total``), one attempt may take, and the pauses between attempts, in seconds."""

    total: float = 60.0
    attempt: float = 10.0
    first_pause: float = 0.25
    longest_pause: float = 10.0

    def pause(self, attempt: int, asked: float | None) -> float:
        """Return the pause after an attempt (from 0): doubling with jitter, and never less than was asked for."""
        doubled = self.first_pause * 2.0 ** min(attempt, 30)
        own = min(self.longest_pause, doubled) * random.uniform(0.5, 1.0)  # noqa: S311 spreading load
        return own if asked is None else max(own, asked + random.uniform(0.0, 0.2))  # noqa: S311


def ask(request: Request, retry: Retry) -> Flow[Reply]:
    """Send until there is an answer for good. Raises Refused for a 4xx at once, NotNow when the time is over."""
    end = time.monotonic() + retry.total
    for attempt in count():
        left = max(end - time.monotonic(), 0.05)
        reply = yield Send(request, min(retry.attempt + request.patience, left))
        trouble = trouble_of(reply, repeated=attempt > 0)
        if trouble is None:
            return _good(reply)
        pause = retry.pause(attempt, trouble.retry_after)
        if not _is_passing(trouble) or time.monotonic() + pause >= end:
            raise trouble
        yield Pause(pause)
    raise AssertionError("unreachable")


def ask_once(request: Request, seconds: float) -> Flow[Reply]:
    """Send once, and wait for the answer so many seconds. Raises Refused and NotNow."""
    reply = yield Send(request, seconds)
    trouble = trouble_of(reply)
    if trouble is not None:
        raise trouble
    return _good(reply)


def _good(reply: Reply | NoReply) -> Reply:
    assert isinstance(reply, Reply)
    return reply


def trouble_of(reply: Reply | NoReply, *, repeated: bool = False) -> NotNow | None:
    """Return why a reply is not the answer, None when it is one. Raises Refused for a 4xx."""
    if isinstance(reply, NoReply):
        why = Unavailable(f"{type(reply.error).__name__}: {reply.error}")
        why.__cause__ = reply.error
        return why
    if reply.status < 300:
        return None
    problem = _problem(reply)
    after = retry_after(reply.headers.get("retry-after"))
    if reply.status == 429:
        return RateLimited(str(problem), status=429, retry_after=after)
    if reply.status >= 500 or reply.status < 400:
        return Unavailable(str(problem), status=reply.status, retry_after=after)
    if repeated and reply.status == 409 and problem.slug == RUNNING:
        return Unavailable(str(problem), status=409, retry_after=after)
    raise refusal(problem)


def _is_passing(trouble: NotNow) -> bool:
    return trouble.status is None or trouble.status in PASSING or trouble.status == 409


def _problem(reply: Reply) -> Problem:
    try:
        return Problem.of(reply.status, json.loads(reply.body))
    except ValueError:
        return Problem(reply.status)


def retry_after(header: str | None) -> float | None:
    """Return the seconds that a Retry-After asks for, which may also be a date; None when it cannot be read."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(parsedate_to_datetime(header).timestamp() - time.time(), 0.0)
    except ValueError:
        return None
