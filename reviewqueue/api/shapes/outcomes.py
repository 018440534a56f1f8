"""Outcomes, and waiting for them."""

from .words import COUNT, FLAG, ID, TIME, Shape, in_query, listed, nullable, obj, optional, ref, text

OUTCOMES: dict[str, Shape] = {
    "Outcome": obj(
        {
            "item": ID,
            "version": COUNT | {"description": "0 while triage alone has decided; a person's first outcome is 1."},
            "decision": optional("Decision"),
            "basis": ref("Basis"),
            "disposition": ref("Disposition"),
            "final": {"type": ["object", "null"], "additionalProperties": True},
            "changed": FLAG,
            "severity": optional("Severity"),
            "cause": optional("Cause"),
            "reason_codes": listed(text()),
            "follow_up": FLAG,
            "settled_at": TIME,
            "published_at": TIME,
            "reviewers": COUNT,
            "late": FLAG | {"description": "You had been answered without a person when this was decided."},
            "supersedes": {"type": ["integer", "null"]},
        }
    ),
    "Waiting": obj(
        {
            "state": ref("State"),
            "queue": nullable(text(description="The queue's slug; null before triage.")),
            "position": nullable(
                COUNT
                | {
                    "description": "Its place in the queue by rank, 1 is next; 0 while a reviewer has it. Of a held "
                    "answer: its place among those, with the ones that reviewers have at the moment."
                }
            ),
            "expected_wait_seconds": nullable(
                COUNT
                | {
                    "description": "Position times the time one item takes: the time since the oldest of the last 50 "
                    "items that left the queue within 24 hours, divided by their number. Null when none has. Of a "
                    "held answer: position divided by the people on duty for this queue, rounded up, times the "
                    "median time from claiming to submitting of the last 50 items settled here within 24 hours, "
                    "and never beyond the deadline; null when nobody is on duty or nothing was settled."
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
