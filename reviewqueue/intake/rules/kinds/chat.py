"""A conversation and the assistant's answer."""

from typing import Any

from ..faults import Faults
from .parts import content_of, messages_of


def given(value: Any, faults: Faults) -> list[str]:
    """Check the conversation and the documents that the answer draws on."""
    said = messages_of(value, faults)
    _check_documents(value.get("documents") if isinstance(value, dict) else None, faults)
    return said


def _check_documents(documents: Any, faults: Faults) -> None:
    if documents is None:
        return
    if not isinstance(documents, list):
        faults.add("/documents", "A list is required.")
        return
    for index, document in enumerate(documents):
        if not isinstance(document, dict) or not all(
            isinstance(document.get(n), str) for n in ("id", "title", "text")
        ):
            faults.add(f"/documents/{index}", "An id, a title and a text are required.")


def answer(value: Any, faults: Faults) -> list[str]:
    """Check the answer."""
    return [content_of(value, faults)]
