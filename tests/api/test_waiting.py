"""Clients that wait, clients that are slow, and a server that stops or loses its database: on a real server."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from django.db import connection

from reviewqueue.accounts.models import ApiKey
from reviewqueue.common import clock
from reviewqueue.datasets.actions import build, define, request_release, take_due
from tests.api.serving import Site, connections_of_server, cut_connections_of_server, serving
from tests.cast import NOW, Cast, item, make_cast
from tests.steps import FALLBACK, edit, held_item, hold, on_duty, publish, queued, settle, submit, triage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """The cast, committed, so that the server sees it."""
    return make_cast()


@pytest.fixture
def site(cast: Cast) -> Iterator[Site]:
    """A server with two threads."""
    with serving(WEB_THREADS="2") as running:
        yield running


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    """Threads for clients that wait."""
    with ThreadPoolExecutor(4) as threads:
        yield threads


def waiting_for(
    site: Site, key: str, item_id: Any, seconds: int, aside: ThreadPoolExecutor
) -> "Future[httpx.Response]":
    """Let a client wait, beside this test."""

    def ask() -> httpx.Response:
        with site.client(key) as client:
            return client.get(f"/items/{item_id}/outcome", params={"wait": seconds})

    return aside.submit(ask)


def test_who_waits_is_told_when_the_outcome_is_published(cast: Cast, site: Site, aside: ThreadPoolExecutor) -> None:
    (received,) = queued(cast)
    asked = waiting_for(site, cast.key, received.id, 60, aside)
    settle(cast, cast.reviewer, edit())
    assert not asked.done()
    publish(cast)
    answer = asked.result(timeout=50)
    assert (answer.status_code, answer.json()["final"]) == (200, {"content": "It will arrive on Monday."})


def test_who_waits_is_told_when_triage_lets_the_item_pass(cast: Cast, site: Site, aside: ThreadPoolExecutor) -> None:
    (received,) = submit(cast, item(confidence=0.99))
    asked = waiting_for(site, cast.key, received.id, 60, aside)
    triage(clock.now())
    assert asked.result(timeout=50).json()["basis"] == "rule"


def test_who_waits_for_people_is_answered_at_the_deadline_though_nothing_sweeps(
    cast: Cast, site: Site, aside: ThreadPoolExecutor
) -> None:
    on_duty(cast.reviewer, now=clock.now())
    (received,) = hold(cast, held_item(seconds=2), now=clock.now())
    asked = waiting_for(site, cast.key, received.id, 60, aside)
    answer = asked.result(timeout=50).json()
    assert (answer["basis"], answer["final"]) == ("timeout", FALLBACK)
    assert clock.now() - datetime.fromisoformat(answer["published_at"]) < timedelta(seconds=5)


def test_who_waits_is_told_although_the_connection_that_listens_was_cut(
    cast: Cast, site: Site, aside: ThreadPoolExecutor
) -> None:
    on_duty(cast.reviewer, now=clock.now())
    (received,) = hold(cast, held_item(), now=clock.now())
    asked = waiting_for(site, cast.key, received.id, 60, aside)
    while not listening():
        threading.Event().wait(0.1)
    cut_connections_of_server("-listening")
    settle(cast, cast.reviewer, edit(), now=clock.now())
    assert asked.result(timeout=10).json()["basis"] == "review"
    again = waiting_for(site, cast.key, hold(cast, held_item("2"), now=clock.now())[0].id, 60, aside)
    until = time.monotonic() + 20
    while not listening() and time.monotonic() < until:
        threading.Event().wait(0.1)
    assert listening()  # it has come back by itself
    settle(cast, cast.reviewer, edit(), now=clock.now())
    assert again.result(timeout=10).json()["basis"] == "review"


def listening() -> int:
    return connections_of_server("-listening")


def test_who_waits_is_told_at_once_that_the_item_was_withdrawn(
    cast: Cast, site: Site, aside: ThreadPoolExecutor
) -> None:
    (received,) = queued(cast)
    asked = waiting_for(site, cast.key, received.id, 60, aside)
    with site.client(cast.key) as client:
        assert client.post(f"/items/{received.id}/withdrawal").status_code == 200
    assert asked.result(timeout=10).json()["state"] == "withdrawn"
    with site.client(cast.key) as client:  # and who asks later does not wait at all
        assert client.get(f"/items/{received.id}/outcome", params={"wait": 60}, timeout=10).status_code == 202


def test_when_the_time_is_over_the_answer_is_where_it_stands(cast: Cast, site: Site) -> None:
    (received,) = queued(cast)
    with site.client(cast.key) as client:
        answer = client.get(f"/items/{received.id}/outcome?wait=1")
        refused = client.get(f"/items/{received.id}/outcome?wait=61")
        unknown = client.get(f"/items/{received.id}/outcome?wait=1&until=2")
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert (refused.status_code, unknown.status_code) == (422, 400)


def test_who_may_not_see_the_item_does_not_wait(cast: Cast, site: Site) -> None:
    (received,) = queued(cast)
    for key, status in ((cast.stranger_key, 404), ("rq_wrong", 401)):
        with site.client(key) as client:
            assert client.get(f"/items/{received.id}/outcome?wait=60").status_code == status


def test_a_key_revoked_meanwhile_is_told_nothing(cast: Cast, site: Site, aside: ThreadPoolExecutor) -> None:
    (received,) = queued(cast)
    settle(cast, cast.reviewer, edit())
    asked = waiting_for(site, cast.key, received.id, 60, aside)
    ApiKey.objects.filter(workspace=cast.workspace).update(revoked_at=NOW)
    publish(cast)
    assert asked.result(timeout=50).status_code == 401


def test_a_thousand_waiting_clients_hold_neither_a_thread_nor_a_connection(cast: Cast, site: Site) -> None:
    received = queued(cast, 10)
    ids = [str(one.id) for one in received]

    async def crowd() -> set[int]:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(_ask(site, cast.key, ids[number % 10])) for number in range(1_000)]
            while connections_parked(site) < 1_000:
                await asyncio.sleep(0.1)
            await asyncio.to_thread(check_that_others_are_served)
        return {one.result() for one in asked}

    def check_that_others_are_served() -> None:
        with site.client(cast.key) as client:
            assert client.post("/items", json=item("meanwhile")).status_code == 201
        assert connections_of_server() <= 4
        for _ in received:
            settle(cast, cast.reviewer, edit())
        publish(cast)

    assert asyncio.run(crowd()) == {200}


async def _ask(site: Site, key: str, item_id: str) -> int:
    """Wait for an outcome with a client that costs nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    head = f"GET /api/v1/items/{item_id}/outcome?wait=60 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}"
    writer.write(f"{head}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return int(answer.split()[1])


def is_listened() -> bool:
    """Return whether some process listens for what is published."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_stat_activity WHERE application_name LIKE '%-listening'")
            return cursor.fetchone() is not None
    finally:
        connection.close()


def connections_parked(site: Site) -> int:
    """Return how many sockets the server has open for its clients."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return sum(row[1].endswith(f":{site.port:04X}") and row[3] == "01" for row in rows)


def test_a_client_that_leaves_is_forgotten(cast: Cast) -> None:
    from reviewqueue.asgi import application, waiting

    (received,) = queued(cast)
    sent: list[Any] = []
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/api/v1/items/{received.id}/outcome",
        "raw_path": f"/api/v1/items/{received.id}/outcome".encode(),
        "query_string": b"wait=60",
        "http_version": "1.1",
        "headers": [(b"host", b"localhost"), (b"authorization", f"Bearer {cast.key}".encode())],
    }
    messages = iter([{"type": "http.request"}, {"type": "http.disconnect"}])

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def story() -> None:
        await application(scope, receive, send)
        while not await asyncio.to_thread(is_listened):  # a connection half made would keep PostgreSQL waiting
            await asyncio.sleep(0.02)

    asyncio.run(story())
    assert sent == []
    assert not waiting.watcher._parked


def test_a_server_that_stops_lets_its_waiting_clients_go_with_an_answer(
    cast: Cast, site: Site, aside: ThreadPoolExecutor
) -> None:
    (received,) = queued(cast)
    asked = [waiting_for(site, cast.key, received.id, 60, aside) for _ in range(4)]
    while connections_parked(site) < 4:
        threading.Event().wait(0.05)
    threading.Event().wait(1)
    site.stop()
    assert {one.result(timeout=50).status_code for one in asked} == {202}
    assert site.process.wait(timeout=20) in {0, -15}


def test_slow_clients_hold_no_thread(cast: Cast, site: Site) -> None:
    body = json.dumps(item("slow")).encode()
    head = f"POST /api/v1/items HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {cast.key}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    slow = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(5)]
    for one in slow:
        one.sendall(head.encode() + body[:40])
    with site.client(cast.key) as client:
        assert client.post("/items", json=item("quick")).status_code == 201
    statuses = []
    for one in slow:
        with one:
            one.sendall(body[40:])
            statuses.append(one.makefile("rb").readline().split()[1])
    assert statuses == [b"201", b"200", b"200", b"200", b"200"]


def test_a_body_without_a_length_is_read_and_bounded(cast: Cast, site: Site) -> None:
    body = json.dumps(item()).encode()
    kind = {"Content-Type": "application/json"}
    with site.client(cast.key) as client:
        assert client.post("/items", content=iter([body[:10], body[10:]]), headers=kind).status_code == 201
        endless = iter([b" " * 65_536] * 40)
        assert client.post("/items", content=endless, headers=kind).status_code == 413


def test_a_file_is_sent_to_the_last_byte(cast: Cast, site: Site) -> None:
    queued(cast)
    settle(cast, cast.reviewer, edit("A long answer. " * 20_000))
    publish(cast)
    viewer = cast.viewer("ml")
    dataset = define(
        workspace_id=cast.workspace.pk,
        slug="d",
        name="D",
        format="sft",
        query={},
        by=viewer.user,
        actor=viewer.actor,
        now=clock.now(),
    )
    request_release(dataset=dataset, by=viewer.user, actor=viewer.actor, now=clock.now())
    release = take_due(now=clock.now())
    assert release is not None
    build(release=release, now=clock.now())
    release.refresh_from_db()
    with site.client(cast.key) as client:
        answer = client.get("/datasets/d/releases/1/files/data.jsonl")
    assert (len(answer.content), answer.status_code) == (release.byte_count, 200)


def test_after_its_connections_were_cut_the_server_answers_at_once(cast: Cast, site: Site) -> None:
    with site.client(cast.key) as client:
        for turn in range(3):
            assert client.post("/items", json=item(f"before-{turn}")).status_code == 201
            cut_connections_of_server()
            assert client.post("/items", json=item(f"after-{turn}")).status_code == 201
