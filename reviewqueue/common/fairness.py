"""Who is worked for next when more is asked than can be done: lanes, bounded and fair.

Each caller has a lane. The next to be served is the head of the lane that has had the least service, in seconds of
work: a caller of large requests is served less often than one of small ones, and one that floods waits behind
itself. When too many wait, the newest of the longest lane goes, so a flood turns nobody else away.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Call = TypeVar("Call")


@dataclass(slots=True)
class _Lane(Generic[Call]):
    """One caller's requests; ``served`` are the seconds of work it has had, from where the others stood."""

    served: float
    waiting: deque[Call] = field(default_factory=deque)
    patient: deque[Call] = field(default_factory=deque)
    running: int = 0

    @property
    def idle(self) -> bool:
        return not (self.running or self.waiting or self.patient)


class Lanes(Generic[Call]):
    """Requests that wait, at most ``most``; for one thread alone (an event loop)."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.waiting = 0
        self.patient = 0
        self._lanes: dict[str, _Lane[Call]] = {}
        self._usual = 0.0  # seconds that a call usually takes
        self._served = 0.0  # what the lane last chosen had had

    def add(self, name: str, call: Call) -> Call | None:
        """Let a call wait; return the one that has to go for it (perhaps itself), or None."""
        gone = self._make_room(name, call) if self.waiting >= self.most else None
        if gone is not call:
            self._lane(name).waiting.append(call)
            self.waiting += 1
        return gone

    def add_patient(self, name: str, call: Call) -> None:
        """Let a call wait that has waited elsewhere already: never sent away, and taking no room."""
        self._lane(name).patient.append(call)
        self.patient += 1

    def begin(self, name: str) -> None:
        """Note that a call of this lane is worked on at once, because nobody waits."""
        self._lane(name).running += 1

    def next(self) -> tuple[str, Call] | None:
        """Take the call that is worked on next, with its lane; None when nobody waits."""
        due = [(self._due(lane), name) for name, lane in self._lanes.items() if lane.waiting or lane.patient]
        if not due:
            return None
        self._served, name = min(due)
        lane = self._lanes[name]
        lane.running += 1
        if lane.patient:
            self.patient -= 1
            return name, lane.patient.popleft()
        self.waiting -= 1
        return name, lane.waiting.popleft()

    def end(self, name: str, seconds: float) -> None:
        """Note that a call of this lane has ended, and how long it took."""
        lane = self._lanes[name]
        lane.running -= 1
        lane.served += seconds
        self._usual += (seconds - self._usual) / 32
        self._close(name, lane)

    def who_waits(self) -> list[Call]:
        """Return all calls that wait, but for the patient ones."""
        return [call for lane in self._lanes.values() for call in lane.waiting]

    def remove(self, name: str, call: Call) -> None:
        """Take a waiting call out."""
        lane = self._lanes[name]
        lane.waiting.remove(call)
        self.waiting -= 1
        self._close(name, lane)

    def _lane(self, name: str) -> _Lane[Call]:
        """Return a lane; one that opens now begins where the others are, so that nobody saves service up."""
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = _Lane(self._served)
        return lane

    def _close(self, name: str, lane: _Lane[Call]) -> None:
        if lane.idle:
            del self._lanes[name]

    def _due(self, lane: _Lane[Call]) -> float:
        """Return what a lane has had, with what is being done for it counted as usual."""
        return lane.served + lane.running * self._usual

    def _make_room(self, name: str, call: Call) -> Call:
        name_of_longest, longest = max(self._lanes.items(), key=lambda one: len(one[1].waiting))
        mine = self._lanes.get(name)
        if mine is not None and len(mine.waiting) + 1 >= len(longest.waiting):
            return call
        self.waiting -= 1
        gone = longest.waiting.pop()
        self._close(name_of_longest, longest)
        return gone
