"""Every call of the API, as a flow (see :mod:`~reviewqueue_client.flow`): written once, for both clients."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qsl, quote, urlsplit
from uuid import uuid4

from .errors import NotAnItem, NotNow, Problem, StillWaiting, Withdrawn
from .flow import Flow, Pause, Reply, Request, Retry, ask
from .items import encoded, named
from .shapes import Correction, Gate, Item, Outcome, Result, Standing, StoredItem, Triage

SignalKind: TypeAlias = Literal["thumbs_down", "recontact", "complaint", "report"]

MOST_ITEMS = 1_000
MOST_BYTES = 16 * 1024 * 1024
LONGEST_WAIT = 60
#: How long after a gate's deadline the server's word is waited for before the agreement is acted on here, in seconds.
GRACE = 2.0
#: How long the last answer may take, and how much before the end a long poll ends, in seconds.
LAST_WORD = 0.5
_JSON = {"Content-Type": "application/json"}


def submit(item: Mapping[str, Any], retry: Retry) -> Flow[Item]:
    """Submit one item."""
    item = named(item)
    reply = yield from ask(Request("POST", "items", body=encoded(item), headers=_JSON), retry)
    return received(item, reply)


def received(item: Mapping[str, Any], reply: Reply) -> Item:
    """Return what the server stored, with the gate that was agreed."""
    document = reply.json()
    triage, outcome = document.get("triage"), document.get("outcome")
    return Item(
        id=document["id"],
        external_id=item["external_id"],
        state=document["state"],
        replayed=reply.status == 200,
        triage=Triage(triage["result"], tuple(triage.get("why") or ())) if triage else None,
        outcome=Outcome.read(outcome) if outcome else None,
        gate=_gate_of(item),
    )


def _gate_of(item: Mapping[str, Any]) -> Gate | None:
    gate = item.get("gate")
    if gate is None:
        return None
    return Gate(
        deadline_at=datetime.now(UTC) + timedelta(seconds=gate["deadline_seconds"]),
        on_timeout=gate.get("on_timeout") or "withhold",
        fallback=gate.get("fallback"),
        output=item["output"],
        closed=item["kind"] == "action" or (item.get("risk") or {}).get("level") == "high",
    )


def submit_many(items: Iterable[Mapping[str, Any]], retry: Retry) -> Flow[list[Result]]:
    """Submit any number of items in batches; a result for each, in order.

    When the server is lost in the middle, NotNow is raised: send all again, what was stored is told as 200.
    """
    results: list[Result] = []
    for batch in batches(items, results):
        request = Request("POST", "items/batch", body=batch_body(batch.bodies), headers=_JSON)
        reply = yield from ask(request, retry)
        for place, document in zip(batch.places, reply.json()["results"], strict=True):
            results[place] = result_of(document, results[place])
    return results


@dataclass(slots=True)
class Batch:
    """The items of one request: their places among all, and their bytes."""

    places: list[int]
    bodies: list[bytes]
    size: int = 0

    def has_room(self, body: bytes) -> bool:
        """Whether one more fits."""
        return len(self.bodies) < MOST_ITEMS and self.size + len(body) + 1 <= MOST_BYTES - 64


def batches(items: Iterable[Mapping[str, Any]], results: list[Result]) -> Iterator[Batch]:
    """Cut items into batches; notes a result for each, the final one for those that cannot be sent."""
    batch = Batch([], [])
    for index, item in enumerate(items):
        item = named(item)
        results.append(Result(index, 0, str(item["external_id"])))
        try:
            body = encoded(item)
        except NotAnItem as error:
            results[index] = _not_sent(results[index], Problem(400, title="Not sent.", detail=str(error)))
            continue
        if len(body) > MOST_BYTES - 64:
            results[index] = _not_sent(results[index], Problem(413, title="Not sent.", detail="Over 16 MiB."))
            continue
        if not batch.has_room(body):
            yield batch
            batch = Batch([], [])
        batch.places.append(index)
        batch.bodies.append(body)
        batch.size += len(body) + 1
    if batch.bodies:
        yield batch


def _not_sent(result: Result, problem: Problem) -> Result:
    return replace(result, status=problem.status, problem=problem)


def batch_body(bodies: Sequence[bytes]) -> bytes:
    """Return the request's body for items that are bytes already."""
    return b'{"items":[' + b",".join(bodies) + b"]}"


def result_of(document: Mapping[str, Any], result: Result) -> Result:
    """Return one item's result as the server told it."""
    status, error = document["status"], document.get("error")
    problem = Problem.of(status, error) if error is not None else None
    return replace(result, status=status, id=document.get("id"), problem=problem)


def get(item_id: str, retry: Retry) -> Flow[StoredItem]:
    """Read one item."""
    reply = yield from ask(Request("GET", f"items/{_segment(item_id)}"), retry)
    return StoredItem.read(reply.json())


def _segment(text: str) -> str:
    return quote(str(text), safe="")


@dataclass(frozen=True, slots=True)
class ItemPage:
    """A page of a list; ``following`` is the query of the next, None at the end."""

    items: list[StoredItem]
    following: Mapping[str, str] | None


def page(query: Mapping[str, str], retry: Retry) -> Flow[ItemPage]:
    """Read one page of items. Of ``next`` only the query is used: the key goes nowhere but to the server named."""
    reply = yield from ask(Request("GET", "items", query=query), retry)
    document = reply.json()
    following = document["next"]
    return ItemPage(
        [StoredItem.read(one) for one in document["results"]],
        dict(parse_qsl(urlsplit(following).query, keep_blank_values=True)) if following else None,
    )


def wait(item: Item | str, timeout: float | None, retry: Retry) -> Flow[Outcome]:
    """Wait for the outcome by long polls; see :meth:`reviewqueue_client.ReviewQueue.wait`."""
    if isinstance(item, Item) and item.outcome is not None:
        return item.outcome
    item_id, gate = (item, None) if isinstance(item, str) else (item.id, item.gate)
    end = _end(timeout, gate)
    standing: Standing | None = None
    seconds = 0
    while True:
        try:
            told = yield from _poll(item_id, seconds, end, retry)
        except NotNow as error:
            return _agreed(item_id, gate, standing, because=error)
        if isinstance(told, Outcome):
            return told
        if told.state == "withdrawn":
            raise Withdrawn(item_id)
        standing, left = told, end - time.monotonic()
        if left <= 0:
            return _agreed(item_id, gate, standing, because=None)
        seconds = int(min(max(left - LAST_WORD, 0), LONGEST_WAIT))
        if seconds == 0:
            yield Pause(left)


def _end(timeout: float | None, gate: Gate | None) -> float:
    """Return until when to wait, by the monotonic clock."""
    end = math.inf if timeout is None else time.monotonic() + timeout
    if gate is None:
        return end
    until_deadline = (gate.deadline_at - datetime.now(UTC)).total_seconds()
    return min(end, time.monotonic() + until_deadline + GRACE)


def _poll(item_id: str, seconds: int, end: float, retry: Retry) -> Flow[Outcome | Standing]:
    """Ask once, with as many attempts as it takes until the end."""
    request = Request("GET", f"items/{_segment(item_id)}/outcome", query={"wait": str(seconds)}, patience=seconds)
    total = max(end - time.monotonic(), LAST_WORD)
    reply = yield from ask(request, replace(retry, total=total))
    document = reply.json()
    return Outcome.read(document) if reply.status == 200 else Standing.read(document)


def _agreed(item_id: str, gate: Gate | None, standing: Standing | None, *, because: NotNow | None) -> Outcome:
    """Return what a gate says about a deadline that has passed in silence. Raises StillWaiting without one."""
    if gate is None or datetime.now(UTC) < gate.deadline_at:
        raise StillWaiting(item_id, standing) from because
    final = {"pass": gate.output, "fallback": gate.fallback, "withhold": None}[gate.on_timeout]
    if gate.closed and gate.on_timeout == "pass":
        final = None
    dispositions: dict[str, Literal["final", "fallback"]] = {"pass": "final", "fallback": "fallback"}
    disposition = dispositions[gate.on_timeout] if final is not None else "withheld"
    return Outcome(item_id, 0, None, "timeout", disposition, final, local=True)


def post_about(item_id: str, what: str, body: Mapping[str, Any], key: str | None, retry: Retry) -> Flow[Any]:
    """Say something about an item: a signal, a withdrawal, an appeal. Repetitions carry one Idempotency-Key."""
    headers = {**_JSON, "Idempotency-Key": key or uuid4().hex}
    given = {name: value for name, value in body.items() if value is not None}
    path = f"items/{_segment(item_id)}/{what}"
    reply = yield from ask(Request("POST", path, body=encoded(given), headers=headers), retry)
    return reply.json() if reply.body else None


@dataclass(frozen=True, slots=True)
class FeedPage:
    """A page of the corrections feed; ``cursor`` is where to go on, now while ``more`` is true, later when not."""

    corrections: list[Correction]
    cursor: str
    more: bool


def corrections(since: str | None, limit: int, retry: Retry) -> Flow[FeedPage]:
    """Read one page of the feed."""
    query = {"limit": str(limit)} | ({"since": since} if since else {})
    reply = yield from ask(Request("GET", "corrections", query=query), retry)
    document = reply.json()
    return FeedPage([Correction.read(row) for row in document["results"]], document["next"], document["more"])


def item_id_of(item: Item | StoredItem | Outcome | str) -> str:
    """Return the id of what names an item."""
    if isinstance(item, Outcome):
        return item.item
    return item if isinstance(item, str) else item.id
