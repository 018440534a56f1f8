"""Turns, reviews and escalations."""

from reviewqueue.intake.models import State
from reviewqueue.review.models import Cause, Decision, Severity

from .words import FENCE, FREE, ID, TIME, Shape, choice, listed, nullable, obj, ref, text

_CORRECTION = {
    "description": "The new content (chat) or label (classification), alone or as an object with that one field.",
    "anyOf": [text(minLength=1), FREE, {"type": "null"}],
}


TURNS: dict[str, Shape] = {
    "Assignment": obj(
        {
            "id": ID,
            "fence": FENCE | {"description": "Send it with every further step of this turn."},
            "expires_at": TIME,
            "queue": text(),
            "item": ref("Item"),
            "why": listed(text()),
            "guidelines": listed(text()),
            "precedents": listed(FREE),
            "draft": FREE,
        },
        ("draft",),
    ),
    "Heartbeat": obj({"fence": FENCE, "draft": nullable(FREE)}, ("draft",), closed=True),
    "Renewed": obj({"id": ID, "fence": FENCE, "expires_at": TIME}),
    "Judgement": obj(
        {
            "fence": FENCE,
            "decision": choice(Decision.values),
            "severity": choice(Severity.values, nullable=True)
            | {"description": "Required with edit and reject; none means style only."},
            "correction": _CORRECTION,
            "reason_codes": {"type": ["array", "null"], "items": text(), "maxItems": 20},
            "cause": choice(Cause.values, nullable=True),
            "note": nullable(text(10_000)),
            "follow_up": {"type": ["boolean", "null"]},
            "train": {"type": ["boolean", "null"]},
        },
        ("severity", "correction", "reason_codes", "cause", "note", "follow_up", "train"),
        closed=True,
    ),
    "Review": obj(
        {
            "id": ID,
            "item": ID,
            "decision": choice(Decision.values),
            "severity": choice(Severity.values),
            "submitted_at": TIME,
            "state": choice(State.values),
            "visible_at": nullable(
                TIME | {"description": "When the outcome can no longer be undone and becomes visible outside."}
            ),
        }
    ),
    "Return": obj({"fence": FENCE, "reason": nullable(text(2_000))}, ("reason",), closed=True),
    "Question": obj({"fence": FENCE, "question": text(10_000, minLength=1)}, closed=True),
    "Escalation": obj({"id": ID, "item": ID, "why": text(), "opened_at": TIME}),
}
