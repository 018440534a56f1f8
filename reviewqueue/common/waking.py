"""Waking the web processes whose clients wait: NOTIFY after commit, and the one LISTEN of each process.

A notification says which items may have an outcome now. It is sent after the commit, coalesced, by a thread of its
own: inside the transaction it would make commits wait for each other. Listening needs a direct connection, because
poolers lose it. A notification that is lost costs a second or two: what is waited for is asked for besides.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connection, transaction
from psycopg.conninfo import conninfo_to_dict

log = logging.getLogger(__name__)

CHANNEL = "reviewqueue_outcomes"
#: So many ids fit into one notification (8,000 bytes).
AT_ONCE = 200
MOMENT = 0.01
PAUSES = (0.2, 1.0, 2.0, 5.0)


def wake(item_ids: Iterable[UUID]) -> None:
    """Tell the web processes that these items have an outcome, once the present transaction has committed."""
    ids = tuple(item_ids)
    if ids:
        transaction.on_commit(lambda: _teller().tell(ids))


def direct() -> dict[str, Any]:
    """Return how to connect to the database past any pooler."""
    known = connection.get_connection_params()
    wanted = {name: known[name] for name in ("dbname", "user", "password", "host", "port") if known.get(name)}
    ours = {"application_name": f"{known.get('application_name', 'reviewqueue')}-listening", "connect_timeout": 5}
    return {**wanted, **conninfo_to_dict(settings.DATABASE_DIRECT_URL), **ours, "keepalives_idle": 10}


async def woken() -> AsyncIterator[list[UUID] | None]:
    """Yield the items of each notification, for ever; an empty list when listening begins, None when it was lost.

    What is said while nobody listens is lost, so whoever gets an empty list asks for everything.
    """
    failures = 0
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(**direct(), autocommit=True) as listening:
                await listening.execute(f"LISTEN {CHANNEL}")
                failures = 0
                yield []
                async for notice in listening.notifies():
                    yield [UUID(one) for one in notice.payload.split(",")]
        except (psycopg.Error, OSError) as error:
            log.warning("not listening for outcomes: %s", type(error).__name__)
        yield None
        await asyncio.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
        failures += 1


class _Teller:
    """Sends what is to be told, in a daemon thread."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._told: list[UUID] = []
        self._change = threading.Condition()
        threading.Thread(target=self._run, name="waking", daemon=True).start()

    def tell(self, item_ids: Sequence[UUID]) -> None:
        with self._change:
            self._told += item_ids
            self._change.notify()

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._told)
                told, self._told = self._told, []
            try:
                _notify(list(dict.fromkeys(told)))
            except Exception as error:
                log.warning("waiting clients not woken: %s", type(error).__name__)
            finally:
                connection.close()  # back to the pool
            time.sleep(MOMENT)


def _notify(item_ids: list[UUID]) -> None:
    with connection.cursor() as cursor:
        for first in range(0, len(item_ids), AT_ONCE):
            payload = ",".join(str(one) for one in item_ids[first : first + AT_ONCE])
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])


_current: _Teller | None = None
_making = threading.Lock()


def _teller() -> _Teller:
    """Return this process's teller; a forked child makes its own."""
    global _current
    with _making:
        if _current is None or _current.pid != os.getpid():
            _current = _Teller()
        return _current
