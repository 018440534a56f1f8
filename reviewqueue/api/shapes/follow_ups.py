"""Follow-ups of wrong answers."""

from .words import COUNT, ID, PAGE_PARAMETERS, TIME, Shape, in_query, nullable, obj, page_of, ref, text

FOLLOW_UPS: dict[str, Shape] = {
    "FollowUp": obj(
        {
            "id": ID,
            "item": ID,
            "external_id": text(),
            "source": text(),
            "version": COUNT | {"description": "The version of the outcome that opened it."},
            "state": ref("FollowUpState"),
            "opened_at": TIME,
            "due_at": TIME,
            "taken_at": nullable(TIME) | {"description": "Since when somebody has it."},
            "done_at": nullable(TIME),
        }
    ),
    "FollowUpPage": page_of("FollowUp"),
    "FollowUpNote": obj({"note": nullable(text(10_000))}, ("note",), closed=True),
}

FOLLOW_UP_PARAMETERS = [
    in_query("state", ref("FollowUpState"), "Still to be done, or done."),
    *PAGE_PARAMETERS,
]
