"""A policy as a larger office has it: thirty rules, most of which look at three facts and take few items."""

from typing import Any

from reviewqueue.audit.actions import SYSTEM
from reviewqueue.triage.actions import switch_detector
from reviewqueue.triage.actions.policies import activate_policy

from .loading import NOW, Office

RULES = 30
DETECTORS = ("personal_data", "language", "abuse")
KINDS = ("text", "action", "comparison", "extraction")


def rules(office: Office, *, unsure: float | None = None) -> list[dict[str, Any]]:
    """Return thirty rules; with ``unsure`` the last of them takes all whose confidence is below it."""
    made = [_rule(number, office) for number in range(RULES)]
    if unsure is not None:
        below = {"field": "confidence", "op": "below", "value": unsure}
        made[-1] = {"name": "Unsure", "conditions": [below], "queue": office.queues[0]}
    return made


def switch_on(office: Office) -> None:
    """Let detectors look at everything that comes."""
    for detector in DETECTORS:
        switch_detector(source=office.source, detector=detector, on=True, by=None, actor=SYSTEM, now=NOW)


def put_in_force(office: Office, given: list[dict[str, Any]]) -> None:
    """Activate a policy of these rules; people see a twentieth of what passes."""
    activate_policy(
        workspace_id=office.workspace.pk,
        rules=given,
        audit_rate=0.05,
        audit_queue=office.queues[1],
        by=None,
        actor=SYSTEM,
        now=NOW,
    )


def _rule(number: int, office: Office) -> dict[str, Any]:
    tree = {
        "all": [
            {"field": "confidence", "op": "below", "value": 0.02 * number},
            {
                "any": [
                    {"field": "kind", "op": "is", "value": KINDS[number % 4]},
                    {"field": "length", "op": "at_least", "value": 3_900 - number},
                ]
            },
            {"not": {"field": "risk_level", "op": "is", "value": "low"}},
        ]
    }
    return {"name": f"Rule {number}", "conditions": tree, "queue": office.queues[number % 5]}
