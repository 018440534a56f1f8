"""How the web processes agree on what was used: a thread of each exchanges its counts through PostgreSQL.

Every second, and within a tenth of one when a quota nears its end. While the database is away or slow, each process
counts alone; nothing that answers a client waits for this.
"""

import logging
import threading
import time
from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection

from reviewqueue.accounts.actions import forget_use, tell_use
from reviewqueue.accounts.queries import quotas_of_keys, use_by_others
from reviewqueue.common import clock
from reviewqueue.common.quotas import FORGOTTEN_MINUTES, MINUTE, Meter
from reviewqueue.intake.actions import count_open
from reviewqueue.intake.queries import limited_sources, loads

from . import limits

log = logging.getLogger(__name__)

PAUSE, PRESSING_PAUSE = 1.0, 0.1
COUNT_SECONDS = 5
#: Counting what waits takes at most this part of the time.
COUNT_SHARE = 1 / 20


class Agreement:
    """One process's part in the agreement."""

    def __init__(self, meter: Meter = limits.meter, known: limits.Known = limits.known) -> None:
        self.meter, self.known = meter, known
        self.process: UUID = uuid4()
        self._count_after = self._forget_after = 0.0

    def start(self) -> None:
        """Begin, in a daemon thread: what it has not told at the end of a process is lost, and matters little."""
        threading.Thread(target=self._run, name="agreement", daemon=True).start()

    def agree(self, now: datetime) -> None:
        """Tell what was counted here, hear what was counted elsewhere, and learn limits and what waits."""
        told = self.meter.to_tell(now.timestamp())
        minute = int(now.timestamp() // MINUTE)
        if told:
            tell_use(process=self.process, used=told)
        whose = list(self.meter.known())
        heard = use_by_others(process=self.process, whose=whose, since_minute=minute - 1) if whose else {}
        self.meter.heard(told, heard)
        self._learn_limits()
        self._learn_loads(now)
        if time.monotonic() > self._forget_after:
            self._forget_after = time.monotonic() + MINUTE
            forget_use(before_minute=minute - FORGOTTEN_MINUTES)

    def _learn_limits(self) -> None:
        sources = limited_sources()
        self.known.requests = quotas_of_keys()
        self.known.items = {one.pk: one.items_per_minute for one in sources if one.items_per_minute}
        self.known.open_items = {one.pk: one.open_items_most for one in sources if one.open_items_most}

    def _learn_loads(self, now: datetime) -> None:
        """Learn what waits of each source; what came here counts until a new count holds it."""
        seen = {whose: self.meter.since_counted(whose) for whose in self.meter.known()}
        if time.monotonic() > self._count_after:
            self._count(now)
        before, after = self.known.loads, {load.source_id: load for load in loads()}
        self.known.loads = after
        for source_id, load in after.items():
            old = before.get(source_id)
            if old is None or old.counted_at != load.counted_at:
                self.meter.counted(source_id, seen.get(source_id, 0))

    def _count(self, now: datetime) -> None:
        workspaces = set(self.meter.known().values())
        workspaces |= {load.workspace_id for load in self.known.loads.values() if self._is_full(load.source_id)}
        began = time.monotonic()
        if workspaces:
            count_open(workspace_ids=list(workspaces), now=now)
        ended = time.monotonic()
        self._count_after = ended + max(COUNT_SECONDS, (ended - began) / COUNT_SHARE)

    def _is_full(self, source_id: UUID) -> bool:
        most = self.known.open_items.get(source_id, settings.SOURCE_OPEN_ITEMS)
        return bool(most) and self.known.loads[source_id].open_items >= most

    def _run(self) -> None:
        failing = False
        while True:
            try:
                self.agree(clock.now())
                failing = False
            except Exception as error:
                if not failing:
                    log.warning("counting alone, without the other processes: %s", type(error).__name__)
                failing = True
            finally:
                connection.close()  # back to the pool
            time.sleep(PRESSING_PAUSE)
            self.meter.pressing.wait(PAUSE - PRESSING_PAUSE)
            self.meter.pressing.clear()
