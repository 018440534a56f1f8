"""One worker telling a local receiver of published outcomes, beside plain POSTs of the same bodies to it."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks import loading
from benchmarks.loading import Office
from benchmarks.running import Run, compare, line, scaled, timed
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now
from reviewqueue.delivery.actions import add_webhook, queue_deliveries
from reviewqueue.delivery.bodies import bodies_of
from reviewqueue.delivery.models import Delivery, Message
from reviewqueue.delivery.rules import Window
from reviewqueue.delivery.sending import headers_of, send_due
from reviewqueue.review.models import Publication

FLOOR = "httpx posting the same signed bodies to the same receiver, as many at once"
AT_ONCE = 500


def lines() -> Iterator[dict]:
    """Yield the one line of webhooks."""
    office = loading.open_office()
    n = scaled(3_000, least=50)
    firsts = iter(range(1, 20 * n, n))
    with receiving() as url:
        add_webhook(workspace_id=office.workspace.pk, url=url, by=None, actor=SYSTEM, now=loading.NOW)

        def product() -> Run:
            _publish(office, next(firsts), n)
            return timed(_send)

        def floor() -> Run:
            posts = _signed()
            return timed(lambda: asyncio.run(_post_all(url, posts)))

        _publish(office, next(firsts), n)
        _send()
        yield line("webhook", unit="messages/s", floor_is=FLOOR, runs=compare(product, floor), n=n)


@contextmanager
def receiving() -> Iterator[str]:
    """Run the receiver in a process of its own; yields its address."""
    program = [sys.executable, str(Path(__file__).with_name("receiver.py"))]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as receiver:
        try:
            assert receiver.stdout is not None
            yield f"http://127.0.0.1:{int(receiver.stdout.readline())}/hook"
        finally:
            receiver.terminate()


def _publish(office: Office, first: int, count: int) -> None:
    """Load published outcomes and queue their messages, as publishing does."""
    loading.load(office, loading.PUBLISHED, first=first, last=first + count - 1, state="settled")
    told = Message.objects.values("subject_id")
    fresh = list(Publication.objects.exclude(pk__in=told).order_by("position"))
    for start in range(0, len(fresh), AT_ONCE):
        queue_deliveries(publications=fresh[start : start + AT_ONCE], now=now())


def _send() -> int:
    waiting = Delivery.objects.filter(delivered_at=None).count()
    tried = send_due(clock=now, seconds=300)
    if tried != waiting or Delivery.objects.filter(delivered_at=None).exists():
        raise RuntimeError(f"{tried} tries for {waiting} messages")
    return tried


def _signed() -> list[tuple[bytes, dict[str, str]]]:
    """Return the newest messages as they were sent."""
    newest = Delivery.objects.select_related("webhook", "message__item__source").order_by("-created_at", "-pk")
    some = list(newest[: scaled(3_000, least=50)])
    bodies = bodies_of([one.message for one in some])
    return [
        (bodies[one.message_id], headers_of(one.webhook, one.message, bodies[one.message_id], now=now()))
        for one in some
    ]


async def _post_all(url: str, posts: Sequence[tuple[bytes, dict[str, str]]]) -> int:
    rest = iter(posts)

    async def client(http: httpx.AsyncClient) -> None:
        for body, headers in rest:
            (await http.post(url, content=body, headers=headers)).raise_for_status()

    limits = httpx.Limits(max_connections=Window.MOST, max_keepalive_connections=Window.MOST)
    async with httpx.AsyncClient(limits=limits, trust_env=False) as http:
        await asyncio.gather(*[client(http) for _ in range(Window.MOST)])
    return len(posts)
