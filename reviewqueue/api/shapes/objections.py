"""What is said against an answer or an outcome."""

from .words import COUNT, ID, TIME, Shape, nullable, obj, ref, text

_BY = nullable(text(255, description="Who says so, by a name of your own; shown to reviewers."))

OBJECTIONS: dict[str, Shape] = {
    "SignalSent": obj(
        {"kind": ref("SignalKind"), "note": nullable(text(10_000)), "by": _BY}, ("note", "by"), closed=True
    ),
    "Signal": obj(
        {
            "id": ID,
            "item": ID,
            "kind": ref("SignalKind"),
            "raised_at": TIME,
            "state": ref("State"),
        }
    ),
    "AppealSent": obj({"reason": nullable(text(10_000)), "by": _BY}, ("reason", "by"), closed=True),
    "Appeal": obj(
        {
            "id": ID,
            "item": ID,
            "against": COUNT | {"description": "The version that is contested; 0 where triage alone had decided."},
            "opened_at": TIME,
            "state": ref("State"),
        }
    ),
}
