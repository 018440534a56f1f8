"""Stops."""

from .words import ID, TIME, Shape, nullable, obj, page_of, ref, text

_WHAT: Shape = {"source": nullable(text(50)), "queue": nullable(text(50))}

STOPS: dict[str, Shape] = {
    "Stop": obj(
        {
            "id": ID,
            **_WHAT,
            "why": ref("StopReason"),
            "note": text(),
            "begun_at": TIME,
            "ended_at": nullable(TIME),
        },
        about="With neither `source` nor `queue` it is the whole workspace's.",
    ),
    "StopPage": page_of("Stop"),
    "NewStop": obj(
        {**_WHAT, "why": ref("StopReason"), "note": nullable(text(2_000))}, ("source", "queue", "note"), closed=True
    ),
}
