"""Errors that a person or a program outside is told about.

The docstring of an error class is the sentence that is shown; a verb may say more in ``detail``.
``slug`` is the stable last part of the problem's ``type`` (RFC 9457).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Place:
    """One thing that is wrong, and where: ``pointer`` is a JSON pointer as a URI fragment."""

    pointer: str
    detail: str


class ProductError(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 400
    slug: ClassVar[str] = "error"
    #: in how many seconds the same request may succeed; None when that is not known
    retry_after: int | None = None

    def __init__(self, detail: str = "", *, places: Sequence[Place] = ()) -> None:
        self.detail = detail or self.title()
        self.places = tuple(places)
        super().__init__(self.detail)

    @property
    def in_full(self) -> str:
        """The sentence with what is said of each place, for a page that shows them together."""
        return " ".join([self.detail, *(place.detail for place in self.places)])

    @classmethod
    def title(cls) -> str:
        """Return the sentence that stands for every error of this class."""
        return " ".join((cls.__doc__ or "").split())


class Malformed(ProductError):
    """The request could not be read."""

    status = 400
    slug = "malformed"


class Invalid(ProductError):
    """The request is well formed, but something in it is wrong."""

    status = 422
    slug = "invalid"


class NotAllowed(ProductError):
    """Your role or key does not allow this."""

    status = 403
    slug = "not-allowed"


class NotThere(ProductError):
    """There is nothing at this address, or it is not yours to see."""

    status = 404
    slug = "not-there"


class Conflict(ProductError):
    """This no longer fits the present state."""

    status = 409
    slug = "conflict"


class NotReady(ProductError):
    """The product cannot do this yet; nothing was stored, please send it again later."""

    status = 503
    slug = "not-ready"
    retry_after = 30


class TooLarge(ProductError):
    """The body is larger than allowed."""

    status = 413
    slug = "too-large"
