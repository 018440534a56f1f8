"""Two workers share what waits for triage: neither waits for the other, and nothing is decided twice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from reviewqueue.common import clock
from reviewqueue.triage.actions import items as taking
from reviewqueue.triage.actions import take_pending
from reviewqueue.triage.models import Pending, TriageDecision
from tests.cast import NOW, Cast, item
from tests.steps import submit
from workers.tasks.triage import triage

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def a_colleague_takes(count: int) -> Iterator[set]:
    """Let another connection be in the middle of taking some."""
    given = {"now": NOW, "until": NOW + timedelta(minutes=2), "limit": count}
    settings = connection.get_connection_params()
    where = {name: settings[name] for name in ("dbname", "user", "password", "host", "port") if settings.get(name)}
    with psycopg.connect(**where) as other:
        yield {row[0] for row in other.execute(taking._TAKE.format(tried="attempts = 0"), given).fetchall()}
        other.rollback()


def taken_at_once() -> set:
    """Take what is due; whoever would have to wait for somebody is refused instead."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '300ms'")
        return {one.item_id for one in take_pending(now=NOW)}


def test_a_worker_takes_the_rest_at_once_while_another_is_taking(cast: Cast) -> None:
    submit(cast, *(item(f"conv-{number}") for number in range(5)))
    with a_colleague_takes(3) as theirs:
        ours = taken_at_once()
    assert (len(theirs), len(ours), theirs & ours) == (3, 2, set())


def test_without_skipping_what_is_locked_it_would_wait(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tooth."""
    submit(cast, *(item(f"conv-{number}") for number in range(5)))
    with a_colleague_takes(3):
        monkeypatch.setattr(taking, "_TAKE", taking._TAKE.replace("SKIP LOCKED", ""))
        with pytest.raises(OperationalError, match="lock timeout"):
            taken_at_once()


def test_a_pair_decides_everything_once(cast: Cast) -> None:
    submit(cast, *(item(f"conv-{number}") for number in range(450)), now=clock.now())

    def work() -> int:
        try:
            return triage()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pair:
        decided = [one.result() for one in [pair.submit(work) for _worker in range(2)]]
    assert sum(decided) == 450
    assert TriageDecision.objects.count() == 450
    assert not Pending.objects.exists()
