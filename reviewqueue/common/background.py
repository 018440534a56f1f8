"""The one door to Celery: ring a bell after commit. What must not be lost is a row; losing a bell only delays."""

import logging
from uuid import UUID

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)


def ring(task_name: str, *ids: UUID | str) -> None:
    """Ask workers to run ``task_name`` for ``ids`` once the present transaction has committed.

    Raises KeyError at once for a name that no worker knows. A broker that is away is not an error: the
    periodic sweep finds the row.
    """
    task = current_app.tasks[task_name]
    arguments = [str(one) for one in ids]
    transaction.on_commit(lambda: _send(task, arguments))


def _send(task, arguments: list[str]) -> None:
    try:
        task.apply_async(args=arguments, retry=False, ignore_result=True)
    except Exception as error:
        log.warning("bell not rung", extra={"task": task.name, "error": type(error).__name__})
