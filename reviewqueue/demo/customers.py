"""The customers' messages, each with the articles that a correct answer must rest on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "customers.jsonl"
Message = dict[str, str]


@dataclass(frozen=True)
class Customer:
    """One conversation. Empty `expected` means: say that we cannot help, or ask back."""

    id: str
    locale: str
    style: str
    topic: str
    messages: tuple[Message, ...]
    expected: tuple[str, ...]
    attributes: dict[str, str | float]
    subject: str

    @property
    def question(self) -> str:
        """What the customer said last."""
        return self.messages[-1]["content"]

    @property
    def delayed(self) -> bool:
        """Is this about goods that have not come?"""
        return bool(DELAYS.intersection(self.expected))


DELAYS = frozenset(
    {
        "delivery-late",
        "delivery-strike",
        "delivery-tracking-stuck",
        "delivery-not-received",
        "delivery-appointment-missed",
        "delivery-backorder",
        "delivery-split",
    }
)


@cache
def load_customers() -> tuple[Customer, ...]:
    """All customers in file order."""
    with FILE.open(encoding="utf-8") as lines:
        return tuple(read_customer(json.loads(line)) for line in lines)


def read_customer(row: dict[str, Any]) -> Customer:
    """Build a customer from one line of the file."""
    return Customer(**{**row, "messages": tuple(row["messages"]), "expected": tuple(row["expected"])})
