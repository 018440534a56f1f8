"""Sources and what they declare."""

from reviewqueue.intake.rules import MAX_LABELS

from .words import COUNT, FREE, TIME, Shape, listed, nullable, obj, optional, page_of, text

_SCHEMA = nullable(FREE) | {"description": "A JSON Schema, draft 2020-12; references stay within it."}
_TOOLS: Shape = {
    "type": ["object", "null"],
    "additionalProperties": {"type": ["object", "null"], "additionalProperties": True},
    "description": "Each tool's name with the JSON Schema of its arguments, or null for any. No tools: any tool.",
}
_LABELS = {"type": ["array", "null"], "items": text(200, minLength=1), "maxItems": MAX_LABELS, "uniqueItems": True}
_SENT: Shape = {"labels": _LABELS, "json_schema": _SCHEMA, "tools": _TOOLS}

SOURCES: dict[str, Shape] = {
    "Source": obj({"slug": text(), "name": text(), "created_at": TIME, "declaration": optional("Declaration")}),
    "SourcePage": page_of("Source"),
    "NewSource": obj(
        {"slug": text(50, pattern="^[-a-zA-Z0-9_]+$"), "name": nullable(text(200)), **_SENT},
        ("name", *_SENT),
        closed=True,
    ),
    "Declaration": obj(
        {
            "version": COUNT,
            "labels": listed(text()),
            "json_schema": _SCHEMA,
            "tools": _TOOLS,
            "created_at": TIME,
        }
    ),
    "DeclarationSent": obj(
        {**_SENT, "instead_of": nullable(COUNT | {"maximum": 2147483647})}, (*_SENT, "instead_of"), closed=True
    ),
}
