"""An item of each kind that a person has to judge, and what its source declares for it."""

from typing import Any

from reviewqueue.audit.actions import SYSTEM
from reviewqueue.intake.actions import declare
from reviewqueue.intake.models import Declaration, Source
from tests.cast import NOW

MAIL = """Dear team, please send 3 lamps (LMP-7) and a table (TBL-2) to Hafenstrasse 4, Kiel.
Our order number is AB-1207, we pay 412.50 EUR. Kind regards, Ines Moor"""
ORDER = {
    "$defs": {
        "line": {
            "type": "object",
            "properties": {"sku": {"type": "string"}, "count": {"type": "integer", "minimum": 1}},
            "required": ["sku", "count"],
        }
    },
    "type": "object",
    "properties": {
        "order": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]+$"},
        "total": {"type": ["number", "null"], "minimum": 0},
        "currency": {"enum": ["EUR", "CHF"]},
        "express": {"type": "boolean"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
    },
    "required": ["order", "total", "lines"],
}
REFUND = {
    "type": "object",
    "properties": {"order": {"type": "string"}, "amount": {"type": "number", "maximum": 100}},
    "required": ["order", "amount"],
}
KINDS: dict[str, dict[str, Any]] = {
    "chat": {},
    "text": {
        "input": {
            "prompt": "Describe the chair Moor in two sentences.",
            "text": "Oak, four legs, 4.2 kg, blue felt.",
        },
        "output": {"content": "Moor is a light oak chair. Its felt is **red**."},
    },
    "classification": {"input": {"text": "Where is my money?"}, "output": {"label": "delivery"}},
    "extraction": {
        "input": {"text": MAIL},
        "output": {
            "order": "AB-1207",
            "total": 421.5,
            "currency": "EUR",
            "express": False,
            "lines": [{"sku": "LMP-7", "count": 3}, {"sku": "TBL-2", "count": 1}],
        },
    },
    "action": {
        "input": {
            "messages": [{"role": "user", "content": "The lamp arrived broken. I want my money back."}],
            "plan": ["look up the order", "refund the price of the lamp"],
        },
        "output": {"tool": "refund", "arguments": {"order": "AB-1207", "amount": 89}},
    },
    "comparison": {
        "input": {"messages": [{"role": "user", "content": "Can I return a lamp without its box?"}]},
        "output": {
            "candidates": [
                {"id": "p14", "content": "Yes, within 30 days.", "model": "bot 14"},
                {"id": "p15", "content": "Yes. Wrap it well; you have **30 days**.", "model": "bot 15"},
            ]
        },
    },
}


def declare_all(source: Source, **changes: Any) -> Declaration:
    """Declare what the items above need, or something else in its place."""
    whole = {"labels": ["refund", "delivery"], "json_schema": ORDER, "tools": {"refund": REFUND, "close": None}}
    return declare(source=source, by=SYSTEM, now=NOW, **{**whole, **changes})


def of_kind(kind: str, **changes: Any) -> dict[str, Any]:
    """Return what an item of a kind has beside the ordinary fields."""
    return {"kind": kind, **KINDS[kind], **changes}
