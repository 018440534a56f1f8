"""Steps of the stories of detectors: switch one on, write a policy that asks for findings, plant a fault."""

from typing import Any

import pytest

from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common import failpoints
from reviewqueue.pipeline import detecting
from reviewqueue.queues.models import Queue
from reviewqueue.triage.actions import activate_policy, switch_detector
from reviewqueue.triage.models import TriageDecision
from tests.cast import NOW, Cast

IBAN = "DE89 3704 0044 0532 0130 00"


def switch(cast: Cast, *names: str, on: bool = True) -> None:
    """Switch detectors of the cast's source, as their lead does."""
    for name in names:
        switch_detector(
            source=cast.source, detector=name, on=on, by=cast.lead.user, actor=cast.viewer("lead").actor, now=NOW
        )


def rule(name: str, conditions: Any, queue: Queue | None, **more: Any) -> dict[str, Any]:
    """Return a rule as it is activated."""
    return {"name": name, "conditions": conditions, "queue": queue, **more}


def activate(cast: Cast, *rules: dict[str, Any]) -> None:
    """Put a policy in force under which nothing else is seen."""
    activate_policy(
        workspace_id=cast.workspace.pk,
        rules=rules,
        audit_rate=0.0,
        audit_queue=cast.support,
        by=None,
        actor=SYSTEM,
        now=NOW,
    )


def found(name: str, op: str, value: float) -> dict[str, Any]:
    """Return a condition on a detector's score."""
    return {"field": "finding", "name": name, "op": op, "value": value}


def kind(name: str, value: str) -> dict[str, Any]:
    """Return a condition on a kind that a detector found."""
    return {"field": "finding_kind", "name": name, "op": "has", "value": value}


def decision_of(external_id: str = "conv-1") -> TriageDecision:
    """Return the first decision about an item."""
    return TriageDecision.objects.select_related("rule").get(item__external_id=external_id, pass_number=1)


def findings_of(external_id: str = "conv-1") -> dict[str, Any]:
    """Return what was found with the first decision about an item."""
    return decision_of(external_id).facts.get("findings", {})


def plant(monkeypatch: pytest.MonkeyPatch, detector: str, action: str) -> None:
    """Let a detector fail, or hang, at every item."""
    monkeypatch.setitem(failpoints._ARMED, f"detector.look@{detector}", action)
    monkeypatch.setattr(detecting, "_resting", {})
