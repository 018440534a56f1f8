"""When a message is tried again."""

from datetime import timedelta
from itertools import pairwise

import pytest

from reviewqueue.delivery.rules import GIVE_UP_AFTER, Answer, next_try


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_every_2xx_is_delivered(status: int) -> None:
    assert Answer(status=status).delivered


@pytest.mark.parametrize(
    "answer", [Answer(status=301), Answer(status=404), Answer(status=500), Answer(error="Timeout")]
)
def test_anything_else_is_not(answer: Answer) -> None:
    assert not answer.delivered
    assert not answer.gone


def test_410_says_that_no_more_is_wanted() -> None:
    assert Answer(status=410).gone


def test_pauses_grow_to_hours_and_never_beyond() -> None:
    failed = Answer(status=500)
    pauses = [next_try(attempts=attempt, answer=failed) for attempt in range(1, 30)]
    assert timedelta(seconds=4) < pauses[0] < timedelta(seconds=6)
    assert all(before < after for before, after in pairwise(pauses[:8]))
    assert max(pauses) < timedelta(hours=5)
    assert sum(pauses[:8], timedelta()) < GIVE_UP_AFTER


def test_pauses_are_jittered_so_that_not_everybody_comes_back_at_once() -> None:
    assert len({next_try(attempts=4, answer=Answer(status=500)) for _ in range(20)}) > 10


@pytest.mark.parametrize(("said", "waits"), [(7, 7), (0, 1), (10**9, 86_400)])
def test_429_and_503_may_say_when_within_bounds(said: int, waits: int) -> None:
    for status in (429, 503):
        answer = Answer(status=status, retry_after=said)
        assert next_try(attempts=1, answer=answer) == timedelta(seconds=waits)
    assert next_try(attempts=1, answer=Answer(status=500, retry_after=3600)) < timedelta(seconds=6)
