"""Collecting every place that is wrong, so that a client mends them all at once."""

from typing import Any

from reviewqueue.common.errors import Invalid, Place


class Faults:
    """The faults found so far, as seen from one place of the document: ``add`` takes the way on from there."""

    __slots__ = ("at", "places")

    def __init__(self, at: str = "#", places: list[Place] | None = None) -> None:
        self.at = at
        self.places: list[Place] = [] if places is None else places

    def add(self, way: str, detail: str) -> None:
        """Note a fault at ``way``, such as ``/output/content``."""
        self.places.append(Place(self.at + way, detail))

    def under(self, way: str) -> "Faults":
        """Return the same collection as seen from a deeper place."""
        return Faults(self.at + way, self.places)

    def raise_any(self) -> None:
        """Raise Invalid if there is any fault."""
        if self.places:
            raise Invalid(f"The item is wrong in {len(self.places)} place(s).", places=self.places)


def token(name: Any) -> str:
    """Return a name as a step of a JSON pointer, at most 80 characters of it."""
    return "/" + str(name)[:80].replace("~", "~0").replace("/", "~1")
