"""Facts taken out of a text, as an object; the source may declare its JSON Schema."""

from typing import Any

from ...models import Declaration
from ..faults import Faults
from ..schemas import Effort, check, remembered_validator
from .parts import words_in


def given(value: Any, faults: Faults) -> list[str]:
    """Check the text that the facts were taken from."""
    text = value.get("text") if isinstance(value, dict) else None
    if not isinstance(text, str) or not text:
        faults.add("/text", "A text is required.")
        return []
    return [text]


def answer(value: Any, faults: Faults) -> list[str]:
    """Check that the facts are an object."""
    if not isinstance(value, dict):
        faults.add("", "An object is required.")
    return list(words_in(value))


def fits(
    value: dict[str, Any], declaration: Declaration | None, faults: Faults, effort: Effort | None = None
) -> None:
    """Check the facts against the declared schema, if one is declared."""
    if declaration and declaration.json_schema is not None:
        check(remembered_validator(declaration.pk, "", declaration.json_schema), value, faults, effort)
