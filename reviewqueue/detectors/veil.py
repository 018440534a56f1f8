"""Hiding personal data in what is shown: each find becomes its kind and a number, the same thing the same number."""

from collections.abc import Callable
from typing import Any

from . import personal

#: What a hidden find looks like; the brackets are none that people write or Markdown knows.
OPEN, CLOSE = "\u27e8", "\u27e9"


class Veil:
    """Hides what `personal` finds in the texts of one page; ``label`` says a kind in words."""

    def __init__(self, label: Callable[[str], str]) -> None:
        self._label = label
        self._numbers: dict[str, dict[str, int]] = {}

    @property
    def kinds(self) -> list[str]:
        """The kinds that were hidden so far."""
        return list(self._numbers)

    def text(self, text: str) -> str:
        """Return a text with every find hidden."""
        parts, end = [], 0
        for span in personal.spans(text):
            parts += [text[end : span.start], self._hidden(span.kind, text[span.start : span.end])]
            end = span.end
        return "".join([*parts, text[end:]]) if parts else text

    def value(self, value: Any) -> Any:
        """Return a value with every find hidden in the texts inside it, in names as well."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self.value(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner) for inner in value]
        if value is None or isinstance(value, bool):
            return value
        written = str(value)  # a number, also one that stands for its digits
        hidden = self.text(written)
        return value if hidden == written else hidden

    def _hidden(self, kind: str, written: str) -> str:
        known = self._numbers.setdefault(kind, {})
        kept = "@.:-_+" if kind in {"email", "ip_address"} else ""
        same = "".join(one for one in written.casefold() if one.isalnum() or one in kept)
        return f"{OPEN}{self._label(kind)} {known.setdefault(same, len(known) + 1)}{CLOSE}"
