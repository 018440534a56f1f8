"""Who is worked for next when more is asked than can be done: bounded, and fair between callers.

The next to be served is the first request of the caller who has had the least service, in seconds of work: a caller
of large requests is served less often than one of small ones, and one that floods waits behind itself. When too many
wait, the newest request of the caller with the most goes, so a flood turns nobody else away.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Call = TypeVar("Call")


@dataclass(slots=True)
class _Caller(Generic[Call]):
    """One caller's requests; ``served`` are the seconds of work it has had, from where the others stood."""

    served: float
    waiting: deque[Call] = field(default_factory=deque)
    patient: deque[Call] = field(default_factory=deque)
    running: int = 0

    @property
    def idle(self) -> bool:
        return not (self.running or self.waiting or self.patient)


class Callers(Generic[Call]):
    """Requests that wait, at most ``most``; for one thread alone (an event loop)."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.waiting = 0
        self.patient = 0
        self._callers: dict[str, _Caller[Call]] = {}
        self._usual = 0.0  # seconds that a call usually takes
        self._served = 0.0  # what the caller last served had had

    def add(self, name: str, call: Call) -> Call | None:
        """Let a call wait; return the one that has to go for it (perhaps itself), or None."""
        gone = self._make_room(name, call) if self.waiting >= self.most else None
        if gone is not call:
            self._caller(name).waiting.append(call)
            self.waiting += 1
        return gone

    def add_patient(self, name: str, call: Call) -> None:
        """Let a call wait that has waited elsewhere already: never sent away, and taking no room."""
        self._caller(name).patient.append(call)
        self.patient += 1

    def begin(self, name: str) -> None:
        """Note that a call of this caller is worked on at once, because nobody waits."""
        self._caller(name).running += 1

    def next(self) -> tuple[str, Call] | None:
        """Take the call that is worked on next, with its caller; None when nobody waits."""
        due = [(self._due(one), name) for name, one in self._callers.items() if one.waiting or one.patient]
        if not due:
            return None
        self._served, name = min(due)
        caller = self._callers[name]
        caller.running += 1
        if caller.patient:
            self.patient -= 1
            return name, caller.patient.popleft()
        self.waiting -= 1
        return name, caller.waiting.popleft()

    def end(self, name: str, seconds: float) -> None:
        """Note that a call of this caller has ended, and how long it took."""
        caller = self._callers[name]
        caller.running -= 1
        caller.served += seconds
        self._usual += (seconds - self._usual) / 32
        self._forget(name, caller)

    def who_waits(self) -> list[Call]:
        """Return all calls that wait, but for the patient ones."""
        return [call for caller in self._callers.values() for call in caller.waiting]

    def remove(self, name: str, call: Call) -> None:
        """Take a waiting call out."""
        caller = self._callers[name]
        caller.waiting.remove(call)
        self.waiting -= 1
        self._forget(name, caller)

    def _caller(self, name: str) -> _Caller[Call]:
        """Return a caller; one who comes now begins where the others are, so that nobody saves service up."""
        caller = self._callers.get(name)
        if caller is None:
            caller = self._callers[name] = _Caller(self._served)
        return caller

    def _forget(self, name: str, caller: _Caller[Call]) -> None:
        if caller.idle:
            del self._callers[name]

    def _due(self, caller: _Caller[Call]) -> float:
        """Return what a caller has had, with what is being done for it counted as usual."""
        return caller.served + caller.running * self._usual

    def _make_room(self, name: str, call: Call) -> Call:
        name_of_most, most = max(self._callers.items(), key=lambda one: len(one[1].waiting))
        mine = self._callers.get(name)
        if mine is not None and len(mine.waiting) + 1 >= len(most.waiting):
            return call
        self.waiting -= 1
        gone = most.waiting.pop()
        self._forget(name_of_most, most)
        return gone
