"""Outcomes, and waiting for them."""

from reviewqueue.intake.models import State
from reviewqueue.review.models import Basis, Cause, Decision, Outcome, Severity

from .words import COUNT, FLAG, ID, TIME, Shape, choice, in_query, listed, nullable, obj, text

OUTCOMES: dict[str, Shape] = {
    "Outcome": obj(
        {
            "item": ID,
            "version": COUNT | {"description": "0 while triage alone has decided; a person's first outcome is 1."},
            "decision": choice(Decision.values, nullable=True),
            "basis": choice(Basis.values),
            "disposition": choice(Outcome.Disposition.values),
            "final": {"type": ["object", "null"], "additionalProperties": True},
            "changed": FLAG,
            "severity": choice(Severity.values, nullable=True),
            "cause": choice(Cause.values, nullable=True),
            "reason_codes": listed(text()),
            "follow_up": FLAG,
            "settled_at": TIME,
            "published_at": TIME,
            "reviewers": COUNT,
            "late": FLAG,
            "supersedes": {"type": ["integer", "null"]},
        }
    ),
    "Waiting": obj(
        {
            "state": choice(State.values),
            "queue": nullable(text(description="The queue's slug; null before triage.")),
            "position": nullable(
                COUNT | {"description": "Its place in the queue by rank, 1 is next; 0 while a reviewer has it."}
            ),
            "expected_wait_seconds": nullable(
                COUNT
                | {
                    "description": "Position times the time one item takes: the time since the oldest of the last 50 "
                    "items that left the queue within 24 hours, divided by their number. Null when none has."
                }
            ),
        }
    ),
}

WAIT_PARAMETERS = [
    in_query(
        "wait",
        {"type": "integer", "minimum": 0, "maximum": 60, "default": 0},
        "For how many seconds to wait for the outcome.",
    )
]
