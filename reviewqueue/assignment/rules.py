"""Who is dealt what: pure decisions over the hands of those present and the heads of their lanes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Hand:
    """A person who is present: what may still be dealt to them, and what their day has brought."""

    user_id: UUID
    lanes: frozenset[UUID]
    room: int  # how many more they may be dealt now
    held: int = 0  # turns they hold
    done: int = 0  # turns of their day so far, those they hold included
    heavy: int = 0  # how many of these were unpleasant


@dataclass(frozen=True, slots=True)
class Head:
    """A review that waits for somebody, near the head of its lane."""

    slot_id: UUID
    item_id: UUID
    lane_id: UUID
    rank: int
    heavy: bool = False
    not_for: frozenset[UUID] = frozenset()  # people who may not take its item (again), or hold it


@dataclass(frozen=True, slots=True)
class Deal:
    """Give this review to this person."""

    slot_id: UUID
    user_id: UUID


@dataclass(slots=True)
class _Seat:
    """A hand while it is being filled."""

    hand: Hand
    given: int = 0
    heavy: int = 0
    items: set[UUID] = field(default_factory=set)

    @property
    def held(self) -> int:
        return self.hand.held + self.given

    def may_take(self, head: Head) -> bool:
        return (
            self.given < self.hand.room
            and head.lane_id in self.hand.lanes
            and self.hand.user_id not in head.not_for
            and head.item_id not in self.items
        )

    def take(self, head: Head) -> Deal:
        self.given += 1
        self.heavy += head.heavy
        self.items.add(head.item_id)
        return Deal(head.slot_id, self.hand.user_id)

    def burden(self, share: float) -> float:
        """Return how many more unpleasant items this person has had than their part of the day's work would be."""
        return self.hand.heavy + self.heavy - share * (self.hand.done + self.given)


def plan(hands: Sequence[Hand], heads: Sequence[Head]) -> list[Deal]:
    """Return who is dealt what: the most urgent first, each to the person with the least in hand who may take it.

    An unpleasant one goes to who has carried the least of those for the work they have done, so that a person who
    came late owes nothing and nobody carries what a colleague could. Among equals it is the one who can take from the
    fewest lanes: others have a choice. No item goes to one person twice, and no hand beyond its room.
    """
    seats = [_Seat(hand) for hand in hands if hand.room > 0]
    share = _share(hands, heads)
    deals = []
    for head in sorted(heads, key=lambda one: (one.rank, one.slot_id)):
        able = [seat for seat in seats if seat.may_take(head)]
        if able:
            chosen = min(able, key=lambda seat: _order(seat, head, share))
            deals.append(chosen.take(head))
    return deals


def _share(hands: Sequence[Hand], heads: Sequence[Head]) -> float:
    """Return which part of the day's work is unpleasant, by what was done and what waits."""
    work = sum(hand.done for hand in hands) + len(heads)
    heavy = sum(hand.heavy for hand in hands) + sum(head.heavy for head in heads)
    return heavy / work if work else 0.0


def _order(seat: _Seat, head: Head, share: float) -> tuple[float, ...]:
    burden, held, choice = seat.burden(share), seat.held, len(seat.hand.lanes)
    first = (burden, held, choice) if head.heavy else (held, choice, -burden)
    return *first, seat.hand.done, seat.hand.user_id.int


def room(*, limit: int, held: int, capacity: int | None, done: int) -> int:
    """Return how many more items a person may be dealt: up to their hand's limit, and the day's capacity if any."""
    left = limit - held
    return max(0, left if capacity is None else min(left, capacity - done))
