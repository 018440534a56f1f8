"""What is submitted, and items as they are read."""

from reviewqueue.intake.models import Kind, Risk, State
from reviewqueue.intake.rules import MAX_ATTRIBUTES, ROLES

from .words import (
    COUNT,
    FREE,
    ID,
    NAMED,
    PAGE_PARAMETERS,
    REQUIRED_TEXT,
    TIME,
    Shape,
    choice,
    in_query,
    listed,
    nullable,
    obj,
    page_of,
    ref,
    text,
)

_MESSAGE = {
    "type": "object",
    "properties": {"role": choice(sorted(ROLES)), "content": text(), "name": text()},
    "required": ["role", "content"],
}
_DOCUMENT = {
    "type": "object",
    "properties": {"id": text(), "title": text(), "text": text(), "url": text()},
    "required": ["id", "title", "text"],
}
_MODEL = obj(
    {"name": NAMED, "version": NAMED, "prompt": nullable(text(200)), "index": nullable(text(200))},
    ("prompt", "index"),
    closed=True,
)
_RISK = obj(
    {
        "level": choice(Risk.values, nullable=True),
        "tags": {"type": ["array", "null"], "items": text(80, minLength=1), "maxItems": 20},
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
_LINK = obj({"title": text(), "url": text(2000, pattern="^https?://")}, about="Shown to reviewers, never fetched.")
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
        "output": obj({"content": text(minLength=1)}),
    },
    "required": ["input"],
}
_CLASSIFICATION = {
    "properties": {
        "kind": {"const": "classification"},
        "input": FREE,
        "output": obj(
            {"label": text(minLength=1), "scores": {"type": "object", "additionalProperties": {"type": "number"}}},
            ("scores",),
        ),
    }
}
_SENT: Shape = {
    "external_id": REQUIRED_TEXT | {"description": "Your own name for it; names one item of the source for good."},
    "source": text(50, minLength=1, description="The slug of one of the workspace's sources."),
    "kind": choice(Kind.values),
    "input": FREE,
    "output": FREE,
    "model": {"anyOf": [_MODEL, {"type": "null"}]},
    "group": nullable(text(255, description="The conversation or document it belongs to.")),
    "occurred_at": nullable(TIME | {"description": "When it was said (default: now)."}),
    "confidence": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    "risk": {"anyOf": [_RISK, {"type": "null"}]},
    "attributes": _ATTRIBUTES,
    "subject": nullable(text(255, description="The person whom the data is about.")),
    "links": {"type": ["array", "null"], "items": _LINK, "maxItems": 20},
    "trace_id": nullable(text(255)),
}
_NEEDED = ["external_id", "source", "kind", "output"]
_OURS: Shape = {"id": ID, "state": choice(State.values), "received_at": TIME}
_SUMMARY = {
    name: _SENT[name]
    for name in ("external_id", "source", "kind", "group", "occurred_at", "confidence", "attributes")
}
_SUMMARY |= {
    "model": {"anyOf": [obj(dict.fromkeys(("name", "version", "prompt", "index"), text())), {"type": "null"}]}
}
_SUMMARY |= {"risk": obj({"level": choice(Risk.values, nullable=True), "tags": listed(text())})}

ITEMS: dict[str, Shape] = {
    "Submission": {
        **obj(_SENT, tuple(_SENT.keys() - set(_NEEDED)), closed=True),
        "required": _NEEDED,
        "oneOf": [_CHAT, _CLASSIFICATION],
    },
    "Received": obj({"id": ID, "state": choice(State.values)}),
    "Item": {
        "type": "object",
        "description": "Our id, state and time, and every field as it was sent, to the letter.",
        "properties": {**_OURS, **_SENT, "redacted_at": TIME},
        "required": [*_OURS, *_NEEDED],
    },
    "ItemSummary": obj({**_OURS, **_SUMMARY}),
    "ItemPage": page_of("ItemSummary"),
    "Batch": obj({"items": listed(ref("Submission"), 1000)}, closed=True),
    "BatchResult": obj(
        {
            "results": listed(
                obj(
                    {"index": COUNT, "status": {"type": "integer"}, "id": ID, "error": ref("Problem")},
                    ("id", "error"),
                )
            )
        }
    ),
}

LIST_PARAMETERS = [
    in_query("source", text(), "The source's slug."),
    in_query("state", choice(State.values), "Where the item stands."),
    in_query("external_id", text(), "Exactly this external_id."),
    in_query("model_version", text(), "Exactly this model version."),
    *PAGE_PARAMETERS,
]
