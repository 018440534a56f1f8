"""Many people at once: threads with a database connection of their own, started together."""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

from reviewqueue.accounts.actions import add_member
from reviewqueue.accounts.models import Membership
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.queues.actions import join_queue
from tests.cast import NOW, Cast

#: ``make faults`` runs the same stories larger.
SCALE = float(os.environ.get("FAULTS_SCALE", "1"))


def scaled(count: int) -> int:
    """Return a story's size for this run."""
    return max(1, int(count * SCALE))


def together(*steps: Callable[[], Any]) -> list[Any]:
    """Run steps at the same moment, each on its own connection; return what each returned, or its exception."""
    start = threading.Barrier(len(steps))
    with ThreadPoolExecutor(len(steps)) as pool:
        return list(pool.map(lambda step: _alone(step, start), steps))


def each(people: Sequence[Any], step: Callable[[Any], Any]) -> list[Any]:
    """Run one step for everybody at once; the first exception is raised."""
    answers = together(*[lambda one=one: step(one) for one in people])
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return answers


def _alone(step: Callable[[], Any], start: threading.Barrier) -> Any:
    try:
        start.wait(timeout=30)
        return step()
    except Exception as error:
        return error
    finally:
        connection.close()


def reviewers(cast: Cast, count: int, **fields: Any) -> list[Membership]:
    """Make that many reviewers who take from both queues of the cast."""
    return [_reviewer(cast, number, fields) for number in range(count)]


def _reviewer(cast: Cast, number: int, fields: dict[str, Any]) -> Membership:
    member = add_member(
        workspace=cast.workspace,
        email=f"crowd-{number}@acme.localhost",
        name=f"Crowd {number}",
        role="reviewer",
        password=None,
        by=SYSTEM,
        now=NOW,
    )
    for name, value in fields.items():
        setattr(member, name, value)
    member.save()
    for queue in (cast.support, cast.careful):
        join_queue(queue=queue, user=member.user, by=SYSTEM, now=NOW)
    return member
