"""Several answers to the same question, of which a person prefers one."""

from typing import Any

from ..faults import Faults
from .parts import content_of, messages_of, text_or_prompt

MAX_CANDIDATES = 20


def given(value: Any, faults: Faults) -> list[str]:
    """Check the question: a conversation, or a text or prompt."""
    if isinstance(value, dict) and value.get("messages") is not None:
        return messages_of(value, faults)
    return text_or_prompt(value, faults)


def answer(value: Any, faults: Faults) -> list[str]:
    """Check the candidates: at least two, each with an id of its own."""
    candidates = value.get("candidates") if isinstance(value, dict) else None
    if not isinstance(candidates, list) or not 2 <= len(candidates) <= MAX_CANDIDATES:
        faults.add("/candidates", f"A list of 2 to {MAX_CANDIDATES} candidates is required.")
        return []
    seen: set[str] = set()
    for index, candidate in enumerate(candidates):
        _check_candidate(candidate, seen, faults.under(f"/candidates/{index}"))
    return [one["content"] for one in candidates if isinstance(one, dict) and isinstance(one.get("content"), str)]


def final(value: Any, faults: Faults) -> None:
    """Check what stands in the end: one content."""
    content_of(value, faults)


def _check_candidate(candidate: Any, seen: set[str], faults: Faults) -> None:
    if not isinstance(candidate, dict):
        faults.add("", "An object with an id and a content is required.")
        return
    name, content = candidate.get("id"), candidate.get("content")
    if not isinstance(name, str) or not 0 < len(name) <= 100:
        faults.add("/id", "A text of at most 100 characters is required.")
    elif name in seen:
        faults.add("/id", "Another candidate has this id.")
    else:
        seen.add(name)
    if not isinstance(content, str) or not content:
        faults.add("/content", "A text is required.")
    if not _is_model(candidate.get("model")):
        faults.add("/model", "The model's name as a short text is required.")


def _is_model(model: Any) -> bool:
    return model is None or (isinstance(model, str) and len(model) <= 200)
