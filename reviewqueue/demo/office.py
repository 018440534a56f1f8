"""The shop's other assistants, each a few lines of real code that is wrong now and then.

One reads orders out of e-mails, one proposes what to do for a customer, one describes goods, and two versions of the
chatbot are compared on the same questions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from reviewqueue.demo.assistant import NEW, OLD, Assistant
from reviewqueue.demo.customers import Customer, load_customers
from reviewqueue.demo.items import CHAT_SOURCE, Item, common_fields

READER_SOURCE, AGENT_SOURCE, WRITER_SOURCE = "order-reader", "shop-agent", "copy-writer"

ORDER_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "order": {"type": ["string", "null"], "pattern": "^KM-[0-9]{5}$"},
        "customer": {"type": ["string", "null"]},
        "total": {"type": ["number", "null"], "minimum": 0},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"article": {"type": "string"}, "count": {"type": "integer", "minimum": 1}},
                "required": ["article", "count"],
            },
        },
    },
    "required": ["order", "customer", "total", "lines"],
}
TOOLS: dict[str, Any] = {
    "refund": {
        "type": "object",
        "properties": {
            "amount": {"type": "number", "exclusiveMinimum": 0, "maximum": 5000},
            "reason": {"enum": ["broken", "late", "returned"]},
        },
        "required": ["amount", "reason"],
    },
    "send_again": {"type": "object", "properties": {"express": {"type": "boolean"}}, "required": ["express"]},
}

E_MAILS = (
    "Hello,\nplease send 2 x ALBA and 1 x SILL to our office. Order KM-20417, total 249.00 EUR."
    "\nI am at ines.moor@example.com or +49 40 66969 120.\nRegards, Ines Moor",
    "Guten Tag,\nwir bestellen 6 x FINN unter KM-20422. Der Betrag von 1.194,00 EUR ist überwiesen."
    "\nErstattungen bitte auf DE89 3704 0044 0532 0130 00.\nGruß, Jan Kranz",
    "Hi, it's about order KM-20388: one DOVE too few, I had ordered three.\nTotal was 87.50 EUR. Thanks, Maja Lund",
    "Hello, KM-20431 please change to 4 x ALBA (not 2 x ALBA).\nNew total 396.00 EUR.\nBest, Tom Adler",
    "Bonjour, 1 x SILL et 1 x DOVE, commande km20440, 78,40 EUR.\nMerci, Claire Petit",
)
GOODS = (
    ("ALBA", "floor lamp", {"material": "oiled oak", "height": "152 cm", "light": "dimmable, 2700 K"}),
    ("FINN", "stacking chair", {"material": "beech and felt", "weight": "4.2 kg", "load": "up to 120 kg"}),
    ("SILL", "wall shelf", {"material": "powder-coated steel", "width": "90 cm", "load": "up to 15 kg"}),
)


#: What each source declares, by its slug: its name, and its schema or tools.
OFFICE: dict[str, dict[str, Any]] = {
    READER_SOURCE: {"name": "Order reader", "json_schema": ORDER_SCHEMA},
    AGENT_SOURCE: {"name": "Shop agent", "tools": TOOLS},
    WRITER_SOURCE: {"name": "Copy writer"},
}


def office_items(*, at: datetime) -> list[Item]:
    """Return what the other assistants did in the last hours; the same each time, but for the hour."""
    whole = [*_orders(), *_proposals(), *_descriptions(), *_comparisons()]
    moments = (at - timedelta(minutes=7 * number) for number in range(len(whole), 0, -1))
    return [{**one, "occurred_at": moment.isoformat()} for one, moment in zip(whole, moments, strict=True)]


# --- orders out of e-mails ------------------------------------------------------------------------------------------


def _orders() -> Iterator[Item]:
    for number, mail in enumerate(E_MAILS, start=1):
        order, confidence = read_order(mail)
        yield {
            "external_id": f"mail-{number}",
            "source": READER_SOURCE,
            "kind": "extraction",
            "model": {"name": "order-patterns", "version": "3"},
            "input": {"text": mail},
            "output": order,
            "confidence": confidence,
        }


def read_order(mail: str) -> tuple[dict[str, Any], float]:
    """Return the facts of an order and how sure the patterns are. They read English numbers in every language."""
    order = re.search(r"\bKM-\d{5}\b", mail)
    total = re.search(r"\b\d+(?:\.\d+)?(?=[\d.,]* EUR)", mail)
    signed = re.search(r"(?:Regards|Gruß|Thanks|Best|Merci), (.+)$", mail)
    lines = [{"article": name, "count": int(count)} for count, name in re.findall(r"(\d+) x ([A-Z]+)", mail)]
    facts = {
        "order": order[0] if order else None,
        "customer": signed[1] if signed else None,
        "total": float(total[0]) if total else None,
        "lines": lines,
    }
    found = sum(bool(value) for value in facts.values())
    return facts, round(0.3 + 0.15 * found, 2)


# --- what to do for a customer --------------------------------------------------------------------------------------


def _proposals() -> Iterator[Item]:
    asking = [one for one in load_customers() if one.locale == "en" and "order_value" in one.attributes]
    broken = [one for one in asking if "broken" in one.question.lower() or "damaged" in one.question.lower()]
    late = [one for one in asking if "delivery-not-received" in one.expected]
    for customer in [*broken[:2], *late[:2]]:
        output, plan = propose(customer)
        common = common_fields(customer, external_id=f"case-{customer.id}:action", occurred_at=_NO_TIME)
        yield {
            **common,
            "source": AGENT_SOURCE,
            "kind": "action",
            "model": {"name": "shop-agent", "version": "0.4"},
            "input": {"messages": list(customer.messages), "plan": plan},
            "output": output,
            "confidence": 0.55,
            "risk": {"level": "medium", "tags": ["money"] if output["tool"] == "refund" else []},
        }


def propose(customer: Customer) -> tuple[dict[str, Any], list[str]]:
    """Return the tool that the agent would use and its plan. It gives back the whole order."""
    value = float(customer.attributes["order_value"])
    if "delivery-not-received" in customer.expected:
        plan = ["the parcel was not received", "send the goods again"]
        return {"tool": "send_again", "arguments": {"express": value > 200}}, plan
    plan = [f"the order was {value:.2f} EUR", "something arrived broken", "give the money back"]
    return {"tool": "refund", "arguments": {"amount": value, "reason": "broken"}}, plan


# --- descriptions, and two versions compared ------------------------------------------------------------------------


def _descriptions() -> Iterator[Item]:
    for name, what, facts in GOODS:
        sheet = "\n".join([f"{name}, {what}", *(f"{fact}: {value}" for fact, value in facts.items())])
        yield {
            "external_id": f"copy-{name.lower()}",
            "source": WRITER_SOURCE,
            "kind": "text",
            "model": {"name": "copy-templates", "version": "1.2"},
            "input": {"prompt": "Two friendly sentences for the shop's page.", "text": sheet},
            "output": {"content": describe(name, what, facts)},
            "confidence": 0.5,
        }


def describe(name: str, what: str, facts: dict[str, str]) -> str:
    """Return two sentences made from a data sheet. The template calls every article light, whatever it weighs."""
    first, *others = facts.values()
    return f"{name} is a light {what} made of {first}. {' and '.join(others).capitalize()}: made for every day."


def _comparisons() -> Iterator[Item]:
    older, newer = Assistant(OLD), Assistant(NEW)
    found = 0
    for customer in load_customers():
        answers = [version.answer(customer.messages, customer.locale) for version in (older, newer)]
        if found == 3 or answers[0].content == answers[1].content or any(one.handed_over for one in answers):
            continue
        found += 1
        common = common_fields(customer, external_id=f"compare-{customer.id}:two", occurred_at=_NO_TIME)
        yield {
            **common,
            "source": CHAT_SOURCE,
            "kind": "comparison",
            "input": {"messages": list(customer.messages)},
            "output": {
                "candidates": [
                    {"id": one.model["version"], "content": one.content, "model": one.model["name"]}
                    for one in answers
                ]
            },
        }


#: Takes the place of a time that :func:`office_items` knows.
_NO_TIME = datetime.min.replace(tzinfo=UTC)
