"""Who is dealt what: the plan over hands and heads, and what a day of it does to people."""

import random
from collections.abc import Iterator
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewqueue.assignment import rules
from reviewqueue.assignment.rules import Hand, Head, plan, room

LANES = [UUID(int=number) for number in range(1, 4)]
PEOPLE = [UUID(int=number) for number in range(11, 17)]
ITEMS = [UUID(int=number) for number in range(101, 121)]

hands = st.lists(
    st.builds(
        Hand,
        st.sampled_from(PEOPLE),
        st.frozensets(st.sampled_from(LANES)),
        st.integers(0, 4),
        st.integers(0, 5),
        st.integers(5, 50),
        st.integers(0, 5),
    ),
    max_size=6,
    unique_by=lambda hand: hand.user_id,
)
heads = st.lists(
    st.builds(
        Head,
        st.uuids(),
        st.sampled_from(ITEMS),
        st.sampled_from(LANES),
        st.integers(0, 1000),
        st.booleans(),
        st.frozensets(st.sampled_from(PEOPLE), max_size=3),
    ),
    max_size=30,
    unique_by=lambda head: head.slot_id,
)


def may_take(hand: Hand, head: Head) -> bool:
    return head.lane_id in hand.lanes and hand.user_id not in head.not_for


@given(hands, heads)
def test_everybody_is_dealt_only_what_they_may_take_once_and_within_their_room(
    hands: list[Hand], heads: list[Head]
) -> None:
    deals, of, by = plan(hands, heads), {one.slot_id: one for one in heads}, {one.user_id: one for one in hands}
    assert len({one.slot_id for one in deals}) == len(deals)
    assert len({(of[one.slot_id].item_id, one.user_id) for one in deals}) == len(deals)
    assert all(may_take(by[one.user_id], of[one.slot_id]) for one in deals)
    assert all(sum(deal.user_id == one.user_id for deal in deals) <= one.room for one in hands)


@given(hands, heads)
def test_nothing_is_left_for_which_somebody_has_room(hands: list[Hand], heads: list[Head]) -> None:
    deals, of = plan(hands, heads), {one.slot_id: one for one in heads}
    dealt = {one.slot_id for one in deals}
    items = {(one.user_id, of[one.slot_id].item_id) for one in deals}
    full = {one.user_id for one in hands if sum(deal.user_id == one.user_id for deal in deals) >= one.room}
    left = [
        (hand.user_id, head.slot_id)
        for head in heads
        for hand in hands
        if head.slot_id not in dealt and hand.user_id not in full
        if may_take(hand, head) and (hand.user_id, head.item_id) not in items
    ]
    assert left == []


@given(hands, heads)
def test_the_most_urgent_that_somebody_may_take_is_always_dealt(hands: list[Hand], heads: list[Head]) -> None:
    """So that nothing starves: a rank only grows more urgent beside what comes later."""
    open_hands = [one for one in hands if one.room]
    takeable = [head for head in heads if any(may_take(hand, head) for hand in open_hands)]
    if takeable:
        first = min(takeable, key=lambda head: (head.rank, head.slot_id))
        assert first.slot_id in {one.slot_id for one in plan(hands, heads)}


def test_the_emptiest_hand_comes_first() -> None:
    full = Hand(PEOPLE[0], frozenset(LANES), 2, held=2)
    empty = Hand(PEOPLE[1], frozenset(LANES), 3, held=0)
    waiting = [Head(UUID(int=n), UUID(int=n), LANES[0], n) for n in range(201, 204)]
    assert [one.user_id for one in plan([full, empty], waiting)] == [PEOPLE[1], PEOPLE[1], PEOPLE[0]]


def test_who_has_a_choice_leaves_the_rest_to_those_who_have_none() -> None:
    both, one_lane = Hand(PEOPLE[0], frozenset(LANES[:2]), 1), Hand(PEOPLE[1], frozenset(LANES[:1]), 1)
    waiting = [Head(UUID(int=201), ITEMS[0], LANES[0], 1), Head(UUID(int=202), ITEMS[1], LANES[1], 2)]
    dealt = {one.slot_id: one.user_id for one in plan([both, one_lane], waiting)}
    assert dealt == {UUID(int=201): PEOPLE[1], UUID(int=202): PEOPLE[0]}


@pytest.mark.parametrize(
    ("limit", "held", "capacity", "done", "left"),
    [(3, 0, None, 500, 3), (3, 2, None, 0, 1), (3, 5, None, 0, 0), (3, 0, 40, 39, 1), (3, 0, 40, 41, 0)],
)
def test_room_ends_with_the_hand_and_with_the_day(limit: int, held: int, capacity: int, done: int, left: int) -> None:
    assert room(limit=limit, held=held, capacity=capacity, done=done) == left


# --- a day: people of different pace, one who comes late, and one item in ten that is unpleasant -------------------

MINUTES = 480
LIMIT = 3


class Person:
    """Somebody who takes so many minutes for an item, and works from a minute on."""

    def __init__(self, number: int) -> None:
        self.id = UUID(int=1000 + number)
        self.pace = 2 + number % 4
        self.begins = 240 if number % 6 == 0 else 0
        self.lanes = frozenset(LANES if number % 3 else LANES[:1])
        self.held: list[tuple[UUID, bool]] = []
        self.done = self.heavy = 0
        self.ready_at = 0

    def hand(self) -> Hand:
        held_heavy = sum(heavy for _slot, heavy in self.held)
        done = self.done + len(self.held)
        return Hand(self.id, self.lanes, LIMIT - len(self.held), len(self.held), done, self.heavy + held_heavy)

    def work(self, minute: int) -> None:
        if self.held and minute >= self.ready_at:
            _slot, heavy = self.held.pop(0)
            self.done += 1
            self.heavy += heavy
            self.ready_at = minute + self.pace


def arrivals(chance: random.Random) -> Iterator[Head]:
    number = 0
    while True:
        number += 1
        slot = UUID(int=10_000 + number)
        yield Head(slot, slot, chance.choice(LANES), number, heavy=chance.random() < 0.1)


def day(seed: int) -> tuple[list[Person], int]:
    """Deal a day's work to twelve people every minute; return them, and the longest that an item waited."""
    chance = random.Random(seed)
    people = [Person(number) for number in range(1, 13)]
    coming = arrivals(chance)
    line: dict[UUID, tuple[Head, int]] = {}
    longest = 0
    for minute in range(MINUTES):
        for _one in range(3):
            head = next(coming)
            line[head.slot_id] = (head, minute)
        here = [one for one in people if minute >= one.begins]
        by_id = {one.id: one for one in here}
        for deal in plan([one.hand() for one in here], [head for head, _came in line.values()]):
            head, came = line.pop(deal.slot_id)
            by_id[deal.user_id].held.append((head.slot_id, head.heavy))
            longest = max(longest, minute - came)
        for one in here:
            one.work(minute)
    return people, max([longest, *(MINUTES - came for _head, came in line.values())])


def unfairness(people: list[Person]) -> float:
    """Return the most unpleasant items that anybody had beyond (or short of) their part of the work."""
    share = sum(one.heavy for one in people) / sum(one.done for one in people)
    return max(abs(one.heavy - share * one.done) for one in people)


@pytest.mark.parametrize("seed", [1, 2])
def test_over_a_day_nobody_carries_more_of_the_unpleasant_than_their_part(seed: int) -> None:
    people, longest = day(seed)
    assert sum(one.done for one in people) > 1_000
    assert unfairness(people) <= 2.5
    assert longest <= 5


def test_dealt_without_regard_to_burden_somebody_carries_far_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same day without it is unfair, or the story above says nothing."""
    monkeypatch.setattr(rules._Seat, "burden", lambda _seat, _share: 0.0)
    assert max(unfairness(day(seed)[0]) for seed in (1, 2)) > 5
