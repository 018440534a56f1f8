"""What is submitted, and items as they are read."""

from reviewqueue.intake.models import Kind
from reviewqueue.intake.rules import MAX_ATTRIBUTES

from .kinds import KINDS, name_of, submission_of
from .words import (
    COUNT,
    FREE,
    ID,
    NAMED,
    PAGE_PARAMETERS,
    REQUIRED_TEXT,
    TIME,
    Shape,
    in_query,
    listed,
    nullable,
    obj,
    optional,
    page_of,
    ref,
    text,
)

_PARTS: dict[str, Shape] = {
    "Model": obj(
        {"name": NAMED, "version": NAMED, "prompt": nullable(text(200)), "index": nullable(text(200))},
        ("prompt", "index"),
        closed=True,
        about="What made the output; quality is counted by it.",
    ),
    "Risk": obj(
        {
            "level": optional("RiskLevel"),
            "tags": {"type": ["array", "null"], "items": text(80, minLength=1), "maxItems": 20},
        },
        ("level", "tags"),
        closed=True,
    ),
    "Attributes": {
        "type": "object",
        "description": "Further facts, which rules can ask about.",
        "maxProperties": MAX_ATTRIBUTES,
        "propertyNames": {"minLength": 1, "maxLength": 80},
        "additionalProperties": {
            "anyOf": [
                text(1000),
                {"type": "number", "exclusiveMinimum": -(2**63), "exclusiveMaximum": 2**63},
                {"type": "boolean"},
            ]
        },
    },
    "Link": obj(
        {"title": text(), "url": text(2000, pattern="^https?://")}, about="Shown to reviewers, never fetched."
    ),
    "Gate": obj(
        {
            "deadline_seconds": {"type": "integer", "minimum": 1, "maximum": 86_400},
            "on_timeout": ref("OnTimeout")
            | {"default": "withhold", "description": "What you get when nobody has decided in time."},
            "fallback": nullable(FREE | {"description": "An output of the item's kind; needed for `fallback`."}),
        },
        ("on_timeout", "fallback"),
        closed=True,
        about="The answer is held: you wait for people. Without a gate it has been given already.",
    ),
}
_SENT: Shape = {
    "external_id": REQUIRED_TEXT | {"description": "Your own name for it; names one item of the source for good."},
    "source": text(50, minLength=1, description="The slug of one of the workspace's sources."),
    "kind": ref("Kind"),
    "input": nullable(FREE),
    "output": FREE,
    "model": optional("Model"),
    "group": nullable(text(255, description="The conversation or document it belongs to.")),
    "occurred_at": nullable(
        TIME | {"description": "When it was said, with an offset, from the years 2000 to 2100 (default: now)."}
    ),
    "confidence": {
        "type": ["number", "null"],
        "minimum": 0,
        "maximum": 1,
        "description": "How sure the AI was.",
    },
    "risk": optional("Risk"),
    "attributes": optional("Attributes"),
    "subject": nullable(text(255, description="The person whom the data is about, for erasure.")),
    "links": {"type": ["array", "null"], "items": ref("Link"), "maxItems": 20},
    "trace_id": nullable(text(255)),
    "gate": optional("Gate"),
}
_NEEDED = ["external_id", "source", "kind", "output"]
_HELD: Shape = {"triage": ref("Triage"), "outcome": ref("Outcome")}
_OURS: Shape = {"id": ID, "state": ref("State"), "received_at": TIME}
_SUMMARY = {name: _SENT[name] for name in ("external_id", "source", "kind", "group", "occurred_at", "confidence")}
_SUMMARY |= {"model": optional("ModelShown"), "risk": ref("RiskShown"), "attributes": ref("Attributes")}

ITEMS: dict[str, Shape] = {
    **_PARTS,
    **KINDS,
    **{name_of(kind): submission_of(kind, _SENT) for kind in Kind.values},
    "Submission": {
        "oneOf": [ref(name_of(kind)) for kind in Kind.values],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {kind: ref(name_of(kind))["$ref"] for kind in Kind.values},
        },
        "description": "An item as you submit it. What its input and output are depends on its kind.",
    },
    "Received": obj({"id": ID, "state": ref("State"), **_HELD}, ("triage", "outcome")),
    "Triage": obj(
        {
            "result": ref("TriageResult"),
            "why": listed(text()) | {"description": "The rules' reasons in words."},
        },
        about="What triage said of an answer that is held; only there when the item has a gate.",
    ),
    "Held": obj(
        {
            "deadline_at": TIME,
            "on_timeout": ref("OnTimeout"),
            "closed_at": nullable(TIME),
            "closed_because": optional("GateEnd")
            | {
                "description": "How it ended: `unattended` when nobody on duty could have taken it, `stopped` when "
                "work on it was, `overloaded` when an overload plan answers what its rule holds at once."
            },
        },
        about="The item's gate as it stands; only there when its answer was held.",
    ),
    "Item": {
        "type": "object",
        "description": "Our id, state and time, and every field as it was sent, to the letter.",
        "properties": {
            **_OURS,
            **_SENT,
            "held": ref("Held"),
            "redacted_at": TIME | {"description": "When its content was erased; input and output are then empty."},
        },
        "required": [*_OURS, *_NEEDED],
    },
    "ModelShown": obj(dict.fromkeys(("name", "version", "prompt", "index"), text())),
    "RiskShown": obj({"level": optional("RiskLevel"), "tags": listed(text())}),
    "ItemSummary": obj({**_OURS, **_SUMMARY}, about="An item without its content."),
    "ItemPage": page_of("ItemSummary"),
    "Batch": obj({"items": listed(ref("Submission"), 1000)}, closed=True),
    "BatchAnswer": obj(
        {
            "index": COUNT | {"description": "Its place in the batch, from 0."},
            "status": {"type": "integer", "description": "What a single POST would have answered."},
            "id": ID,
            "error": ref("Problem"),
            "state": ref("State"),
            **_HELD,
        },
        ("id", "error", "state", "triage", "outcome"),
    ),
    "BatchResult": obj({"results": listed(ref("BatchAnswer"))}),
}

LIST_PARAMETERS = [
    in_query("source", text(), "The source's slug."),
    in_query("state", ref("State"), "Where the item stands."),
    in_query("external_id", text(), "Exactly this external_id."),
    in_query("model_version", text(), "Exactly this model version."),
    *PAGE_PARAMETERS,
]
