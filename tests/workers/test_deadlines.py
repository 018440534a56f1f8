"""Deadlines of held answers are kept by the sweeper alone, with the broker and without."""

import subprocess
import sys
import time
from datetime import timedelta

import pytest

from reviewqueue.common import clock
from reviewqueue.intake.models import Gate
from reviewqueue.review.models import Publication
from tests.cast import Cast, make_cast
from tests.programs import ROOT, environment
from tests.steps import held_item, hold, on_duty

pytestmark = pytest.mark.django_db(transaction=True)
NOBODY = "redis://127.0.0.1:9/0"


@pytest.mark.parametrize("broker", [{}, {"REDIS_URL": NOBODY}], ids=["with Valkey", "without"])
def test_a_deadline_is_kept_within_two_seconds(transactional_db: None, broker: dict[str, str]) -> None:
    cast = make_cast()
    sweeper = subprocess.Popen([sys.executable, "manage.py", "run_due"], cwd=ROOT, env=environment(**broker))
    try:
        _until_it_sweeps(cast)
        on_duty(cast.reviewer, now=clock.now())
        hold(cast, held_item("due", seconds=2), now=clock.now())
        gate = Gate.objects.get(item__external_id="due")
        until = time.monotonic() + 20
        while gate.closed_at is None and time.monotonic() < until:
            time.sleep(0.1)
            gate.refresh_from_db()
        assert gate.closed_because == "timed_out"
        assert gate.closed_at - gate.deadline_at < timedelta(seconds=2)
        assert Publication.objects.filter(item_id=gate.item_id).count() == 1
    finally:
        sweeper.terminate()
        sweeper.wait(timeout=20)


def _until_it_sweeps(cast: Cast) -> None:
    """Wait until the sweeper is up: it answers for people where nobody is."""
    now = clock.now()
    on_duty(cast.reviewer, now=now - timedelta(seconds=30))
    hold(cast, held_item("first", seconds=1), now=now - timedelta(seconds=29))
    until = time.monotonic() + 60
    while Gate.objects.filter(closed_at=None).exists() and time.monotonic() < until:
        time.sleep(0.1)
