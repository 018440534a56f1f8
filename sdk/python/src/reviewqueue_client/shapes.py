"""What the server answers, as frozen dataclasses. Fields that a newer server adds are passed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from .errors import Problem

State: TypeAlias = Literal["received", "queued", "in_review", "settled", "passed", "escalated", "withdrawn"]
OnTimeout: TypeAlias = Literal["withhold", "pass", "fallback"]
Disposition: TypeAlias = Literal["final", "withheld", "fallback"]
Document: TypeAlias = Mapping[str, Any]


def _time(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """An item's final result.

    ``final`` is what may be said (None when it was withheld without a fallback). ``decision`` is None when no person
    judged. ``local`` is true when the server did not answer by the gate's deadline, and this client acted by what
    was agreed in the gate.
    """

    item: str
    version: int
    decision: Literal["approve", "edit", "reject"] | None
    basis: str
    disposition: Disposition
    final: Document | None
    changed: bool = False
    severity: Literal["none", "minor", "major", "critical"] | None = None
    cause: str | None = None
    reason_codes: tuple[str, ...] = ()
    follow_up: bool = False
    settled_at: datetime | None = None
    published_at: datetime | None = None
    reviewers: int = 0
    late: bool = False
    supersedes: int | None = None
    local: bool = False

    @property
    def content(self) -> str | None:
        """Return the text that may be said, for kinds whose output is ``{"content": …}``."""
        content = (self.final or {}).get("content")
        return content if isinstance(content, str) else None

    @classmethod
    def read(cls, document: Document) -> Outcome:
        """Read an outcome as the API and webhooks give it."""
        return cls(**_outcome_fields(document))


def _outcome_fields(document: Document) -> dict[str, Any]:
    plain = ("decision", "basis", "disposition", "final", "changed", "severity", "cause", "follow_up")
    counted = ("version", "reviewers", "late", "supersedes")
    return {
        "item": str(document["item"]),
        **{name: document[name] for name in (*plain, *counted) if name in document},
        "reason_codes": tuple(document.get("reason_codes") or ()),
        "settled_at": _time(document.get("settled_at")),
        "published_at": _time(document.get("published_at")),
    }


@dataclass(frozen=True, slots=True)
class Correction:
    """One publication of the corrections feed: an outcome, and what names its item."""

    position: int
    external_id: str
    source: str
    kind: str
    correction: Document | None
    outcome: Outcome

    @classmethod
    def read(cls, row: Document) -> Correction:
        """Read one row of the feed."""
        return cls(
            position=row["position"],
            external_id=row["external_id"],
            source=row["source"],
            kind=row["kind"],
            correction=row.get("correction"),
            outcome=Outcome.read(row),
        )


@dataclass(frozen=True, slots=True)
class Triage:
    """What triage decided about a gated item, and why in words."""

    result: Literal["pass", "review"]
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """What was agreed for an answer that is held: this client can act by it when the server is silent."""

    deadline_at: datetime
    on_timeout: OnTimeout
    fallback: Document | None
    output: Document = field(repr=False)
    #: A high-risk item, and an action, is never passed by a timeout here.
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """An item that the server has stored. ``outcome`` is there when it was gated and triage let it pass."""

    id: str
    external_id: str
    state: State
    replayed: bool = False
    triage: Triage | None = None
    outcome: Outcome | None = None
    gate: Gate | None = None


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item as the server shows it; ``document`` has every field, with its content when one item was read."""

    id: str
    external_id: str
    source: str
    kind: str
    state: State
    received_at: datetime | None
    document: Document = field(repr=False)

    @classmethod
    def read(cls, document: Document) -> StoredItem:
        """Read an item, or its summary."""
        names = ("id", "external_id", "source", "kind", "state")
        known = {name: document[name] for name in names}
        return cls(**known, received_at=_time(document.get("received_at")), document=document)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item of a batch: ``index`` counts from 0 in the order given."""

    index: int
    status: int
    external_id: str
    id: str | None = None
    problem: Problem | None = None

    @property
    def ok(self) -> bool:
        """Whether it is stored: now, or before with the same content."""
        return self.id is not None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an item without outcome stands."""

    state: State
    queue: str | None = None
    position: int | None = None
    expected_wait_seconds: float | None = None

    @classmethod
    def read(cls, document: Document) -> Standing:
        """Read the answer of a long poll that ended without outcome."""
        names = ("queue", "position", "expected_wait_seconds")
        return cls(state=document["state"], **{name: document.get(name) for name in names})
