"""Sends what the spool holds, in batches, from a thread that nobody waits for."""

from __future__ import annotations

import atexit
import logging
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .calls import MOST_BYTES, MOST_ITEMS, batch_body
from .driving import Line
from .errors import NotNow, Problem, RateLimited, Refused, SpoolError
from .flow import Request, Retry, ask_once
from .forking import tell_after_fork
from .items import encoded, named
from .spool import RefusedItem, Spool, Waiting

log = logging.getLogger("reviewqueue_client")

#: How often the thread looks for what other processes left, and for how long a refused key rests, in seconds.
LOOK, KEY_REST = 1.0, 30.0
#: How long the end of the program waits for what is still in the spool, in seconds.
LAST_WAIT = 5.0
_AT_FAULT = frozenset({400, 413, 422})
_KNOWN = "external-id-taken"


@dataclass(frozen=True, slots=True)
class Status:
    """How the background stands. ``trouble`` is why nothing goes through at present."""

    waiting: int
    refused: int
    bytes: int
    trouble: str | None


class Background:
    """Accepts items onto the disk and sends them later. Made by the clients; safe to use from any thread.

    What it has accepted survives this process: the next one with the same spool goes on with it.
    """

    def __init__(self, spool: Spool, line: Line, retry: Retry) -> None:
        self.spool = spool
        self._line = line
        self._retry = retry
        self._trouble: str | None = None
        self._failures = 0
        self._most = MOST_ITEMS
        self.after_fork()
        tell_after_fork(self)

    def after_fork(self) -> None:
        """Begin anew: the parent's thread is not here."""
        self._guard = threading.Lock()
        self._work = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def accept(self, item: Mapping[str, Any]) -> str:
        """Keep an item on the disk to be sent soon, and return its external_id.

        Raises NotAnItem, SpoolFull and SpoolError: then it was not accepted.
        """
        if item.get("gate") is not None:
            raise ValueError("An answer that is held has to be submitted at once: use submit(), or guard.")
        item = named(item)
        if item.get("occurred_at") is None:
            item["occurred_at"] = datetime.now(UTC)
        return self.keep(item)

    def keep(self, item: Mapping[str, Any], *, doubtful: bool = False) -> str:
        """Keep an item as it stands; ``doubtful`` when it may have reached the server already in another form."""
        external_id = str(item["external_id"])
        self.spool.add(external_id, encoded(item), doubtful=doubtful)
        self.start()
        self._work.set()
        return external_id

    def start(self) -> None:
        """Start the thread, unless it runs."""
        _open.add(self)
        with self._guard:
            if self._thread is None or not self._thread.is_alive():
                self._stop.clear()
                self._thread = threading.Thread(target=self._run, name="reviewqueue-background", daemon=True)
                self._thread.start()

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that was accepted before is stored or refused; false when the time ended before."""
        return self._wait(timeout, despite_trouble=True)

    def _wait(self, timeout: float | None, *, despite_trouble: bool) -> bool:
        end = None if timeout is None else time.monotonic() + timeout
        newest = self.spool.last()
        while self.spool.waits_up_to(newest):
            if (end is not None and time.monotonic() >= end) or (self._trouble and not despite_trouble):
                return False
            self.start()
            self._work.set()
            time.sleep(0.02)
        return True

    def status(self) -> Status:
        """Return how many wait, how many were refused, and what stands in the way."""
        holding = self.spool.holding()
        return Status(holding.waiting, holding.refused, holding.bytes, self._trouble)

    def refused(self) -> list[RefusedItem]:
        """Return what the server refused for good, each with the reason. They stay until they are dealt with."""
        return self.spool.refused()

    def send_again(self, items: Sequence[RefusedItem]) -> None:
        """Try refused items once more."""
        self.spool.send_again(items)
        self.start()
        self._work.set()

    def forget(self, items: Sequence[RefusedItem]) -> None:
        """Drop refused items."""
        self.spool.forget(items)

    def close(self, timeout: float = LAST_WAIT) -> bool:
        """Send what can be sent in this time and stop; false when something is left for the next start.

        When the server cannot be reached, nothing is waited for: what is left is on the disk.
        """
        try:
            done = self._wait(timeout, despite_trouble=False)
        except SpoolError as error:
            log.error("%s", error)
            done = False
        _open.discard(self)
        self._stop.set()
        self._work.set()
        if self._thread is not None:
            self._thread.join(timeout=LOOK)
        if self._thread is None or not self._thread.is_alive():
            self._line.close()
            self.spool.close()
        return done

    def _run(self) -> None:
        untidy = False
        while not self._stop.is_set():
            self._work.clear()
            try:
                sent, rest = self._drain()
                if untidy and not (sent or rest):
                    self.spool.tidy()
                untidy = sent or (untidy and bool(rest))
            except SpoolError as error:
                self._say(str(error))
                rest = LOOK
            if rest:
                self._stop.wait(rest)
            else:
                self._work.wait(LOOK)

    def _drain(self) -> tuple[bool, float]:
        """Send until nothing is left, or something stands in the way: the second number says how long to rest."""
        sent = False
        with self.spool.sending() as mine:
            while mine and not self._stop.is_set():
                items = self.spool.next(most=self._most, most_bytes=MOST_BYTES // 2)
                if not items:
                    return sent, 0.0
                rest = self._send(items)
                if rest is not None:
                    return sent, rest
                sent = True
        return sent, LOOK / 5

    def _send(self, items: list[Waiting]) -> float | None:
        """Send one batch; return how long to rest when it could not be sent."""
        body = batch_body([one.body for one in items])
        request = Request("POST", "items/batch", body=body, headers={"Content-Type": "application/json"})
        try:
            reply = self._line.run(ask_once(request, self._retry.attempt * 3))
            rest = self._settle(items, reply.json()["results"])
        except NotNow as error:
            return self._not_now(items, error)
        except Refused as error:
            return self._refused(items, error.problem)
        except (KeyError, TypeError, ValueError) as error:
            return self._rest(f"the server's answer cannot be read: {error!r}")
        if rest is None:
            self._trouble, self._failures = None, 0
            self._most = min(MOST_ITEMS, self._most * 2)
        return rest

    def _settle(self, items: list[Waiting], results: Sequence[Mapping[str, Any]]) -> float | None:
        """Take stored items out of the spool and put refused ones aside; what the server could not do now stays."""
        stored, refused, later = [], [], None
        for one, result in zip(items, results, strict=True):
            problem = Problem.of(result["status"], result.get("error"))
            if result["status"] < 300 or (one.doubtful and problem.slug == _KNOWN):
                stored.append(one)
            elif result["status"] == 429 or result["status"] >= 500:
                later = problem
            else:
                refused.append((one, problem))
                log.error("item %s was refused and is put aside: %s", one.external_id, problem)
        self.spool.settle(stored, refused)
        return None if later is None else self._rest(str(later))

    def _not_now(self, items: list[Waiting], error: NotNow) -> float | None:
        if isinstance(error, RateLimited) and len(items) > 1:  # fewer may be within the quota
            self._most = len(items) // 2
            return None
        if error.status == 500:  # perhaps one item's fault: after a few times each goes alone
            self.spool.failed(items)
        return self._rest(str(error), error.retry_after)

    def _refused(self, items: list[Waiting], problem: Problem) -> float | None:
        if problem.status not in _AT_FAULT:
            return self._rest(f"the server refuses this client: {problem}", KEY_REST)
        if len(items) == 1:
            log.error("item %s was refused and is put aside: %s", items[0].external_id, problem)
            self.spool.settle([], [(items[0], problem)])
        else:
            self.spool.failed(items, at_once=True)
        return None

    def _rest(self, why: str, asked: float | None = None) -> float:
        pause = self._retry.pause(self._failures, asked)
        self._failures += 1
        self._say(why)
        return pause

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("items wait in %s: %s", self.spool.directory, trouble)
        self._trouble = trouble


_open: weakref.WeakSet[Background] = weakref.WeakSet()


@atexit.register
def _at_exit() -> None:
    for one in list(_open):
        one.close()
