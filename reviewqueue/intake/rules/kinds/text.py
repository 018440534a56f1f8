"""A text made from another text, or asked for by a prompt."""

from typing import Any

from ..faults import Faults
from .parts import content_of, text_or_prompt


def given(value: Any, faults: Faults) -> list[str]:
    """Check the text or the prompt."""
    return text_or_prompt(value, faults)


def answer(value: Any, faults: Faults) -> list[str]:
    """Check the content."""
    return [content_of(value, faults)]
