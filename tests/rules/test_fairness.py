"""Fairness between callers: who is served next, and who has to go."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from reviewqueue.common.fairness import Callers


def serve(callers: Callers[str], count: int, cost: dict[str, float]) -> Counter[str]:
    """Serve that many calls one after the other, each at its caller's cost; return how many each caller had."""
    had: Counter[str] = Counter()
    for _ in range(count):
        chosen = callers.next()
        if chosen is None:
            break
        had[chosen[0]] += 1
        callers.end(chosen[0], cost[chosen[0]])
    return had


def filled(most: int = 1_000, **counts: int) -> Callers[str]:
    callers: Callers[str] = Callers(most)
    for name, count in counts.items():
        for number in range(count):
            callers.add(name, f"{name}-{number}")
    return callers


def test_who_floods_waits_behind_themselves() -> None:
    had = serve(filled(flood=500, calm=5), 12, {"flood": 0.001, "calm": 0.001})
    assert had["calm"] == 5


def test_a_caller_of_large_requests_is_served_less_often() -> None:
    had = serve(filled(large=300, small=300), 220, {"large": 0.1, "small": 0.01})
    assert 8 <= had["small"] / had["large"] <= 12


def test_within_a_lane_the_first_is_the_first() -> None:
    callers = filled(a=3)
    assert [callers.next() for _ in range(4)] == [("a", "a-0"), ("a", "a-1"), ("a", "a-2"), None]


def test_who_comes_late_has_saved_nothing_up() -> None:
    callers = filled(old=200)
    serve(callers, 100, {"old": 0.01})
    for number in range(100):
        callers.add("new", f"new-{number}")
    had = serve(callers, 100, {"old": 0.01, "new": 0.01})
    assert abs(had["old"] - had["new"]) <= 2


def test_when_too_many_wait_the_newest_of_the_longest_lane_goes() -> None:
    callers = filled(most=10, flood=9, calm=1)
    assert callers.add("other", "other-0") == "flood-8"
    assert callers.add("calm", "calm-1") == "flood-7"
    assert callers.add("flood", "flood-9") == "flood-9"
    assert callers.waiting == 10


def test_a_flood_takes_no_room_from_others() -> None:
    """Whoever asks less than their share is never sent away, however much another asks."""
    callers = filled(most=20, flood=100)
    assert [callers.add("calm", f"calm-{number}") for number in range(9)] == [f"flood-{19 - n}" for n in range(9)]


def test_a_client_that_has_waited_elsewhere_is_neither_sent_away_nor_counted() -> None:
    callers = filled(most=2, a=2)
    callers.add_patient("a", "patient")
    assert (callers.waiting, callers.patient) == (2, 1)
    assert callers.next() == ("a", "patient")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=200), st.integers(1, 10))
def test_nobody_is_lost_or_served_twice(moves: list[tuple[str, bool]], most: int) -> None:
    callers: Callers[int] = Callers(most)
    there, number = set(), 0
    for name, adding in moves:
        if adding:
            number += 1
            there.add(number)
            there.discard(callers.add(name, number) or 0)
        elif chosen := callers.next():
            there.remove(chosen[1])
            callers.end(chosen[0], 0.01)
        assert (set(callers.who_waits()), callers.waiting) == (there, len(there))
        assert len(there) <= most
