"""Forks: what threads, locks and connections belong to the parent is left to it, and made anew in the child."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Reborn(Protocol):
    """Something that has to begin anew in a child."""

    def after_fork(self) -> None:
        """Begin anew, in the child, before anything else runs there."""


class Resting(Reborn, Protocol):
    """Something that must not be in the middle of anything while the process forks."""

    def before_fork(self) -> None:
        """Come to rest, and stay so."""

    def after_fork_here(self) -> None:
        """Go on, in the parent."""


_reborn: weakref.WeakSet[Reborn] = weakref.WeakSet()
_resting: weakref.WeakSet[Resting] = weakref.WeakSet()
_at_rest: list[Resting] = []


def tell_after_fork(one: Reborn) -> None:
    """Have :meth:`Reborn.after_fork` called in every child of this process."""
    _reborn.add(one)


def tell_around_fork(one: Resting) -> None:
    """Have all methods of :class:`Resting` called around every fork of this process."""
    _resting.add(one)


def _before_fork() -> None:
    for one in list(_resting):
        one.before_fork()
        _at_rest.append(one)


def _after_fork_here() -> None:
    while _at_rest:
        _at_rest.pop().after_fork_here()


def _after_fork() -> None:
    _at_rest.clear()
    for one in [*_resting, *_reborn]:
        one.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_here, after_in_child=_after_fork)
