"""The form of each kind: its input, its output, and how the output fits what the source declares."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from ...models import Declaration, Kind
from ..faults import Faults
from ..schemas import Effort
from . import action, chat, classification, comparison, extraction, text


@dataclass(frozen=True, slots=True)
class Form:
    """One kind's rules. ``given`` and ``answer`` note faults and return the texts that can be searched for.

    ``final`` is the form of what a waiting AI system gets in the end, where it is another than the output's.
    """

    given: Callable[[Any, Faults], list[str]]
    answer: Callable[[Any, Faults], list[str]]
    final: Callable[[Any, Faults], Any]
    #: None: the kind depends on no declaration
    fits: Callable[[Any, Declaration | None, Faults, Effort | None], None] | None

    def read(self, item: dict[str, Any], faults: Faults) -> str:
        """Check an item's input and output; return its text to search."""
        texts = self.given(item.get("input"), faults.under("/input"))
        return "\n".join([*texts, *self.answer(item.get("output"), faults.under("/output"))])


def _form(module: ModuleType) -> Form:
    return Form(module.given, module.answer, getattr(module, "final", module.answer), getattr(module, "fits", None))


FORMS: dict[str, Form] = {
    Kind.CHAT: _form(chat),
    Kind.TEXT: _form(text),
    Kind.CLASSIFICATION: _form(classification),
    Kind.EXTRACTION: _form(extraction),
    Kind.ACTION: _form(action),
    Kind.COMPARISON: _form(comparison),
}
