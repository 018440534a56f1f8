"""What is submitted: the fields of an item, and how they become bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, Required, TypeAlias, TypedDict
from uuid import UUID, uuid4

from .errors import NotAnItem
from .shapes import Document, OnTimeout

Kind: TypeAlias = Literal["chat", "text", "classification", "extraction", "action", "comparison"]


class Model(TypedDict, total=False):
    """Which model answered."""

    name: Required[str]
    version: Required[str]
    prompt: str | None
    index: str | None


class Risk(TypedDict, total=False):
    """How much harm a wrong answer does."""

    level: Literal["low", "medium", "high"] | None
    tags: Sequence[str]


class Link(TypedDict):
    """Shown to reviewers, never fetched."""

    title: str
    url: str


class GateFields(TypedDict, total=False):
    """An answer that is held: for how long (1 to 86,400 s), and what is said when nobody has decided."""

    deadline_seconds: Required[int]
    on_timeout: OnTimeout
    fallback: Document | None


class CommonFields(TypedDict, total=False):
    """Fields that may be the same for many items."""

    model: Model | None
    group: str | None
    occurred_at: datetime | str | None
    risk: Risk | None
    attributes: Mapping[str, str | int | float | bool] | None
    subject: str | None
    links: Sequence[Link] | None
    trace_id: str | None


class ItemFields(CommonFields, total=False):
    """An item as it is submitted. Without ``external_id`` it is given one, which makes retries safe, not restarts."""

    external_id: str
    source: Required[str]
    kind: Required[Kind]
    input: Document
    output: Required[Document]
    confidence: float | None
    gate: GateFields | None


def named(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the item with an external_id: its own, or a new one."""
    return dict(item) if item.get("external_id") is not None else {**item, "external_id": uuid4().hex}


def encoded(document: Mapping[str, Any]) -> bytes:
    """Return JSON in UTF-8; times and UUIDs are written as text. Raises NotAnItem for what JSON cannot say."""
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise NotAnItem(f"This cannot be written as JSON: {error}") from error


def _plain(value: object) -> object:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise NotAnItem(f"A time needs its time zone: {value!r}")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")
