"""The sweeper: finds due rows and does their work, with no broker. Runs beside each worker."""

import logging
import random
import signal
import threading
import time
from collections.abc import Sequence

from celery import current_app
from django.core.management.base import BaseCommand
from django.db import connection

from workers.schedule import SCHEDULE, Every

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """manage.py run_due [--once]"""

    help = __doc__

    def add_arguments(self, parser) -> None:
        parser.add_argument("--once", action="store_true", help="do everything due once, then end")

    def handle(self, *args, **options) -> None:
        if options["once"]:
            for every in SCHEDULE:
                _run(every)
            return
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: stopped.set())
        _sweep(stopped)


def _sweep(stopped: threading.Event) -> None:
    """Sweep until stopped: what runs beside the others has a thread of its own, so that nothing waits for it."""
    for every in SCHEDULE:
        if every.beside:
            threading.Thread(target=_repeat, args=([every], stopped), name=every.task, daemon=True).start()
    _repeat([every for every in SCHEDULE if not every.beside], stopped)


def _repeat(tasks: Sequence[Every], stopped: threading.Event) -> None:
    due = dict.fromkeys(tasks, 0.0)
    while not stopped.is_set():
        for every, at in due.items():
            if time.monotonic() >= at:
                _run(every)
                due[every] = time.monotonic() + every.seconds * random.uniform(0.8, 1.2)  # noqa: S311
        stopped.wait(0.25)


def _run(every: Every) -> None:
    """Run one task's own function, unless another sweeper is doing so; a fault is logged and tried again."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [f"sweep:{every.task}"])
            if not cursor.fetchone()[0]:
                return
            try:
                current_app.tasks[every.task].run()
            finally:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [f"sweep:{every.task}"])
    except Exception:
        log.exception("sweep failed", extra={"task": every.task})
    finally:
        connection.close()
