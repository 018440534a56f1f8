"""The one door to Celery: ring a bell after commit. What must not be lost is a row; losing a bell only delays.

Bells are rung by a thread of their own, so that a broker that is slow, hangs or is away costs no request anything,
and equal bells within a moment are rung once.
"""

import logging
import os
import threading
import time
from uuid import UUID

from celery import Task, current_app
from django.db import transaction

log = logging.getLogger(__name__)

#: Seconds; a bell costs this process about a millisecond, in which requests wait.
MOMENT = 0.2


def ring(task_name: str, *ids: UUID | str) -> None:
    """Ask workers to run ``task_name`` for ``ids`` once the present transaction has committed.

    Raises KeyError at once for a name that no worker knows. A broker that is away is not an error: the
    periodic sweep finds the row.
    """
    task = current_app.tasks[task_name]
    arguments = tuple(str(one) for one in ids)
    transaction.on_commit(lambda: _ringer().ask(task, arguments))


class _Ringer:
    """Sends what was asked for, in a daemon thread: a bell lost at the end of a process is only a delay."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._asked: dict[tuple[str, tuple[str, ...]], Task] = {}
        self._change = threading.Condition()
        threading.Thread(target=self._run, name="bell", daemon=True).start()

    def ask(self, task: Task, arguments: tuple[str, ...]) -> None:
        with self._change:
            self._asked[(task.name, arguments)] = task
            self._change.notify()

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._asked)
                asked, self._asked = self._asked, {}
            for (_name, arguments), task in asked.items():
                _send(task, arguments)
            time.sleep(MOMENT)


def _send(task: Task, arguments: tuple[str, ...]) -> None:
    try:
        task.apply_async(args=arguments, retry=False, ignore_result=True)
    except Exception as error:
        log.warning("bell not rung", extra={"task": task.name, "error": type(error).__name__})


_current: _Ringer | None = None
_making = threading.Lock()


def _ringer() -> _Ringer:
    """Return this process's ringer; a forked child makes its own."""
    global _current
    with _making:
        if _current is None or _current.pid != os.getpid():
            _current = _Ringer()
        return _current
