"""What an error looks like."""

from typing import Any

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

#: A body with one fault.
WRONG = {
    "type": "https://reviewqueue.dev/problems/invalid",
    "title": "The request is well formed, but something in it is wrong.",
    "status": 422,
    "detail": "The item is wrong in 1 place(s).",
    "errors": [{"pointer": "#/confidence", "detail": "A number from 0 to 1, or null, is required."}],
}


def _problem(slug: str, title: str, status: int, detail: str = "") -> dict[str, Any]:
    kind = f"https://reviewqueue.dev/problems/{slug}"
    return {"type": kind, "title": title, "status": status, "detail": detail or title}


#: status -> what it shows -> the problem
PROBLEM_EXAMPLES: dict[int, dict[str, Any]] = {
    400: {
        "Not JSON": _problem("malformed", "The request could not be read.", 400, "A name stands twice in an object.")
    },
    401: {"No key": _problem("no-key", "A valid API key is required.", 401)},
    403: {
        "A scope is missing": _problem(
            "not-allowed", "This is not allowed to you.", 403, "This key lacks the scope items:write."
        )
    },
    404: {"Not there": _problem("not-there", "There is nothing at this address, or it is not yours to see.", 404)},
    409: {
        "Too late": _problem("conflict", "It no longer fits the present state.", 409, "This turn is over."),
        "Stopped": _problem(
            "stopped",
            "This work has been stopped; nothing new of it is handed out until somebody lets it go on.",
            409,
            "Items of support-chatbot are stopped: the AI's answers are wrong.",
        ),
    },
    410: {"Erased": _problem("erased", "This was answered before; what the answer told has been erased since.", 410)},
    413: {"Too large": _problem("too-large", "The body is larger than allowed.", 413, "A body may have 1 MiB.")},
    415: {"Another type": _problem("wrong-type", "The body must be application/json.", 415)},
    422: {"One place is wrong": WRONG},
    429: {"Too many": _problem("too-many", "Too many requests.", 429)},
    503: {
        "Our state": _problem("unavailable", "The database cannot be reached.", 503, "Please send the request again.")
    },
}
