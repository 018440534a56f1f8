"""Steps of stories about edge cases."""

from datetime import datetime
from typing import Any

from reviewqueue import pipeline
from reviewqueue.edgecases.actions import Said
from reviewqueue.edgecases.models import EdgeCase
from reviewqueue.review.models import Escalation
from tests.cast import NOW, Cast, item
from tests.steps import claim, submit, triage

WORDS = {"en": "Refunds after 30 days go back to the shop.", "de": "Nach 30 Tagen erstattet das Geschäft."}
REJECT = Said(decision="reject", severity="major", words=WORDS)
APPROVE = Said(decision="approve", words=WORDS)


def items(count: int, **changes: Any) -> list[dict[str, Any]]:
    """Return so many items."""
    return [item(f"conv-{number}", **changes) for number in range(count)]


def asked(cast: Cast, *given: dict[str, Any], now: datetime = NOW, question: str = "Refund?") -> list[Escalation]:
    """Let a reviewer put a question about each item to the leads."""
    submit(cast, *given, now=now)
    triage(now)
    return [_ask(cast, question, now) for _one in given]


def _ask(cast: Cast, question: str, now: datetime) -> Escalation:
    turn = claim(cast, cast.reviewer, now=now)
    assert turn is not None
    return pipeline.escalate(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, question=question, now=now
    )


def opened(cast: Cast, escalations: list[Escalation], *, now: datetime = NOW, **more: Any) -> EdgeCase:
    """Open a case for escalations."""
    return pipeline.open_case(
        title="Refunds after 30 days", escalations=escalations, by=cast.viewer("lead"), now=now, **more
    )
