"""Counting against quotas: a sliding minute, alone and with other processes."""

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from reviewqueue.common.quotas import Meter, Standing

BEGIN = 60 * 29_000_000.0
WHO, HOME = UUID(int=1), UUID(int=2)


def take(meter: Meter, count: int = 1, *, size: int = 5, at: float = 0) -> Standing:
    return meter.take(WHO, HOME, count, size=size, now=BEGIN + at)


def test_so_many_and_no_more() -> None:
    meter = Meter()
    assert [take(meter).left for _ in range(5)] == [4, 3, 2, 1, 0]
    refused = take(meter)
    assert (refused.size, refused.left) == (5, 0)
    assert refused.seconds > 0


def test_a_batch_counts_as_many_as_it_holds_and_is_taken_whole_or_not_at_all() -> None:
    meter = Meter()
    assert take(meter, 500, size=600).left == 100
    assert take(meter, 500, size=600).seconds > 0
    assert take(meter, 100, size=600).left == 0


def test_what_was_taken_a_minute_ago_counts_no_more() -> None:
    meter = Meter()
    take(meter, 5, at=59)
    assert take(meter, at=61).seconds > 0
    assert take(meter, at=119).left == 3
    assert take(meter, 5, at=300).left == 0


def test_quotas_are_apart() -> None:
    meter = Meter()
    take(meter, 5)
    assert meter.take(uuid4(), HOME, 5, size=5, now=BEGIN).left == 0


@given(taken=st.lists(st.tuples(st.floats(0, 200), st.integers(1, 8)), max_size=40), count=st.integers(1, 8))
def test_after_the_seconds_that_were_named_it_is_taken(taken: list[tuple[float, int]], count: int) -> None:
    meter = Meter()
    for at, some in sorted(taken):
        take(meter, some, size=8, at=at)
    refused = take(meter, count, size=8, at=200)
    if refused.seconds:
        assert take(meter, count, size=8, at=200 + refused.seconds).seconds == 0


@given(st.lists(st.tuples(st.floats(0, 300), st.integers(1, 8)), max_size=60))
def test_nobody_takes_more_than_two_quotas_in_any_minute(taken: list[tuple[float, int]]) -> None:
    """The sliding minute supposes that the minute before was even; the worst that can come of it is bounded."""
    meter, given_at = Meter(), []
    for at, some in sorted(taken):
        if not take(meter, some, size=8, at=at).seconds:
            given_at.append((at, some))
    for end, _ in given_at:
        assert sum(some for at, some in given_at if end - 60 < at <= end) <= 16


def test_what_others_took_counts() -> None:
    meter = Meter()
    take(meter, 2)
    minute = int(BEGIN // 60)
    told = meter.to_tell(BEGIN)
    assert told == [(WHO, HOME, minute, 2)]
    meter.heard(told, {(WHO, minute): 2})
    assert meter.to_tell(BEGIN) == []
    assert (take(meter).left, take(meter).left) == (0, 0)


def test_it_presses_when_a_quota_nears_its_end() -> None:
    meter = Meter()
    take(meter, 100, size=1_000)
    assert not meter.pressing.is_set()
    take(meter, 150, size=1_000)
    assert meter.pressing.is_set()


def test_a_quota_that_nobody_asks_for_is_forgotten() -> None:
    meter = Meter()
    take(meter)
    meter.to_tell(BEGIN + 600)
    assert meter.known() == {}


def test_what_was_taken_since_a_count() -> None:
    meter = Meter()
    take(meter, 3)
    seen = meter.since_counted(WHO)
    take(meter, 2)
    meter.counted(WHO, seen)
    assert meter.since_counted(WHO) == 2
