"""Reading the fields of a small JSON body: every place that is wrong is told at once."""

from typing import Any

import orjson
from rest_framework.request import Request

from reviewqueue.common.errors import Invalid, Malformed, Place
from reviewqueue.common.exactjson import parts

from .parsing import sent

BIGGEST = 2**31 - 1
#: What says how something shall be: nothing sent is not the same as nothing wanted.
_CHANGING = {"PUT", "PATCH"}


class Fields:
    """An object's fields, taken one by one; :meth:`done` raises for all that was wrong."""

    def __init__(self, request: Request, known: frozenset[str]) -> None:
        document = sent(request)
        if document is None and request.method in _CHANGING:
            raise Malformed("A body is required: a JSON object.", places=[Place("#", "An object is required.")])
        value = {} if document is None else document.value
        if not isinstance(value, dict):
            raise Invalid("The body is a JSON object.", places=[Place("#", "An object is required.")])
        self.value: dict[str, Any] = value
        self._text = document.text if document else "{}"
        self.places = [Place(f"#/{name[:80]}", "This field is not known.") for name in sorted(value.keys() - known)]

    def text(self, name: str, longest: int, *, required: bool = False) -> str:
        """Take a text; nothing and null are the empty text."""
        value = self.value.get(name)
        if value is None and not required:
            return ""
        if not isinstance(value, str) or (required and not value.strip()):
            self._wrong(name, "Text is required.")
            return ""
        if len(value) > longest:
            self._wrong(name, f"At most {longest:,} characters.")
        return value

    def number(self, name: str) -> int:
        """Take a whole number that must be there."""
        value = self.value.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= BIGGEST:
            self._wrong(name, "A whole number is required.")
            return 0
        return value

    def flag(self, name: str, default: bool) -> bool:
        """Take true or false."""
        value = self.value.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self._wrong(name, "True or false is required.")
        return bool(value)

    def texts(self, name: str, most: int) -> list[str]:
        """Take a list of texts; nothing and null are the empty list."""
        value = self.value.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > most or not all(isinstance(one, str) for one in value):
            self._wrong(name, f"A list of at most {most} texts is required.")
            return []
        return value

    def object(self, name: str) -> dict[str, Any] | None:
        """Take an object that can be stored and given back."""
        value = self.value.get(name)
        if value is None:
            return None
        if not isinstance(value, dict) or not _storable(value):
            self._wrong(name, "An object without numbers beyond 64 bits is required.")
            return None
        return value

    def written(self, name: str) -> str:
        """Return a field as it was written, to the letter; nothing when it was not sent."""
        return parts(self._text).get(name, "")

    def done(self) -> None:
        """Raise Invalid with every place that was wrong."""
        if self.places:
            raise Invalid(f"The body is wrong in {len(self.places)} place(s).", places=self.places)

    def _wrong(self, name: str, detail: str) -> None:
        self.places.append(Place(f"#/{name}", detail))


def _storable(value: dict[str, Any]) -> bool:
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        return False
    return True
