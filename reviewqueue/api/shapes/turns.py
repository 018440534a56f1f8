"""Turns, reviews and escalations."""

from .words import FENCE, FREE, ID, TIME, Shape, listed, nullable, obj, optional, ref, text

_CORRECTION = {
    "description": "chat, text: the new content; classification: the right label, each alone or as an object with "
    "that one field. extraction: the facts as they should be. action: `arguments`, the tool stays. comparison: "
    "`preferred`, the id of a candidate, or `content`, a better answer than all of them.",
    "anyOf": [text(minLength=1), FREE, {"type": "null"}],
}


TURNS: dict[str, Shape] = {
    "Assignment": obj(
        {
            "id": ID,
            "fence": FENCE | {"description": "Send it with every further step of this turn."},
            "expires_at": TIME,
            "queue": text(),
            "item": ref("Item")
            | {"description": "A comparison's candidates come in an order that is each reviewer's own."},
            "why": listed(text()),
            "guidelines": listed(text()),
            "precedents": listed(FREE),
            "draft": FREE,
        },
        ("draft",),
    ),
    "Duty": obj({"begun_at": TIME, "until": TIME}, about="Being here for held answers; say it again before then."),
    "Heartbeat": obj({"fence": FENCE, "draft": nullable(FREE)}, ("draft",), closed=True),
    "Renewed": obj({"id": ID, "fence": FENCE, "expires_at": TIME}),
    "Judgement": obj(
        {
            "fence": FENCE,
            "decision": ref("Decision"),
            "severity": optional("Severity")
            | {"description": "Required with edit and reject; none means style only."},
            "correction": _CORRECTION,
            "reason_codes": {"type": ["array", "null"], "items": text(), "maxItems": 20},
            "cause": optional("Cause"),
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
            "decision": ref("Decision"),
            "severity": ref("Severity"),
            "submitted_at": TIME,
            "state": ref("State"),
            "visible_at": nullable(
                TIME | {"description": "When the outcome can no longer be undone and becomes visible outside."}
            ),
        }
    ),
    "Return": obj({"fence": FENCE, "reason": nullable(text(2_000))}, ("reason",), closed=True),
    "Question": obj({"fence": FENCE, "question": text(10_000, minLength=1)}, closed=True),
    "Escalation": obj({"id": ID, "item": ID, "why": text(), "opened_at": TIME}),
}
