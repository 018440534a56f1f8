"""Two batches that overlap in opposite order wait for each other, and never in a circle."""

from typing import Any

import pytest
from django.db import OperationalError

from reviewqueue import pipeline
from reviewqueue.intake import actions as intake
from reviewqueue.intake.models import Item
from tests.cast import Cast, item
from tests.races.crowd import scaled, together
from tests.steps import submit

SIZE = 250


@pytest.fixture
def deadlocks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every deadlock that PostgreSQL ended, also those that were retried without anybody noticing."""
    seen: list[str] = []
    store = pipeline._submit

    def watched(*of: Any) -> Any:
        try:
            return store(*of)
        except OperationalError as error:
            seen.append(getattr(error.__cause__, "sqlstate", ""))
            raise

    monkeypatch.setattr(pipeline, "_submit", watched)
    return seen


def cross(cast: Cast, rounds: int, name: str = "round") -> None:
    """Let four clients send the same items, two of them from the other end."""
    for number in range(rounds):
        batch = [item(f"{name}-{number}-{one:03}") for one in range(SIZE)]
        sent = [batch, batch[::-1], batch, batch[::-1]]
        answers = together(*[lambda b=b: submit(cast, *b) for b in sent])
        faults = [one for one in answers if isinstance(one, Exception) and not isinstance(one, OperationalError)]
        assert faults == []
        if not any(isinstance(one, Exception) for one in answers):
            assert sum(received.new for one in answers for received in one) == SIZE


def test_batches_in_opposite_order_do_not_deadlock(cast: Cast, deadlocks: list[str]) -> None:
    rounds = scaled(6)
    cross(cast, rounds)
    assert deadlocks == []
    assert Item.objects.count() == rounds * SIZE


def test_unsorted_batches_deadlock(cast: Cast, deadlocks: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same crowd with rows inserted as they came."""
    monkeypatch.setattr(intake, "sorted", list, raising=False)
    for number in range(20):
        cross(cast, 1, name=f"control-{number}")
        if deadlocks:
            break
    assert "40P01" in deadlocks
