"""What a submission must look like: pure decisions over one JSON document."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from reviewqueue.common.errors import Invalid, Place
from reviewqueue.common.ids import new_id
from reviewqueue.common.strictjson import Document

from .models import Kind, Risk

MAX_CONTENT_BYTES = 512 * 1024
MAX_ATTRIBUTES = 50
FIELDS = frozenset(
    [
        "external_id",
        "source",
        "model",
        "kind",
        "group",
        "occurred_at",
        "input",
        "output",
        "confidence",
        "risk",
        "attributes",
        "subject",
        "links",
        "trace_id",
    ]
)
KINDS, LEVELS = tuple(Kind.values), tuple(Risk.values)
ROLES = frozenset({"system", "user", "assistant", "tool"})


@dataclass(frozen=True, slots=True)
class Submission:
    """A valid item, not yet stored. ``body`` is the exact text as sent."""

    id: UUID
    source: str
    external_id: str
    model: tuple[str, str, str, str] | None
    kind: str
    group: str
    confidence: float | None
    risk_level: str
    risk_tags: list[str]
    attributes: dict[str, Any]
    occurred_at: datetime
    label: str | None
    body: str
    sha256: bytes
    content_hash: bytes
    search_text: str


def submission(document: Document, *, secret: bytes, now: datetime) -> Submission:
    """Return the submission that a document holds.

    ``secret`` keys the content hash, so that it says nothing about redacted content to who lacks it.
    Raises Invalid with every place that is wrong.
    """
    faults = _Faults()
    body = document.text.encode()
    item = document.value
    if not isinstance(item, dict):
        raise Invalid("An item is a JSON object.", places=[Place("#", "An object is required.")])
    if len(body) > MAX_CONTENT_BYTES:
        faults.add("#", f"An item's content may have {MAX_CONTENT_BYTES // 1024} KiB.")
    _check_names(item, faults)
    kind = _choice(item, "kind", KINDS, faults, required=True)
    checked = _Checked(item, kind, faults)
    result = Submission(
        id=new_id(),
        source=_text(item, "source", 50, faults, required=True),
        external_id=_text(item, "external_id", 255, faults, required=True),
        model=_model(item, faults),
        kind=kind,
        group=_text(item, "group", 255, faults),
        confidence=_confidence(item, faults),
        risk_level=checked.risk_level,
        risk_tags=checked.risk_tags,
        attributes=_attributes(item, faults),
        occurred_at=_moment(item, now, faults),
        label=checked.label,
        body=document.text,
        sha256=hashlib.sha256(body).digest(),
        content_hash=hmac.digest(secret, document.canonical, "sha256"),
        search_text=checked.search_text,
    )
    _check_extras(item, faults)
    faults.raise_any()
    return result


class _Faults:
    """Every place that is wrong, so that a client mends them all at once."""

    def __init__(self) -> None:
        self.places: list[Place] = []

    def add(self, pointer: str, detail: str) -> None:
        self.places.append(Place(pointer, detail))

    def raise_any(self) -> None:
        if self.places:
            raise Invalid(f"The item is wrong in {len(self.places)} place(s).", places=self.places)


class _Checked:
    """The parts of an item whose form depends on its kind, and its risk."""

    def __init__(self, item: dict, kind: str, faults: _Faults) -> None:
        self.risk_level, self.risk_tags = _risk(item, faults)
        self.label: str | None = None
        self.search_text = ""
        check: Callable | None = {Kind.CHAT: self._chat, Kind.CLASSIFICATION: self._classification}.get(kind)  # type: ignore[call-overload]
        if check:
            check(item, faults)

    def _chat(self, item: dict, faults: _Faults) -> None:
        said = _messages(item.get("input"), faults)
        answer = _content(item.get("output"), faults)
        self.search_text = "\n".join([*said, answer])

    def _classification(self, item: dict, faults: _Faults) -> None:
        given = item.get("input", {})
        if not isinstance(given, dict):
            faults.add("#/input", "An object is required.")
            given = {}
        output = item.get("output")
        label = output.get("label") if isinstance(output, dict) else None
        if not isinstance(label, str) or not label:
            faults.add("#/output/label", "A label is required.")
            label = ""
        _check_scores(output, faults)
        self.label = label
        text = given.get("text")
        self.search_text = "\n".join([text if isinstance(text, str) else "", label])


def _check_scores(output: Any, faults: _Faults) -> None:
    scores = output.get("scores", {}) if isinstance(output, dict) else {}
    if not isinstance(scores, dict) or not all(_is_number(score) for score in scores.values()):
        faults.add("#/output/scores", "An object of label and number is required.")


def check_label(label: str, labels: list[str]) -> None:
    """Raise Invalid unless the source declared ``label``."""
    if label not in labels:
        known = ", ".join(labels[:12]) or "none"
        raise Invalid(
            "The source has not declared this label.",
            places=[Place("#/output/label", f"{label[:80]!r} is not declared; declared are: {known}")],
        )


def _check_names(item: dict, faults: _Faults) -> None:
    for name in item.keys() - FIELDS:
        if name == "gate":
            faults.add("#/gate", "Held answers are not available in this version.")
        else:
            faults.add(f"#/{str(name)[:80]}", "This field is not known.")


def _check_extras(item: dict, faults: _Faults) -> None:
    _text(item, "subject", 255, faults)
    _text(item, "trace_id", 255, faults)
    links = item.get("links") or []
    if not isinstance(links, list) or len(links) > 20:
        faults.add("#/links", "A list of at most 20 links is required.")
        return
    for index, link in enumerate(links):
        if not _is_link(link):
            faults.add(f"#/links/{index}", "A title and an http or https url are required.")


def _is_link(link: Any) -> bool:
    if not isinstance(link, dict) or not isinstance(link.get("title"), str):
        return False
    url = link.get("url")
    return isinstance(url, str) and url.startswith(("https://", "http://")) and len(url) <= 2000


def _text(item: dict, name: str, longest: int, faults: _Faults, *, required: bool = False) -> str:
    value = item.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value.strip()):
        faults.add(f"#/{name}", "Text is required.")
        return ""
    if len(value) > longest:
        faults.add(f"#/{name}", f"At most {longest} characters.")
    return value


def _choice(item: dict, name: str, known: tuple[str, ...], faults: _Faults, *, required: bool = False) -> str:
    value = item.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or value not in known:
        faults.add(f"#/{name}", f"One of {', '.join(known)} is required.")
        return ""
    return value


def _model(item: dict, faults: _Faults) -> tuple[str, str, str, str] | None:
    model = item.get("model")
    if model is None:
        return None
    if not isinstance(model, dict) or model.keys() - {"name", "version", "prompt", "index"}:
        faults.add("#/model", "An object with name, version, and perhaps prompt and index is required.")
        return None
    own = _Faults()
    name, version = (_text(model, part, 200, own, required=True) for part in ("name", "version"))
    prompt, index = (_text(model, part, 200, own) for part in ("prompt", "index"))
    faults.places += [Place(place.pointer.replace("#", "#/model", 1), place.detail) for place in own.places]
    return name, version, prompt, index


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _confidence(item: dict, faults: _Faults) -> float | None:
    value = item.get("confidence")
    if value is None:
        return None
    if not _is_number(value) or not 0 <= value <= 1:
        faults.add("#/confidence", "A number from 0 to 1, or null, is required.")
        return None
    return float(value)


def _risk(item: dict, faults: _Faults) -> tuple[str, list[str]]:
    risk = item.get("risk")
    if risk is None:
        return "", []
    if not isinstance(risk, dict) or risk.keys() - {"level", "tags"}:
        faults.add("#/risk", "An object with level and tags is required.")
        return "", []
    level, tags = risk.get("level"), risk.get("tags") or []
    if level is not None and level not in LEVELS:
        faults.add("#/risk/level", "One of low, medium, high, or null, is required.")
        level = None
    if not isinstance(tags, list) or len(tags) > 20 or not all(_is_tag(tag) for tag in tags):
        faults.add("#/risk/tags", "A list of at most 20 short texts is required.")
        tags = []
    return level or "", tags


def _is_tag(tag: Any) -> bool:
    return isinstance(tag, str) and 0 < len(tag) <= 80


def _attributes(item: dict, faults: _Faults) -> dict[str, Any]:
    attributes = item.get("attributes")
    if attributes is None:
        return {}
    if not isinstance(attributes, dict):
        faults.add("#/attributes", "An object is required.")
        return {}
    if len(attributes) > MAX_ATTRIBUTES:
        faults.add("#/attributes", f"At most {MAX_ATTRIBUTES} attributes.")
    for name, value in attributes.items():
        if not _is_attribute(name, value):
            faults.add(f"#/attributes/{name[:80]}", "A short text, a number, true or false is required.")
    return attributes


def _is_attribute(name: str, value: Any) -> bool:
    if not 0 < len(name) <= 80:
        return False
    if isinstance(value, str):
        return len(value) <= 1000
    return isinstance(value, bool) or (_is_number(value) and abs(value) < 2**63)


def _moment(item: dict, now: datetime, faults: _Faults) -> datetime:
    value = item.get("occurred_at")
    if value is None:
        return now
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("no offset")
        moment = moment.astimezone(UTC)
        if not 2000 <= moment.year <= 2100:
            raise ValueError("no year of ours")
    except (TypeError, ValueError, OverflowError):
        faults.add("#/occurred_at", "An RFC 3339 time with an offset is required, such as 2026-11-22T10:04:11Z.")
        return now
    return moment


def _messages(given: Any, faults: _Faults) -> list[str]:
    messages = given.get("messages") if isinstance(given, dict) else None
    if not isinstance(messages, list) or not messages:
        faults.add("#/input/messages", "A list of at least one message is required.")
        return []
    for index, message in enumerate(messages):
        if not _is_message(message):
            faults.add(f"#/input/messages/{index}", "A role (system, user, assistant, tool) and a text content.")
    _check_documents(given.get("documents"), faults)
    return [message["content"] for message in messages if _is_message(message)]


def _is_message(message: Any) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        return False
    return message["role"] in ROLES and isinstance(message.get("content"), str)


def _check_documents(documents: Any, faults: _Faults) -> None:
    if documents is None:
        return
    if not isinstance(documents, list):
        faults.add("#/input/documents", "A list is required.")
        return
    for index, document in enumerate(documents):
        if not isinstance(document, dict) or not all(
            isinstance(document.get(n), str) for n in ("id", "title", "text")
        ):
            faults.add(f"#/input/documents/{index}", "An id, a title and a text are required.")


def _content(output: Any, faults: _Faults) -> str:
    content = output.get("content") if isinstance(output, dict) else None
    if not isinstance(content, str) or not content:
        faults.add("#/output/content", "A text is required.")
        return ""
    return content
