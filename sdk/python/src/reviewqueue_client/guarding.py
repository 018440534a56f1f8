"""Guarded functions: every answer is submitted with a gate before it is given, and what may be said comes back."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from . import calls
from .background import Background
from .errors import NotNow, SpoolError, Withdrawn, Withheld
from .flow import Block, Flow, Retry
from .items import CommonFields, Kind, encoded, named
from .shapes import Document, Item, OnTimeout, Outcome

log = logging.getLogger("reviewqueue_client")

RiskLevel: TypeAlias = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a guarded function may return when text and confidence are not all it knows.

    ``content`` is the text (or the label, for a classification); ``output`` is the whole output for the other kinds.
    ``documents`` are what the answer rests on, shown to reviewers. ``fields`` are any other fields of the item.
    """

    content: str | None = None
    confidence: float | None = None
    output: Document | None = None
    risk: RiskLevel | None = None
    risk_tags: Sequence[str] = ()
    documents: Sequence[Document] = ()
    external_id: str | None = None
    fields: CommonFields = field(default_factory=CommonFields)


Said: TypeAlias = str | tuple[str, float | None] | Document | Answer
Offline: TypeAlias = float | Callable[[Answer], bool] | None
How: TypeAlias = Literal["passed", "approved", "edited", "rejected", "timed_out", "withdrawn", "offline"]


@dataclass(frozen=True, slots=True)
class Guarded:
    """What came of one answer.

    ``final`` is what may be said, None when nothing may; ``fallback`` is true when it is the fallback. ``item`` and
    ``outcome`` are None when the server could not be reached (``how`` is ``offline``).
    """

    final: Document | None
    how: How
    fallback: bool = False
    item: Item | None = None
    outcome: Outcome | None = None


@dataclass(slots=True)
class Reach:
    """Remembers that the server could not be reached, so that not every answer waits to find out."""

    rest: float = 5.0
    _until: float = field(default=0.0)

    def is_given_up(self) -> bool:
        """Whether the last attempt failed a moment ago."""
        return time.monotonic() < self._until

    def lost(self) -> None:
        """Note that the server did not answer."""
        self._until = time.monotonic() + self.rest

    def found(self) -> None:
        """Note that it did."""
        self._until = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """How answers of one function are guarded; see :meth:`reviewqueue_client.ReviewQueue.guard`."""

    source: str
    kind: Kind
    deadline: int
    on_timeout: OnTimeout
    fallback: Document | None
    offline: Offline
    reach_within: float
    make_input: Callable[..., Document] | None
    fields: CommonFields

    @classmethod
    def of(
        cls,
        *,
        source: str,
        kind: Kind,
        deadline: int,
        on_timeout: OnTimeout | None,
        fallback: str | Document | None,
        offline: Offline,
        reach_within: float,
        input: Callable[..., Document] | None,
        fields: CommonFields,
    ) -> Rule:
        """Return a rule. Raises ValueError for one that could only fail later."""
        said = output_of(kind, fallback) if fallback is not None else None
        on_timeout = on_timeout or ("fallback" if said is not None else "withhold")
        if not 1 <= deadline <= 86_400:
            raise ValueError("deadline is a number of seconds from 1 to 86,400")
        if on_timeout == "fallback" and said is None:
            raise ValueError('on_timeout="fallback" needs a fallback')
        if isinstance(offline, int | float) and not 0 <= offline <= 1:
            raise ValueError("offline is a confidence from 0 to 1, a function of the answer, or None")
        return cls(source, kind, deadline, on_timeout, said, offline, reach_within, input, fields)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An answer, and the item that it is submitted as."""

    answer: Answer
    item: dict[str, Any]


def output_of(kind: Kind, said: str | Document) -> Document:
    """Return a text (or a label) as the output of its kind."""
    if not isinstance(said, str):
        return said
    if kind in {"chat", "text"}:
        return {"content": said}
    if kind == "classification":
        return {"label": said}
    raise TypeError(f"The output of kind {kind} is an object, not a text.")


def said_of(kind: Kind, final: Document) -> Any:
    """Return what a guarded function returns: the text, the label, or the whole output."""
    return final[{"chat": "content", "text": "content", "classification": "label"}[kind]] if _is_text(kind) else final


def _is_text(kind: Kind) -> bool:
    return kind in {"chat", "text", "classification"}


def prepare(rule: Rule, said: Said, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Prepared:
    """Return what a function said as an item, with its gate. Raises TypeError for what cannot be one."""
    answer = _answer(said)
    if answer.output is None and answer.content is None:
        raise TypeError("An Answer needs a content, or an output.")
    output = answer.output if answer.output is not None else output_of(rule.kind, answer.content or "")
    given = rule.make_input(*args, **kwargs) if rule.make_input else _input(rule.kind, args, kwargs)
    item: dict[str, Any] = {**rule.fields, **answer.fields, "source": rule.source, "kind": rule.kind}
    item |= {"external_id": answer.external_id, "input": _with_documents(given, answer.documents), "output": output}
    item |= {"confidence": answer.confidence, "gate": _gate(rule)}
    if answer.risk or answer.risk_tags:
        item["risk"] = {"level": answer.risk, "tags": list(answer.risk_tags)}
    if item.get("risk") is not None:
        answer = replace(answer, risk=item["risk"].get("level"))
    return Prepared(answer, named(item))


def _answer(said: Said) -> Answer:
    if isinstance(said, Answer):
        return said
    if isinstance(said, str):
        return Answer(said)
    if isinstance(said, tuple):
        content, confidence = said
        return Answer(content, confidence)
    if isinstance(said, Mapping):
        return Answer(output=said)
    raise TypeError(f"A guarded function returns a text, (text, confidence) or an Answer, not {type(said).__name__}.")


def _input(kind: Kind, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Document:
    """Return the input that the first argument is: a question, or the messages of a conversation."""
    asked = next(iter((*args, *kwargs.values())), None)
    conversation = kind in {"chat", "action", "comparison"}
    if conversation and isinstance(asked, Sequence) and not isinstance(asked, str | bytes):
        return {"messages": list(asked)}
    if not isinstance(asked, str):
        raise TypeError("The first argument is neither a text nor messages: give guard(input=...) to say what it is.")
    if conversation:
        return {"messages": [{"role": "user", "content": asked}]}
    return {"prompt": asked} if kind == "text" else {"text": asked}


def _with_documents(given: Document, documents: Sequence[Document]) -> Document:
    return {**given, "documents": list(documents)} if documents else given


def _gate(rule: Rule) -> dict[str, Any]:
    gate: dict[str, Any] = {"deadline_seconds": rule.deadline, "on_timeout": rule.on_timeout}
    return gate if rule.fallback is None else {**gate, "fallback": rule.fallback}


def guarded(rule: Rule, prepared: Prepared, retry: Retry, reach: Reach, background: Background) -> Flow[Guarded]:
    """Submit an answer and wait for what may be said; act on ``offline`` when the server cannot be reached."""
    encoded(prepared.item)  # what cannot be written is refused before anything else happens
    if reach.is_given_up():
        return (yield from _offline(rule, prepared, background, doubtful=False))
    try:
        patience = replace(retry, total=rule.reach_within, attempt=min(retry.attempt, rule.reach_within))
        item = yield from calls.submit(prepared.item, patience)
    except NotNow as error:
        log.warning("the answer could not be submitted: %s", error)
        reach.lost()
        return (yield from _offline(rule, prepared, background, doubtful=True))
    reach.found()
    try:
        outcome = yield from calls.wait(item, None, retry)
    except Withdrawn:
        return Guarded(rule.fallback, "withdrawn", fallback=rule.fallback is not None, item=item)
    return _told(rule, item, outcome)


_HOW: dict[str, How] = {"approve": "approved", "edit": "edited", "reject": "rejected"}


def _told(rule: Rule, item: Item, outcome: Outcome) -> Guarded:
    """Return what an outcome means for who asked: what is withheld becomes the fallback, if there is one."""
    how: How = _HOW.get(outcome.decision or "", "timed_out" if outcome.basis == "timeout" else "passed")
    if outcome.disposition == "final":
        return Guarded(outcome.final, how, item=item, outcome=outcome)
    final = outcome.final if outcome.final is not None else rule.fallback
    return Guarded(final, how, fallback=final is not None, item=item, outcome=outcome)


def _offline(rule: Rule, prepared: Prepared, background: Background, *, doubtful: bool) -> Flow[Guarded]:
    """Decide here, and keep the answer to be submitted later. What cannot be kept on record is not given."""
    passes = passes_offline(rule, prepared.answer)
    told = "passed" if passes else "withheld" if rule.fallback is None else "fallback"
    item = without_gate(prepared.item, told, datetime.now(UTC))
    try:
        yield Block(lambda: background.keep(item, doubtful=doubtful))
    except SpoolError as error:
        log.error("an answer is not given, because it could not be kept on record: %s", error)
        passes = False
    if passes:
        return Guarded(prepared.item["output"], "offline")
    return Guarded(rule.fallback, "offline", fallback=rule.fallback is not None)


def passes_offline(rule: Rule, answer: Answer) -> bool:
    """Whether an answer may be given without the server: never an action, a medium or a high risk."""
    if rule.offline is None or rule.kind == "action" or answer.risk in {"medium", "high"}:
        return False
    if callable(rule.offline):
        return bool(rule.offline(answer))
    return answer.confidence is not None and answer.confidence >= rule.offline


def without_gate(item: Mapping[str, Any], told: str, now: datetime) -> dict[str, Any]:
    """Return the item as it is submitted later: nobody waits for it any more; it says what was told meanwhile."""
    attributes = dict(item.get("attributes") or {})
    if len(attributes) < 50:
        attributes["offline"] = told
    later = {name: value for name, value in item.items() if name != "gate"}
    return {**later, "occurred_at": item.get("occurred_at") or now, "attributes": attributes}


def spoken(rule: Rule, result: Guarded) -> Any:
    """Return what may be said, or raise Withheld."""
    if result.final is None:
        why = "The server cannot be reached" if result.how == "offline" else "This answer was withheld"
        raise Withheld(f"{why}, and there is no fallback.", item=result.item, outcome=result.outcome)
    return said_of(rule.kind, result.final)
