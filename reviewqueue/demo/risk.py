"""Simple rules that say how risky an answer is, from the question and the answer together."""

from __future__ import annotations

import re

RULES: dict[str, tuple[str, str]] = {
    "legal": ("question", r"lawyer|court|\bsue\b|arbitration|gdpr|anwalt|gericht|dsgvo"),
    "safety": (
        "question",
        r"burnt|spark|shock|recall|toddler|tip over|anti.tip|baby|\bcot\b|verbrannt|funken",
    ),
    "fraud": ("question", r"hacked|scam|phishing|in my name|did not place|theft|card number"),
    "complaint": ("question", r"complain|manager|ridiculous|theft|rude|beschwer|unversch|frechheit"),
    "refund-amount": (
        "answer",
        r"(refund|credit|money back|gutschrift|erstatt|geld zurück)[^.]*(€|full|voll)",
    ),
    "delivery-promise": (
        "answer",
        r"(within|takes?|bis zu|innerhalb)[^.]*(working days|weeks|werktage|wochen)",
    ),
}
HIGH = frozenset({"legal", "safety", "fraud"})
MEDIUM = frozenset({"complaint", "refund-amount"})


def assess_risk(question: str, answer: str) -> tuple[str, list[str]]:
    """The risk level and the tags that explain it."""
    texts = {"question": question.lower(), "answer": answer.lower()}
    tags = [tag for tag, (where, pattern) in RULES.items() if re.search(pattern, texts[where])]
    if HIGH.intersection(tags):
        return "high", tags
    return ("medium" if MEDIUM.intersection(tags) else "low"), tags
