"""Everything periodic, on one page: which task, how often at most (seconds, jittered by a fifth)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Every:
    """Run a task's own function every so many seconds; what may take long runs beside the others."""

    seconds: float
    task: str
    beside: bool = False


SCHEDULE = (
    Every(1, "publish"),
    Every(5, "triage"),
    Every(5, "expire"),
    Every(5, "deliver", beside=True),
    Every(10, "build_release", beside=True),
    Every(3600, "forget"),
)
