"""What an error looks like."""

from .words import Shape, listed, obj, text

PROBLEMS: dict[str, Shape] = {
    "Problem": obj(
        {
            "type": text(format="uri"),
            "title": text(),
            "status": {"type": "integer"},
            "detail": text(),
            "errors": listed(
                obj(
                    {
                        "pointer": text(
                            description="A JSON pointer into the body (`#/confidence`), or `?name` for the query."
                        ),
                        "detail": text(),
                    }
                )
            ),
        },
        ("errors",),
        about="RFC 9457; `type` is stable.",
    ),
}
