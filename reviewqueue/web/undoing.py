"""The last change made on the board, kept in the session so that it can be taken back while it still fits."""

from typing import Any

from django.http import HttpRequest


def remember(request: HttpRequest, *, label: str, steps: list[dict[str, Any]]) -> None:
    """Keep a change's steps; each names its kind and the ids that undoing needs."""
    request.session["board_undo"] = {"label": label, "steps": steps}


def last_change(request: HttpRequest) -> dict[str, Any] | None:
    """Return the change that can be undone, or None."""
    return request.session.get("board_undo")


def forget(request: HttpRequest) -> dict[str, Any] | None:
    """Take the change out of the session, to undo it."""
    return request.session.pop("board_undo", None)
