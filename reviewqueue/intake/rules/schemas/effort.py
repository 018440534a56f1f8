"""How much checking may cost. A schema of a few lines can ask for more steps than there is time in the world.

Steps are counted in the thread that checks, because the validators of a schema know nothing of each other.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TooMuchEffort(Exception):
    """The schema and the value together need more steps than one check may take."""


class Effort:
    """The steps that are left to a request."""

    def __init__(self, steps: int) -> None:
        self.left = steps


_now = threading.local()


@contextmanager
def limited(effort: Effort) -> Iterator[None]:
    """Count the steps of what runs inside against ``effort``."""
    before = getattr(_now, "effort", None)
    _now.effort = effort
    try:
        yield
    finally:
        _now.effort = before


def spend(steps: int) -> None:
    """Take steps. Raises TooMuchEffort when none are left."""
    effort = _now.effort
    effort.left -= steps
    if effort.left < 0:
        raise TooMuchEffort
