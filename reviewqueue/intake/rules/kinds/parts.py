"""Parts that several kinds have: a conversation, a content, a text or a prompt."""

from collections.abc import Iterator
from typing import Any

from ..faults import Faults

ROLES = frozenset({"system", "user", "assistant", "tool"})


def messages_of(given: Any, faults: Faults) -> list[str]:
    """Return the words of a conversation."""
    messages = given.get("messages") if isinstance(given, dict) else None
    if not isinstance(messages, list) or not messages:
        faults.add("/messages", "A list of at least one message is required.")
        return []
    for index, message in enumerate(messages):
        if not _is_message(message):
            faults.add(f"/messages/{index}", "A role (system, user, assistant, tool) and a text content.")
    return [message["content"] for message in messages if _is_message(message)]


def _is_message(message: Any) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        return False
    return message["role"] in ROLES and isinstance(message.get("content"), str)


def content_of(output: Any, faults: Faults) -> str:
    """Return the content of an answer in words."""
    content = output.get("content") if isinstance(output, dict) else None
    if not isinstance(content, str) or not content:
        faults.add("/content", "A text is required.")
        return ""
    return content


def text_or_prompt(given: Any, faults: Faults) -> list[str]:
    """Return the text that was worked on, or the prompt that asked for one."""
    if not isinstance(given, dict):
        faults.add("", "An object with a text or a prompt is required.")
        return []
    found = [(name, given[name]) for name in ("text", "prompt") if given.get(name) is not None]
    for name, value in found:
        if not isinstance(value, str) or not value:
            faults.add(f"/{name}", "A text is required.")
    if not found:
        faults.add("", "A text or a prompt is required.")
    return [value for _, value in found if isinstance(value, str)]


def words_in(value: Any) -> Iterator[str]:
    """Yield every text inside a JSON value (whose depth the reading has bounded)."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from words_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from words_in(inner)
