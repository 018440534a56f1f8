"""Held answers: how soon a waiting AI system is answered once a reviewer submits, and what passes in the POST."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from time import perf_counter

import orjson
import psycopg

from benchmarks import floors, loading
from benchmarks.intake import INSERT, Site, send, sites
from benchmarks.loading import Office
from benchmarks.running import Run, compare, crew, line, scaled
from benchmarks.serving import HOST, serving
from reviewqueue import pipeline
from reviewqueue.accounts.actions import create_key
from reviewqueue.assignment.actions import go_on_duty
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now
from reviewqueue.common.strictjson import read
from reviewqueue.intake.rules import submission
from reviewqueue.triage.actions.policies import activate_policy
from reviewqueue.triage.models import RoutingPolicy

HEARD = "psycopg committing one row, and another connection that has heard its NOTIFY"
WAITING = 200
GATE = {"deadline_seconds": 86_400, "on_timeout": "withhold"}


@dataclass(frozen=True)
class Turn:
    """A held answer in a reviewer's hands: what is submitted where, and what is waited for."""

    item: str
    assignment: str
    fence: int


def answer() -> Iterator[dict]:
    """Yield the line of answers: one reviewer submits over HTTP while 200 others' clients wait."""
    office, n, waiting = loading.open_office(), scaled(60, least=3), scaled(WAITING, least=5)
    go_on_duty(membership=office.reviewers[0], now=now() + timedelta(days=1))  # nobody's page is open here
    keys = _keys(office)
    numbers = count(1)
    idle = [_held(office, next(numbers)) for _ in range(waiting)]
    with serving("reviewqueue.asgi:application") as port, floors.connect() as plain:
        plain.execute("CREATE TABLE IF NOT EXISTS bare_heard (id int)")

        def product() -> Run:
            turns = [_turn(office, next(numbers)) for _ in range(n)]
            seconds = crew(_answers, [(port, keys, idle, turns)]).seconds
            return Run(rate=n / sum(seconds), seconds=seconds)  # without the pauses between two answers

        runs = compare(product, lambda: _heard(plain, n))
        yield line("gate.answer", unit="answers/s", floor_is=HEARD, runs=runs, n=n, clients=waiting)


def _let_pass() -> None:
    """Put a policy in force that sends nothing to people."""
    active = RoutingPolicy.objects.get()
    activate_policy(
        workspace_id=active.workspace_id,
        rules=[],
        audit_rate=0.0,
        audit_queue=active.audit_queue,
        by=None,
        actor=SYSTEM,
        now=now(),
    )


def passed() -> Iterator[dict]:
    """Yield the line of one client whose held answers all pass: triage and the outcome inside the POST."""
    with sites() as (product, bare):
        _let_pass()
        numbers, each = count(1), scaled(300, least=20)

        def run(site: Site) -> Run:
            return send(site, [[_passing(site, next(numbers)) for _ in range(each)]])

        runs = compare(lambda: run(product), lambda: run(bare))
        yield line("gate.passed", unit="items/s", floor_is=INSERT, runs=runs, n=each, clients=1)


def _passing(site: Site, number: int) -> bytes:
    document = {**loading.document(number), "external_id": f"pass-{number}", "confidence": 0.99, "gate": GATE}
    return _request("POST", "items", site.key, orjson.dumps(document))


def _request(method: str, path: str, key: str, body: bytes = b"") -> bytes:
    head = f"{method} /api/v1/{path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {key}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


# --- what is waited for ------------------------------------------------------------------------------------------


def _keys(office: Office) -> tuple[str, str]:
    """Return the AI system's key, and one that acts as the reviewer."""
    both = (("items:read", None), ("reviews:write", office.reviewers[0].user))
    bot, reviewer = (
        create_key(workspace=office.workspace, name="bench", scopes=[scope], user=user, by=SYSTEM, now=now())[1]
        for scope, user in both
    )
    return bot, reviewer


def _held(office: Office, number: int, *, seconds: int = 86_400) -> str:
    """Submit one answer that is held for people; return its id."""
    text = json.dumps({**loading.document(number), "gate": {**GATE, "deadline_seconds": seconds}})
    one = submission(read(text), secret=bytes(office.workspace.secret), now=now())
    (received,) = pipeline.submit_gated(
        workspace=office.workspace, submissions=[one], sources={one.source: office.source}, by=SYSTEM, now=now()
    )
    return str(received.id)


def _turn(office: Office, number: int) -> Turn:
    """Put one held answer into the reviewer's hands: its deadline is before those of the others that wait."""
    _held(office, number, seconds=43_200)
    turn = pipeline.claim_next(membership=office.reviewers[0], queues=office.queues, held_only=True)
    assert turn is not None
    return Turn(str(turn.assignment.item_id), str(turn.assignment.pk), turn.fence)


# --- the clients, in a process of their own ----------------------------------------------------------------------


def _answers(
    share: tuple[int, tuple[str, str], Sequence[str], Sequence[Turn]], begin: Callable[[], None]
) -> list[float]:
    return asyncio.run(_all_answers(*share, begin))


async def _all_answers(
    port: int, keys: tuple[str, str], idle: Sequence[str], turns: Sequence[Turn], begin: Callable[[], None]
) -> list[float]:
    crowd = [asyncio.create_task(_wait_on(port, keys[0], item)) for item in idle]
    await asyncio.sleep(5)  # until all of them are parked
    reviewer = await asyncio.open_connection(HOST, port)
    begin()
    seconds = [await _one(port, keys, turn, reviewer) for turn in turns]
    for one in crowd:
        one.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*crowd)
    return seconds


async def _one(port: int, keys: tuple[str, str], turn: Turn, reviewer: tuple) -> float:
    """Let a client wait, submit the review, and return how long its answer took from there."""
    client = await asyncio.open_connection(HOST, port)
    client[1].write(_request("GET", f"items/{turn.item}/outcome?wait=60", keys[0]))
    await asyncio.sleep(0.25)  # it waits by now
    body = orjson.dumps({"fence": turn.fence, "decision": "approve"})
    began = perf_counter()
    reviewer[1].write(_request("POST", f"assignments/{turn.assignment}/review", keys[1], body))
    status = await _status(client[0])
    seconds = perf_counter() - began
    if status != 200 or await _status(reviewer[0]) != 201:
        raise RuntimeError(f"answered {status}")
    client[1].close()
    return seconds


async def _wait_on(port: int, key: str, item: str) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    while True:
        writer.write(_request("GET", f"items/{item}/outcome?wait=60", key))
        if await _status(reader) not in (200, 202):
            raise RuntimeError("a waiting client was refused")


async def _status(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
    return int(head.split(maxsplit=2)[1])


# --- the floor ---------------------------------------------------------------------------------------------------


def _heard(plain: psycopg.Connection, n: int) -> Run:
    """Commit a row, notify, and wait until another connection has heard it; n times."""
    seconds: list[float] = []
    heard, listening = threading.Semaphore(0), threading.Event()

    def listen() -> None:
        with floors.connect() as ears:
            ears.execute("LISTEN bare_heard")
            listening.set()
            for _notice in ears.notifies(stop_after=n):
                heard.release()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    listening.wait()
    for number in range(n):
        began = perf_counter()
        plain.execute("INSERT INTO bare_heard VALUES (%s)", [number])
        plain.execute("SELECT pg_notify('bare_heard', %s)", [str(number)])
        heard.acquire()
        seconds.append(perf_counter() - began)
    thread.join(timeout=10)
    return Run(rate=n / sum(seconds), seconds=seconds)
