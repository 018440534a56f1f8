"""Counting against quotas a minute, in this process, with what other processes say that they have counted.

A sliding minute: what was taken in the minute before counts by the part of it that is still within sixty seconds.
"""

import math
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

MINUTE = 60
#: A quota not asked for in so many minutes is forgotten here.
FORGOTTEN_MINUTES = 3

#: (whose quota, which minute since 1970)
Place = tuple[UUID, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands with a quota: its size, what is left, and after how many seconds it is worth asking again.

    ``seconds`` is 0 when what was asked for has been taken.
    """

    size: int
    left: int
    seconds: int = 0


@dataclass(slots=True)
class _Use:
    """What was taken of one quota: by this process and by the others, in this minute and in the one before."""

    workspace_id: UUID
    minute: int
    own: int = 0
    own_before: int = 0
    others: int = 0
    others_before: int = 0
    told: int = 0  # how much of ``own`` the others know
    since_counted: int = 0

    def roll(self, minute: int) -> None:
        """Begin a new minute when it is time."""
        if minute > self.minute:
            near = minute == self.minute + 1
            self.own_before, self.others_before = (self.own, self.others) if near else (0, 0)
            self.own = self.others = self.told = 0
            self.minute = minute

    def used(self, now: float) -> float:
        """Return what counts at this moment."""
        return self.own + self.others + (self.own_before + self.others_before) * (1 - now % MINUTE / MINUTE)


class Meter:
    """All quotas of this process; any thread may ask."""

    def __init__(self) -> None:
        self.pressing = threading.Event()
        self._uses: dict[UUID, _Use] = {}
        self._one_at_a_time = threading.Lock()

    def take(self, whose: UUID, workspace_id: UUID, count: int, *, size: int, now: float) -> Standing:
        """Take so many of a quota of ``size`` a minute, all or none. ``now`` is in seconds since 1970."""
        with self._one_at_a_time:
            use = self._use(whose, workspace_id, now)
            used = use.used(now)
            if used + count > size:
                return Standing(size, max(0, int(size - used)), _seconds_until(use, count, size, now))
            use.own += count
            use.since_counted += count
            left = int(size - used - count)
            # the others should know soon what is taken of a quota that nears its end
            if use.own - use.told > left // 4:
                self.pressing.set()
            return Standing(size, left)

    def give_back(self, whose: UUID, count: int) -> None:
        """Give back what was taken and not used."""
        with self._one_at_a_time:
            use = self._uses[whose]
            use.own = max(0, use.own - count)
            use.since_counted = max(0, use.since_counted - count)

    def since_counted(self, whose: UUID) -> int:
        """Return how much was taken here since :meth:`counted`."""
        use = self._uses.get(whose)
        return use.since_counted if use else 0

    def counted(self, whose: UUID, seen: int) -> None:
        """Note that a count from elsewhere holds the first ``seen`` of what was taken here."""
        with self._one_at_a_time:
            if use := self._uses.get(whose):
                use.since_counted = max(0, use.since_counted - seen)

    def to_tell(self, now: float) -> list[tuple[UUID, UUID, int, int]]:
        """Return (whose, workspace, minute, taken here) of what the others do not know, and forget old quotas."""
        with self._one_at_a_time:
            minute = int(now // MINUTE)
            old = [whose for whose, use in self._uses.items() if use.minute <= minute - FORGOTTEN_MINUTES]
            for whose in old:
                del self._uses[whose]
            return [
                (whose, use.workspace_id, use.minute, use.own)
                for whose, use in self._uses.items()
                if use.own > use.told
            ]

    def known(self) -> dict[UUID, UUID]:
        """Return whose quotas were asked for of late, with their workspaces."""
        with self._one_at_a_time:
            return {whose: use.workspace_id for whose, use in self._uses.items()}

    def heard(self, told: Iterable[tuple[UUID, UUID, int, int]], others: Mapping[Place, int]) -> None:
        """Note what the others know by now, and what they have taken."""
        with self._one_at_a_time:
            for whose, _workspace, minute, own in told:
                use = self._uses.get(whose)
                if use and use.minute == minute:
                    use.told = own
            for whose, use in self._uses.items():
                use.others = others.get((whose, use.minute), 0)
                use.others_before = others.get((whose, use.minute - 1), 0)

    def _use(self, whose: UUID, workspace_id: UUID, now: float) -> _Use:
        minute = int(now // MINUTE)
        use = self._uses.get(whose)
        if use is None:
            use = self._uses[whose] = _Use(workspace_id, minute)
        use.roll(minute)
        return use


def _seconds_until(use: _Use, count: int, size: int, now: float) -> int:
    """Return after how many whole seconds so many could be taken, if nobody takes any meanwhile."""
    if count > size:
        return MINUTE
    current, before = use.own + use.others, use.own_before + use.others_before
    gone = now % MINUTE
    if current + count <= size:
        seconds = MINUTE * (1 - (size - count - current) / before) - gone
    else:
        seconds = MINUTE - gone + MINUTE * (1 - (size - count) / current)
    return max(1, math.ceil(seconds))
