"""What a careful reviewer decides about an answer, with the small differences there are between people."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from reviewqueue.demo.assessing import SEVERITIES, Finding, assess
from reviewqueue.demo.assistant import Answer
from reviewqueue.demo.correcting import apologises, corrected, restyled
from reviewqueue.demo.customers import Customer

REASON_CODES = {
    "wrong-fact": "Wrong fact",
    "outdated-source": "Outdated source",
    "missing-step": "A needed step is missing",
    "wrong-amount": "Wrong amount or period",
    "tone": "Tone",
    "off-policy": "Off policy or beside the point",
    "language": "Wrong language",
    "unsafe": "Unsafe",
    "not-answered": "Question not answered",
}
OTHER_SEVERITY = 0.12  # how often a person rates one step away from the facts
RESTYLE = 0.05  # how often a right answer is worded better
MISSES_STYLE = 0.3  # how often an angry customer gets no apology added
GOODWILL = 0.35  # how often a good customer with a late order gets something extra


@dataclass(frozen=True)
class Judgement:
    """A review as the product takes it; `correction` is the new content, only with `edit`."""

    decision: str
    severity: str
    correction: str | None = None
    reason_codes: tuple[str, ...] = ()
    cause: str | None = None
    note: str = ""
    follow_up: bool = False
    train: bool = True


def judge(customer: Customer, answer: Answer, *, seed: int = 0) -> Judgement:
    """One reviewer's decision; another seed is another person, who now and then sees it differently."""
    finding = assess(customer, answer)
    if not finding.wrong:
        return judge_right(customer, answer, seed)
    severity = rated(finding, customer, seed)
    if finding.reason_codes == ("off-policy",) and not customer.expected:
        return rejected(finding, severity)
    return edited(customer, answer, finding, severity, seed)


def judge_right(customer: Customer, answer: Answer, seed: int) -> Judgement:
    """Approve, or change only the wording."""
    curt = customer.style == "angry" and not apologises(answer.content)
    chance = 1 - MISSES_STYLE if curt else RESTYLE
    if chance_of(customer, seed, "style") >= chance or answer.handed_over:
        return Judgement("approve", "none")
    return Judgement(
        "edit",
        "none",
        correction=restyled(answer, customer),
        reason_codes=("tone",),
        cause="model",
        note="The facts are right; the tone could be warmer.",
    )


def rejected(finding: Finding, severity: str) -> Judgement:
    """Return a rejection for a fault that no edit mends."""
    return Judgement(
        "reject",
        severity,
        reason_codes=finding.reason_codes,
        cause=finding.cause,
        note=finding.why,
        train=False,
    )


def edited(customer: Customer, answer: Answer, finding: Finding, severity: str, seed: int) -> Judgement:
    """Rewrite what is wrong; a goodwill voucher is right for this customer only, so it is not trained on."""
    valued = customer.attributes["customer_tier"] != "standard" and customer.delayed
    goodwill = valued and chance_of(customer, seed, "goodwill") < GOODWILL
    return Judgement(
        "edit",
        severity,
        correction=corrected(customer, answer, goodwill=goodwill),
        reason_codes=finding.reason_codes,
        cause=finding.cause,
        note=finding.why,
        follow_up=severity in ("major", "critical"),
        train=not goodwill,
    )


def rated(finding: Finding, customer: Customer, seed: int) -> str:
    """The severity this person gives; at most one step from the facts, and still wrong."""
    place = SEVERITIES.index(finding.severity)
    chance = chance_of(customer, seed, "severity")
    if chance >= OTHER_SEVERITY or finding.severity == "critical":
        return finding.severity
    step = 1 if chance < OTHER_SEVERITY / 2 else -1
    return SEVERITIES[min(max(place + step, 1), SEVERITIES.index("major"))]


def chance_of(customer: Customer, seed: int, what: str) -> float:
    """A repeatable number in [0, 1) for one person, customer and question."""
    digest = hashlib.sha256(f"{seed}:{what}:{customer.id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
