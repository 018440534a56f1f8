"""Two batches that overlap in opposite order wait for each other, and never in a circle."""

import json
from typing import Any

import pytest
from django.db import OperationalError

from reviewqueue import pipeline
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.strictjson import read
from reviewqueue.intake import actions as intake
from reviewqueue.intake.actions import receiving as storing
from reviewqueue.intake.models import Item
from reviewqueue.intake.rules import Submission, submission
from reviewqueue.pipeline import receiving
from tests.cast import NOW, Cast, item
from tests.races.crowd import scaled, together

SIZE = 500


@pytest.fixture
def deadlocks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every deadlock that PostgreSQL ended, also those that were retried without anybody noticing."""
    seen: list[str] = []
    store = receiving._submit

    def watched(*of: Any) -> Any:
        try:
            return store(*of)
        except OperationalError as error:
            seen.append(getattr(error.__cause__, "sqlstate", ""))
            raise

    monkeypatch.setattr(receiving, "_submit", watched)
    return seen


def batch(cast: Cast, name: str, *, backwards: bool) -> list[Submission]:
    """Read a batch before the race begins, so that only its storing is in it."""
    texts = [json.dumps(item(f"{name}-{number:04}")) for number in range(SIZE)]
    secret = bytes(cast.workspace.secret)
    given = [submission(read(text), secret=secret, now=NOW) for text in texts]
    return given[::-1] if backwards else given


def store(cast: Cast, given: list[Submission]) -> list[intake.Received]:
    return pipeline.submit_items(
        workspace=cast.workspace, submissions=given, sources={cast.source.slug: cast.source}, by=SYSTEM, now=NOW
    )


def cross(cast: Cast, rounds: int, name: str = "round") -> None:
    """Let four clients send the same items, two of them from the other end."""
    for number in range(rounds):
        sent = [batch(cast, f"{name}-{number}", backwards=client % 2 == 1) for client in range(4)]
        answers = together(*[lambda b=b: store(cast, b) for b in sent])
        faults = [one for one in answers if isinstance(one, Exception) and not isinstance(one, OperationalError)]
        assert faults == []
        if not any(isinstance(one, Exception) for one in answers):
            assert sum(received.new for one in answers for received in one) == SIZE


def test_batches_in_opposite_order_do_not_deadlock(cast: Cast, deadlocks: list[str]) -> None:
    rounds = scaled(4)
    cross(cast, rounds)
    assert deadlocks == []
    assert Item.objects.count() == rounds * SIZE


def test_unsorted_batches_deadlock(cast: Cast, deadlocks: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same crowd with rows inserted as they came."""
    monkeypatch.setattr(storing, "sorted", list, raising=False)
    for number in range(60):
        cross(cast, 1, name=f"control-{number}")
        if deadlocks:
            break
    assert "40P01" in deadlocks
