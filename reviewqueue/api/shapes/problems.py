"""What an error looks like."""

from .words import Shape, listed, obj, ref, text

PROBLEMS: dict[str, Shape] = {
    "Problem": obj(
        {
            "type": text(format="uri"),
            "title": text(),
            "status": {"type": "integer"},
            "detail": text(),
            "errors": listed(ref("WrongPlace")),
        },
        ("errors",),
        about="RFC 9457; `type` is stable.",
    ),
    "WrongPlace": obj(
        {
            "pointer": text(description="A JSON pointer into the body (`#/confidence`), or `?name` for the query."),
            "detail": text(),
        }
    ),
}
