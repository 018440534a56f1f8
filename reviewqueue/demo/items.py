"""Turns answers and classifications into items as the public API takes them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from reviewqueue.demo.assistant import Answer
from reviewqueue.demo.classifier import VERSION, Classification
from reviewqueue.demo.customers import Customer

CHAT_SOURCE = "support-chatbot"
TOPIC_SOURCE = "topic-classifier"
Item = dict[str, Any]


def to_item(customer: Customer, answer: Answer, *, external_id: str, occurred_at: datetime) -> Item:
    """A chat item; its conversation is the part of the external id before the colon."""
    return {
        **common_fields(customer, external_id=external_id, occurred_at=occurred_at),
        "source": CHAT_SOURCE,
        "kind": "chat",
        "model": answer.model,
        "input": {"messages": list(customer.messages), "documents": answer.documents},
        "output": {"content": answer.content},
        "confidence": answer.confidence,
        "risk": {"level": answer.risk_level, "tags": answer.risk_tags},
    }


def to_classification_item(
    customer: Customer, result: Classification, *, external_id: str, occurred_at: datetime
) -> Item:
    """A classification item; the source declares `classifier.LABELS`."""
    return {
        **common_fields(customer, external_id=external_id, occurred_at=occurred_at),
        "source": TOPIC_SOURCE,
        "kind": "classification",
        "model": {"name": "topic-bayes", "version": VERSION},
        "input": {"text": customer.question},
        "output": {"label": result.label, "scores": result.scores},
        "confidence": result.confidence,
        "risk": {"level": "low", "tags": []},
    }


def common_fields(customer: Customer, *, external_id: str, occurred_at: datetime) -> Item:
    """What every item carries: who, when, and where to read more."""
    group = external_id.partition(":")[0]
    return {
        "external_id": external_id,
        "group": group,
        "occurred_at": occurred_at.isoformat(),
        "attributes": dict(customer.attributes),
        "subject": customer.subject,
        "links": [{"title": f"Conversation {group}", "url": f"https://helpdesk.example/{group}"}],
        "trace_id": hashlib.sha256(external_id.encode()).hexdigest()[:32],
    }
