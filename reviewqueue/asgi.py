"""The product as an ASGI application: clients that wait for an outcome on the loop, all else in threads."""

import asyncio
import gc
import os
import signal
from types import FrameType
from typing import Any

# a request is never held up for long by the database: before wsgi, which reads the settings
os.environ.setdefault("DATABASE_POOL_SECONDS", "5")
os.environ.setdefault("STATEMENT_SECONDS", "30")

from reviewqueue.common.bridge import Bridge, Receive, Scope, Send
from reviewqueue.common.environment import env_int
from reviewqueue.common.workplace import Workplace
from reviewqueue.wsgi import application as wsgi

# after wsgi, which makes Django ready for models
from reviewqueue.api.agreeing import Agreement  # isort: skip
from reviewqueue.api.callers import caller_of  # isort: skip
from reviewqueue.api.parsing import MAX_BATCH, MAX_BODY  # isort: skip
from reviewqueue.api.refusing import not_now  # isort: skip
from reviewqueue.api.waiting import Waiting, seconds_asked  # isort: skip
from reviewqueue.urls import urlpatterns  # isort: skip

# What was loaded until here (all views included) stays for good, so the collector need not walk it again and again:
# a quarter less time for a small request.
assert urlpatterns
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 20)

BATCH = "/api/v1/items/batch"


def longest_body(scope: Scope) -> int:
    """Return how much of a body is read before Django sees it; it refuses what is longer by the declared length."""
    return MAX_BATCH if scope["path"] == BATCH else MAX_BODY


workplace = Workplace(
    caller_of,
    threads=env_int("WEB_THREADS", 8, least=1, most=1_000),
    most=env_int("WEB_WAITING", 256, most=100_000),
    patience=env_int("WEB_WAIT_SECONDS", 10, least=1, most=3_600),
    longest=env_int("WEB_ANSWER_SECONDS", 60, least=1, most=86_400),
    apart=("/healthz", "/readyz"),
)
django = Bridge(wsgi, workplace=workplace, longest=longest_body, refusal=not_now)
waiting = Waiting(django)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one connection's request, or follow the server's life."""
    if scope["type"] == "http":
        await (waiting if seconds_asked(scope) else django)(scope, receive, send)
    elif scope["type"] == "lifespan":
        await _live(receive, send)
    else:
        await send({"type": "websocket.close", "code": 1000})


async def _live(receive: Receive, send: Send) -> None:
    """Say that the server may start, and when it is told to stop, let the waiting clients go first."""
    await receive()
    for number in (signal.SIGTERM, signal.SIGINT):
        _before(number, asyncio.get_running_loop())
    Agreement().start()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


def _before(number: signal.Signals, loop: asyncio.AbstractEventLoop) -> None:
    """Let the waiting clients go on a signal, then do what the server would have done."""
    follow = signal.getsignal(number)

    def on_signal(received: int, frame: FrameType | None) -> Any:
        loop.call_soon_threadsafe(waiting.watcher.stop)
        if callable(follow):
            follow(received, frame)

    signal.signal(number, on_signal)
