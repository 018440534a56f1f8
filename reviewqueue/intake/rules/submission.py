"""What a submission must look like: pure decisions over one JSON document."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from reviewqueue.common.errors import Invalid, Place
from reviewqueue.common.ids import new_id
from reviewqueue.common.strictjson import Document

from ..models import Kind
from .faults import Faults, token
from .fields import (
    attributes_of,
    check_extras,
    choice_of,
    confidence_of,
    model_of,
    moment_of,
    risk_of,
    text_of,
)
from .gates import GateAsked, gate_of
from .kinds import FORMS

MAX_CONTENT_BYTES = 512 * 1024
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
        "gate",
    ]
)
KINDS = tuple(Kind.values)


@dataclass(frozen=True, slots=True)
class Submission:
    """A valid item, not yet stored. ``body`` is the exact text as sent.

    ``needs_declaration``: whether its output is still to be checked against what its source declares; the id of
    the declaration that it was checked against is ``declaration_id`` (see ``check_declared``).
    """

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
    output: Any
    needs_declaration: bool
    body: str
    sha256: bytes
    content_hash: bytes
    search_text: str
    declaration_id: UUID | None = None
    gate: GateAsked | None = None


def submission(document: Document, *, secret: bytes, now: datetime) -> Submission:
    """Return the submission that a document holds.

    ``secret`` keys the content hash, so that it says nothing about redacted content to who lacks it.
    Raises Invalid with every place that is wrong.
    """
    faults = Faults()
    body = document.text.encode()
    item = document.value
    if not isinstance(item, dict):
        raise Invalid("An item is a JSON object.", places=[Place("#", "An object is required.")])
    if len(body) > MAX_CONTENT_BYTES:
        faults.add("", f"An item's content may have {MAX_CONTENT_BYTES // 1024} KiB.")
    _check_names(item, faults)
    kind = choice_of(item, "kind", KINDS, faults)
    risk_level, risk_tags = risk_of(item, faults)
    form = FORMS.get(kind)
    result = Submission(
        id=new_id(),
        source=text_of(item, "source", 50, faults, required=True),
        external_id=text_of(item, "external_id", 255, faults, required=True),
        model=model_of(item, faults),
        kind=kind,
        group=text_of(item, "group", 255, faults),
        confidence=confidence_of(item, faults),
        risk_level=risk_level,
        risk_tags=risk_tags,
        attributes=attributes_of(item, faults),
        occurred_at=moment_of(item, now, faults),
        output=item.get("output"),
        needs_declaration=form is not None and form.fits is not None,
        body=document.text,
        sha256=hashlib.sha256(body).digest(),
        content_hash=hmac.digest(secret, document.canonical, "sha256"),
        search_text=form.read(item, faults) if form else "",
        gate=gate_of(item, faults),
    )
    if form and result.gate and result.gate.fallback is not None:
        form.final(result.gate.fallback, faults.under("/gate/fallback"))
    check_extras(item, faults)
    faults.raise_any()
    return result


def _check_names(item: dict, faults: Faults) -> None:
    for name in item.keys() - FIELDS:
        faults.add(token(name), "This field is not known.")
