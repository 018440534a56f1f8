"""Lanes: who is served next, and who has to go."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from reviewqueue.common.fairness import Lanes


def serve(lanes: Lanes[str], count: int, cost: dict[str, float]) -> Counter[str]:
    """Serve that many calls one after the other, each at its lane's cost; return how many each lane had."""
    had: Counter[str] = Counter()
    for _ in range(count):
        chosen = lanes.next()
        if chosen is None:
            break
        had[chosen[0]] += 1
        lanes.end(chosen[0], cost[chosen[0]])
    return had


def filled(most: int = 1_000, **counts: int) -> Lanes[str]:
    lanes: Lanes[str] = Lanes(most)
    for name, count in counts.items():
        for number in range(count):
            lanes.add(name, f"{name}-{number}")
    return lanes


def test_who_floods_waits_behind_themselves() -> None:
    had = serve(filled(flood=500, calm=5), 12, {"flood": 0.001, "calm": 0.001})
    assert had["calm"] == 5


def test_a_caller_of_large_requests_is_served_less_often() -> None:
    had = serve(filled(large=300, small=300), 220, {"large": 0.1, "small": 0.01})
    assert 8 <= had["small"] / had["large"] <= 12


def test_within_a_lane_the_first_is_the_first() -> None:
    lanes = filled(a=3)
    assert [lanes.next() for _ in range(4)] == [("a", "a-0"), ("a", "a-1"), ("a", "a-2"), None]


def test_who_comes_late_has_saved_nothing_up() -> None:
    lanes = filled(old=200)
    serve(lanes, 100, {"old": 0.01})
    for number in range(100):
        lanes.add("new", f"new-{number}")
    had = serve(lanes, 100, {"old": 0.01, "new": 0.01})
    assert abs(had["old"] - had["new"]) <= 2


def test_when_too_many_wait_the_newest_of_the_longest_lane_goes() -> None:
    lanes = filled(most=10, flood=9, calm=1)
    assert lanes.add("other", "other-0") == "flood-8"
    assert lanes.add("calm", "calm-1") == "flood-7"
    assert lanes.add("flood", "flood-9") == "flood-9"
    assert lanes.waiting == 10


def test_a_flood_takes_no_room_from_others() -> None:
    """Whoever asks less than their share is never sent away, however much another asks."""
    lanes = filled(most=20, flood=100)
    assert [lanes.add("calm", f"calm-{number}") for number in range(9)] == [f"flood-{19 - n}" for n in range(9)]


def test_a_client_that_has_waited_elsewhere_is_neither_sent_away_nor_counted() -> None:
    lanes = filled(most=2, a=2)
    lanes.add_patient("a", "patient")
    assert (lanes.waiting, lanes.patient) == (2, 1)
    assert lanes.next() == ("a", "patient")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=200), st.integers(1, 10))
def test_nobody_is_lost_or_served_twice(moves: list[tuple[str, bool]], most: int) -> None:
    lanes: Lanes[int] = Lanes(most)
    there, number = set(), 0
    for name, adding in moves:
        if adding:
            number += 1
            there.add(number)
            there.discard(lanes.add(name, number) or 0)
        elif chosen := lanes.next():
            there.remove(chosen[1])
            lanes.end(chosen[0], 0.01)
        assert (set(lanes.who_waits()), lanes.waiting) == (there, len(there))
        assert len(there) <= most
