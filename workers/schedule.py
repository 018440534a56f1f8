"""Everything periodic, on one page: which task, how often at most (seconds, jittered by a fifth)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Every:
    """Run a task's own function every so many seconds; ``beside`` the others, in a thread that waits for none.

    Triage stays in the main thread, where an item that never ends can be interrupted.
    """

    seconds: float
    task: str
    beside: bool = False


SCHEDULE = (
    Every(1, "publish", beside=True),
    Every(1, "gates", beside=True),
    Every(5, "triage"),
    Every(5, "look_late"),
    Every(5, "expire", beside=True),
    Every(5, "deal", beside=True),
    Every(5, "deliver", beside=True),
    Every(2, "rulings", beside=True),
    Every(2, "bulk", beside=True),
    Every(2, "stops", beside=True),
    Every(10, "build_release", beside=True),
    Every(10, "replay", beside=True),
    Every(15, "ladder", beside=True),
    Every(15, "mail", beside=True),
    Every(15, "misses", beside=True),
    Every(15, "overload", beside=True),
    Every(15, "calls", beside=True),
    Every(60, "stranded", beside=True),
    Every(3600, "forget"),
    Every(3600, "forget_told", beside=True),
)
