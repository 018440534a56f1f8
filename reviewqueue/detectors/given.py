"""What detectors look at and what they say: plain values, no database, no web."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: Longer texts are looked at up to here: a detector's time is bounded by this, whatever is sent.
LONGEST_TEXT, LONGEST_DOCUMENTS = 20_000, 100_000
#: Stands before a kind that was found in the AI's own answer.
IN_ANSWER = "answer:"


@dataclass(frozen=True, slots=True)
class Given:
    """An item's words.

    ``answer`` is the AI's, ``asked`` what the person said last, ``context`` everything that was given but the
    documents (what was asked is part of it), ``documents`` the texts to answer from.
    """

    answer: str
    asked: str = ""
    context: str = ""
    documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What a detector found: from 0 (nothing) to 1 (certain), and of which kinds. Never any text."""

    score: float = 0.0
    kinds: tuple[str, ...] = ()

    def as_fact(self) -> dict[str, Any]:
        """Return it as it is recorded with a decision."""
        return {"score": round(self.score, 3), "kinds": list(self.kinds)}


Detector = Callable[[Given], Found]


def given_in(body: Mapping[str, Any]) -> Given:
    """Return the words of an item's body, as it was sent."""
    sent = body.get("input")
    parts = dict(sent) if isinstance(sent, dict) else {"input": sent}
    documents = parts.pop("documents", None)
    return Given(
        answer=_joined(body.get("output")),
        asked=_asked(parts)[:LONGEST_TEXT],
        context=_joined(parts),
        documents=tuple(_documents(documents)),
    )


def _asked(given: Mapping[str, Any]) -> str:
    messages = given.get("messages")
    for one in reversed(messages) if isinstance(messages, list) else ():
        if isinstance(one, dict) and one.get("role") == "user":
            return str(one.get("content", ""))
    return next((given[name] for name in ("prompt", "text") if isinstance(given.get(name), str)), "")


def _documents(sent: Any) -> Iterator[str]:
    left = LONGEST_DOCUMENTS
    for one in sent if isinstance(sent, list) else ():
        text = one.get("text") if isinstance(one, dict) else one
        if isinstance(text, str) and left > 0:
            yield text[:left]
            left -= len(text)


def _joined(value: Any) -> str:
    """Return every text inside a value, one a line."""
    return "\n".join(_texts(value))[:LONGEST_TEXT]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) > 9_999_999:
        yield str(value)  # a card or an account that was sent as a number
