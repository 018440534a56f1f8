"""What can go wrong: refused for good, not now, not yet, and not to be said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .shapes import Item, Outcome, Standing


class ReviewQueueError(Exception):
    """The root of everything that this package raises."""


class NotConfigured(ReviewQueueError, ValueError):
    """The address or the key is missing or cannot be used."""


class NotAnItem(ReviewQueueError, ValueError):
    """This cannot be written as JSON (NaN, a lone surrogate, an unknown type): nothing was sent."""


class BadSignature(ReviewQueueError):
    """A webhook that was not signed with this secret, was changed on its way, or is older than five minutes."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place in what was sent, and what is wrong there."""

    pointer: str
    detail: str


@dataclass(frozen=True, slots=True)
class Problem:
    """An RFC 9457 problem document; ``slug`` is the stable end of its ``type``."""

    status: int
    type: str = "about:blank"
    title: str = ""
    detail: str = ""
    places: tuple[Place, ...] = ()

    @property
    def slug(self) -> str:
        """Return the problem's short name: ``external-id-taken``, for one."""
        return self.type.rsplit("/", 1)[-1]

    def __str__(self) -> str:
        places = "".join(f"; {place.pointer}: {place.detail}" for place in self.places)
        return f"{self.status} {self.detail or self.title or self.type}{places}"

    @classmethod
    def of(cls, status: int, document: Any) -> Problem:
        """Read a problem document; anything else is a problem that says no more than its status."""
        if not isinstance(document, Mapping):
            return cls(status)
        places = document.get("errors") or ()
        return cls(
            status=status,
            type=str(document.get("type", "about:blank")),
            title=str(document.get("title", "")),
            detail=str(document.get("detail", "")),
            places=tuple(Place(str(one.get("pointer", "")), str(one.get("detail", ""))) for one in places),
        )


class Refused(ReviewQueueError):
    """The server will not do this, however often it is asked: a 4xx. It is never sent again."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return self.problem.status

    @property
    def places(self) -> tuple[Place, ...]:
        """Return every place that is wrong."""
        return self.problem.places


class Invalid(Refused):
    """400, 413, 415, 422: what was sent is wrong; ``places`` says where."""


class NotAllowed(Refused):
    """401, 403: no valid key, or one that lacks the scope."""


class NotThere(Refused):
    """404: not there, or not yours to see."""


class Conflict(Refused):
    """409: it does not fit what is there, such as other content under a known external_id."""


class NotNow(ReviewQueueError):
    """It could not be done in the time there was; the same call may well succeed later.

    ``retry_after`` is what the server asked for, in seconds, and ``status`` is None when there was no answer at all.
    """

    def __init__(self, reason: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.retry_after = retry_after


class RateLimited(NotNow):
    """429: your quota is used up."""


class Unavailable(NotNow):
    """The server could not be reached, did not answer in time, or answered with a 5xx."""


class StillWaiting(ReviewQueueError, TimeoutError):
    """There was no outcome in time. ``standing`` is where the item stood when the server last said so."""

    def __init__(self, item_id: str, standing: Standing | None) -> None:
        where = f"it is {standing.state}" if standing else "the server has not said where it stands"
        super().__init__(f"No outcome yet of item {item_id}: {where}.")
        self.item_id = item_id
        self.standing = standing


class Withdrawn(ReviewQueueError):
    """The item was withdrawn: nobody will decide about it any more."""

    def __init__(self, item_id: str) -> None:
        super().__init__(f"Item {item_id} was withdrawn.")
        self.item_id = item_id


class Withheld(ReviewQueueError):
    """This answer must not be given, and no fallback was agreed. ``item`` and ``outcome`` are None when offline."""

    def __init__(self, reason: str, *, item: Item | None = None, outcome: Outcome | None = None) -> None:
        super().__init__(reason)
        self.item = item
        self.outcome = outcome


class SpoolError(ReviewQueueError):
    """The spool cannot be written or read: what was to be kept was *not* accepted."""


class SpoolFull(SpoolError):
    """The spool has reached its bound: what was to be kept was *not* accepted."""


_REFUSALS: dict[int, type[Refused]] = {
    400: Invalid,
    401: NotAllowed,
    403: NotAllowed,
    404: NotThere,
    409: Conflict,
    413: Invalid,
    415: Invalid,
    422: Invalid,
}


def refusal(problem: Problem) -> Refused:
    """Return the error for a 4xx."""
    return _REFUSALS.get(problem.status, Refused)(problem)
