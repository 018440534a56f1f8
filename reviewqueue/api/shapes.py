"""What goes in and comes out, as JSON Schema 2020-12: the components of the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter

from reviewqueue.datasets.models import Dataset
from reviewqueue.intake.models import Kind, Risk, State
from reviewqueue.intake.rules import MAX_ATTRIBUTES, ROLES
from reviewqueue.review.models import Basis, Cause, Decision, Outcome, Severity

Shape = dict[str, Any]


def ref(name: str) -> Shape:
    """Return a reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Shape, optional: tuple[str, ...] = (), *, closed: bool = False, about: str = "") -> Shape:
    required = [name for name in properties if name not in optional]
    shape: Shape = {"type": "object", "properties": properties, "required": required}
    if not required:
        del shape["required"]
    return shape | ({"additionalProperties": False} if closed else {}) | ({"description": about} if about else {})


def _text(longest: int | None = None, **more: Any) -> Shape:
    return {"type": "string"} | ({"maxLength": longest} if longest else {}) | more


def _choice(values: list[str], *, nullable: bool = False) -> Shape:
    return {"type": ["string", "null"], "enum": [*values, None]} if nullable else {"type": "string", "enum": values}


def _nullable(shape: Shape) -> Shape:
    return {**shape, "type": [shape["type"], "null"]}


def _list(of: Shape, most: int | None = None) -> Shape:
    return {"type": "array", "items": of} | ({"maxItems": most} if most else {})


def _page(of: str) -> Shape:
    return _object({"results": _list(ref(of)), "next": _nullable(_text(format="uri"))})


ID = _text(format="uuid")
TIME = _text(format="date-time")
FLAG: Shape = {"type": "boolean"}
COUNT: Shape = {"type": "integer", "minimum": 0}
REQUIRED_TEXT = _text(255, minLength=1)
FREE: Shape = {"type": "object", "additionalProperties": True}
NAMED = _text(200, minLength=1)
FENCE: Shape = {"type": "integer", "minimum": 0, "maximum": 2147483647}

_MESSAGE = {
    "type": "object",
    "properties": {"role": _choice(sorted(ROLES)), "content": _text(), "name": _text()},
    "required": ["role", "content"],
}
_DOCUMENT = {
    "type": "object",
    "properties": {"id": _text(), "title": _text(), "text": _text(), "url": _text()},
    "required": ["id", "title", "text"],
}
_MODEL = _object(
    {"name": NAMED, "version": NAMED, "prompt": _nullable(_text(200)), "index": _nullable(_text(200))},
    ("prompt", "index"),
    closed=True,
)
_RISK = _object(
    {
        "level": _choice(Risk.values, nullable=True),
        "tags": {"type": ["array", "null"], "items": _text(80, minLength=1), "maxItems": 20},
    },
    ("level", "tags"),
    closed=True,
)
_ATTRIBUTES = {
    "type": ["object", "null"],
    "maxProperties": MAX_ATTRIBUTES,
    "propertyNames": {"minLength": 1, "maxLength": 80},
    "additionalProperties": {"type": ["string", "number", "boolean"], "maxLength": 1000},
}
_LINK = _object(
    {"title": _text(), "url": _text(2000, pattern="^https?://")}, about="Shown to reviewers, never fetched."
)
_CHAT = {
    "properties": {
        "kind": {"const": "chat"},
        "input": {
            "type": "object",
            "properties": {
                "messages": {"type": "array", "items": _MESSAGE, "minItems": 1},
                "documents": {"type": ["array", "null"], "items": _DOCUMENT},
            },
            "required": ["messages"],
        },
        "output": _object({"content": _text(minLength=1)}),
    },
    "required": ["input"],
}
_CLASSIFICATION = {
    "properties": {
        "kind": {"const": "classification"},
        "input": FREE,
        "output": _object(
            {"label": _text(minLength=1), "scores": {"type": "object", "additionalProperties": {"type": "number"}}},
            ("scores",),
        ),
    }
}
_SENT: Shape = {
    "external_id": REQUIRED_TEXT | {"description": "Your own name for it; names one item of the source for good."},
    "source": _text(50, minLength=1, description="The slug of one of the workspace's sources."),
    "kind": _choice(Kind.values),
    "input": FREE,
    "output": FREE,
    "model": {"anyOf": [_MODEL, {"type": "null"}]},
    "group": _nullable(_text(255, description="The conversation or document it belongs to.")),
    "occurred_at": _nullable(TIME | {"description": "When it was said (default: now)."}),
    "confidence": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    "risk": {"anyOf": [_RISK, {"type": "null"}]},
    "attributes": _ATTRIBUTES,
    "subject": _nullable(_text(255, description="The person whom the data is about.")),
    "links": {"type": ["array", "null"], "items": _LINK, "maxItems": 20},
    "trace_id": _nullable(_text(255)),
}
_NEEDED = ["external_id", "source", "kind", "output"]
_OURS: Shape = {"id": ID, "state": _choice(State.values), "received_at": TIME}
_SUMMARY = {
    name: _SENT[name]
    for name in ("external_id", "source", "kind", "group", "occurred_at", "confidence", "attributes")
}
_SUMMARY |= {
    "model": {"anyOf": [_object(dict.fromkeys(("name", "version", "prompt", "index"), _text())), {"type": "null"}]}
}
_SUMMARY |= {"risk": _object({"level": _choice(Risk.values, nullable=True), "tags": _list(_text())})}
_CORRECTION = {
    "description": "The new content (chat) or label (classification), alone or as an object with that one field.",
    "anyOf": [_text(minLength=1), FREE, {"type": "null"}],
}

COMPONENTS: dict[str, Shape] = {
    "Submission": {
        **_object(_SENT, tuple(_SENT.keys() - set(_NEEDED)), closed=True),
        "required": _NEEDED,
        "oneOf": [_CHAT, _CLASSIFICATION],
    },
    "Received": _object({"id": ID, "state": _choice(State.values)}),
    "Item": {
        "type": "object",
        "description": "Our id, state and time, and every field as it was sent, to the letter.",
        "properties": {**_OURS, **_SENT, "redacted_at": TIME},
        "required": [*_OURS, *_NEEDED],
    },
    "ItemSummary": _object({**_OURS, **_SUMMARY}),
    "ItemPage": _page("ItemSummary"),
    "Batch": _object({"items": _list(ref("Submission"), 1000)}, closed=True),
    "BatchResult": _object(
        {
            "results": _list(
                _object(
                    {"index": COUNT, "status": {"type": "integer"}, "id": ID, "error": ref("Problem")},
                    ("id", "error"),
                )
            )
        }
    ),
    "Outcome": _object(
        {
            "item": ID,
            "version": COUNT | {"description": "0 while triage alone has decided; a person's first outcome is 1."},
            "decision": _choice(Decision.values, nullable=True),
            "basis": _choice(Basis.values),
            "disposition": _choice(Outcome.Disposition.values),
            "final": {"type": ["object", "null"], "additionalProperties": True},
            "changed": FLAG,
            "severity": _choice(Severity.values, nullable=True),
            "cause": _choice(Cause.values, nullable=True),
            "reason_codes": _list(_text()),
            "follow_up": FLAG,
            "settled_at": TIME,
            "published_at": TIME,
            "reviewers": COUNT,
            "late": FLAG,
            "supersedes": {"type": ["integer", "null"]},
        }
    ),
    "Waiting": _object(
        {
            "state": _choice(State.values),
            "queue": _nullable(_text(description="The queue's slug; null before triage.")),
            "position": _nullable(
                COUNT | {"description": "Its place in the queue by rank, 1 is next; 0 while a reviewer has it."}
            ),
            "expected_wait_seconds": _nullable(
                COUNT
                | {
                    "description": "Position times the time one item takes: the time since the oldest of the last 50 "
                    "items that left the queue within 24 hours, divided by their number. Null when none has."
                }
            ),
        }
    ),
    "Assignment": _object(
        {
            "id": ID,
            "fence": FENCE | {"description": "Send it with every further step of this turn."},
            "expires_at": TIME,
            "queue": _text(),
            "item": ref("Item"),
            "why": _list(_text()),
            "guidelines": _list(_text()),
            "precedents": _list(FREE),
            "draft": FREE,
        },
        ("draft",),
    ),
    "Heartbeat": _object({"fence": FENCE, "draft": _nullable(FREE)}, ("draft",), closed=True),
    "Renewed": _object({"id": ID, "fence": FENCE, "expires_at": TIME}),
    "Judgement": _object(
        {
            "fence": FENCE,
            "decision": _choice(Decision.values),
            "severity": _choice(Severity.values, nullable=True)
            | {"description": "Required with edit and reject; none means style only."},
            "correction": _CORRECTION,
            "reason_codes": {"type": ["array", "null"], "items": _text(), "maxItems": 20},
            "cause": _choice(Cause.values, nullable=True),
            "note": _nullable(_text(10_000)),
            "follow_up": {"type": ["boolean", "null"]},
            "train": {"type": ["boolean", "null"]},
        },
        ("severity", "correction", "reason_codes", "cause", "note", "follow_up", "train"),
        closed=True,
    ),
    "Review": _object(
        {
            "id": ID,
            "item": ID,
            "decision": _choice(Decision.values),
            "severity": _choice(Severity.values),
            "submitted_at": TIME,
            "state": _choice(State.values),
            "visible_at": _nullable(
                TIME | {"description": "When the outcome can no longer be undone and becomes visible outside."}
            ),
        }
    ),
    "Return": _object({"fence": FENCE, "reason": _nullable(_text(2_000))}, ("reason",), closed=True),
    "Question": _object({"fence": FENCE, "question": _text(10_000, minLength=1)}, closed=True),
    "Escalation": _object({"id": ID, "item": ID, "why": _text(), "opened_at": TIME}),
    "Dataset": _object(
        {
            "slug": _text(),
            "name": _text(),
            "format": _choice(Dataset.Format.values),
            "query": FREE,
            "created_at": TIME,
            "latest_version": {"type": ["integer", "null"]},
        }
    ),
    "DatasetPage": _page("Dataset"),
    "Definition": _object(
        {
            "slug": _text(50, pattern="^[-a-zA-Z0-9_]+$"),
            "name": _nullable(_text(200)),
            "format": _choice(Dataset.Format.values),
            "query": {
                "type": ["object", "null"],
                "properties": {name: _list(_text()) for name in ("sources", "kinds", "model_versions")},
                "additionalProperties": False,
            },
        },
        ("name", "query"),
        closed=True,
    ),
    "Release": _object(
        {
            "dataset": _text(),
            "version": {"type": "integer"},
            "state": _choice(["building", "ready", "failed"]),
            "through_position": COUNT,
            "requested_at": TIME,
            "ready_at": _nullable(TIME),
            "rows": _nullable(COUNT),
            "bytes": _nullable(COUNT),
            "sha256": _nullable(_text()),
            "manifest": {"type": ["object", "null"], "additionalProperties": True},
            "files": _list(_object({"name": _text(), "url": _text(format="uri")})),
        }
    ),
    "Problem": _object(
        {
            "type": _text(format="uri"),
            "title": _text(),
            "status": {"type": "integer"},
            "detail": _text(),
            "errors": _list(
                _object(
                    {
                        "pointer": _text(
                            description="A JSON pointer into the body (`#/confidence`), or `?name` for the query."
                        ),
                        "detail": _text(),
                    }
                )
            ),
        },
        ("errors",),
        about="RFC 9457; `type` is stable.",
    ),
}


def in_query(name: str, shape: Shape, about: str) -> OpenApiParameter:
    """Return a query parameter."""
    return OpenApiParameter(name, shape, OpenApiParameter.QUERY, description=about)


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    _text(255, minLength=1),
    OpenApiParameter.HEADER,
    description="A name of your own for this request.",
)
PAGE_PARAMETERS = [
    in_query("cursor", ID, "Where the page begins; follow `next` instead of making one."),
    in_query("limit", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}, "Rows on a page."),
]
LIST_PARAMETERS = [
    in_query("source", _text(), "The source's slug."),
    in_query("state", _choice(State.values), "Where the item stands."),
    in_query("external_id", _text(), "Exactly this external_id."),
    in_query("model_version", _text(), "Exactly this model version."),
    *PAGE_PARAMETERS,
]
WAIT_PARAMETERS = [
    in_query(
        "wait",
        {"type": "integer", "minimum": 0, "maximum": 60, "default": 0},
        "For how many seconds to wait for the outcome.",
    )
]
