"""What the ladder told a person of, as their pages show it."""

from typing import Any

from reviewqueue.edgecases.models import LadderStep

from .context import MemberRequest
from .workbench.showing import item_address


def called(request: MemberRequest, step: LadderStep) -> dict[str, Any]:
    """Return what a step told the person of (templates/edge_cases/calling.html)."""
    item = step.escalation.item if step.escalation else None
    return {
        "case": step.case_id,
        "label": item.external_id if item else step.case.content.title if step.case else "",
        "url": item_address(item.pk, request.viewer) if item else "",
        "why": step.why,
        "rung": step.rung,
        "since_at": step.since_at,
        "told_at": step.told_at,
    }
