"""How good the two versions truly are: `python -m reviewqueue.demo.measuring`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from reviewqueue.demo.assessing import assess
from reviewqueue.demo.assistant import VERSIONS, Assistant
from reviewqueue.demo.customers import load_customers


@dataclass(frozen=True)
class Measurement:
    """One version over all customers: the share wrong, what confidence tells, and why it was wrong."""

    version: str
    error_rate: float
    auc: float
    reasons: Counter[str]
    severities: Counter[str]


def measure(version: str) -> Measurement:
    """Let one version answer everybody and compare with the facts."""
    assistant = Assistant(version)
    pairs, reasons, severities = [], Counter[str](), Counter[str]()
    for customer in load_customers():
        answer = assistant.answer(customer.messages, customer.locale)
        finding = assess(customer, answer)
        pairs.append((answer.confidence, not finding.wrong))
        reasons.update(finding.reason_codes)
        severities[finding.severity] += 1
    wrong = sum(not right for _, right in pairs)
    return Measurement(version, wrong / len(pairs), area_under_curve(pairs), reasons, severities)


def area_under_curve(pairs: Sequence[tuple[float, bool]]) -> float:
    """How often a right answer is surer than a wrong one: 0.5 tells nothing, 1.0 everything."""
    right = [confidence for confidence, is_right in pairs if is_right]
    wrong = [confidence for confidence, is_right in pairs if not is_right]
    wins = sum((high > low) + (high == low) / 2 for high in right for low in wrong)
    return wins / (len(right) * len(wrong))


def main() -> None:
    """Print both versions, one paragraph each."""
    for version in VERSIONS:
        found = measure(version)
        print(f"{version}: {found.error_rate:.1%} wrong, AUC of confidence {found.auc:.2f}")
        print(f"  severity: {dict(found.severities.most_common())}")
        print(f"  reasons:  {dict(found.reasons.most_common())}")


if __name__ == "__main__":
    main()
