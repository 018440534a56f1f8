"""After a fork: what threads, locks and connections belong to the parent is left to it, and made anew."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Reborn(Protocol):
    """Something that has to begin anew in a child."""

    def after_fork(self) -> None:
        """Begin anew, in the child, before anything else runs there."""


_known: weakref.WeakSet[Reborn] = weakref.WeakSet()


def tell_after_fork(one: Reborn) -> None:
    """Have :meth:`Reborn.after_fork` called in every child of this process."""
    _known.add(one)


def _after_fork() -> None:
    for one in list(_known):
        one.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
