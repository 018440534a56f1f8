"""Who is at work, in which queues, and how fast."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from .forecast import Spells

#: Reviews an hour that are assumed as long as too few were measured; the page says so.
ASSUMED_PACE = 20.0
#: Fewer turns say too little about pace.
ENOUGH_TURNS = 10


@dataclass(frozen=True, slots=True)
class Crew:
    """The people at work, the queues each serves, and reviews per person and hour.

    ``spells`` are the shifts of those who belong to a team with a calendar; whoever has none there stays.
    """

    people: Mapping[UUID, frozenset[UUID]]
    pace: float
    measured: bool = True
    spells: Mapping[UUID, Spells] = field(default_factory=dict)

    def on(self, queue_id: UUID) -> list[UUID]:
        """Return who serves a queue."""
        return [person for person, queues in self.people.items() if queue_id in queues]

    def at_work(self, at: datetime) -> int:
        """Return how many of them work at a moment."""
        return sum(1 for person in self.people if self._works(person, at))

    def _works(self, person: UUID, at: datetime) -> bool:
        return person not in self.spells or any(begin <= at < end for begin, end in self.spells[person])

    def joined_by(self, more: Mapping[UUID, frozenset[UUID]]) -> "Crew":
        """Return the crew with people added, or added to further queues."""
        people = {**self.people}
        for person, queues in more.items():
            people[person] = people.get(person, frozenset()) | queues
        return Crew(people, self.pace, self.measured, self.spells)

    def given_to(self, person: UUID, queue_id: UUID) -> "Crew":
        """Return the crew with somebody who serves one queue only."""
        return Crew({**self.people, person: frozenset({queue_id})}, self.pace, self.measured, self.spells)

    def shared(self, queue_id: UUID) -> bool:
        """Return whether somebody on a queue serves others too."""
        return any(len(self.people[person]) > 1 for person in self.on(queue_id))


def pace_of(*, seconds: float | None, turns: int) -> tuple[float, bool]:
    """Return reviews per person and hour, and whether that was measured.

    ``seconds`` is the median from claiming to submitting over ``turns``: the pace of somebody who is reviewing.
    """
    if seconds is None or turns < ENOUGH_TURNS:
        return ASSUMED_PACE, False
    return 3600 / max(seconds, 1.0), True
