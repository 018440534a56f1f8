"""What an answer leads to: its operation -> the operations that take what it tells (OpenAPI's links)."""

from .words import Shape

_ID = {"item_id": "$response.body#/id"}
_TURN = {"assignment_id": "$response.body#/id"}
_FENCE = {"fence": "$response.body#/fence"}
_SLUG, _VERSION = {"slug": "$response.body#/slug"}, {"version": "$response.body#/version"}
_RELEASE = {"slug": "$response.body#/dataset", **_VERSION}


def _link(operation: str, parameters: Shape, body: Shape | None = None) -> Shape:
    return {"operationId": operation, "parameters": parameters} | ({"requestBody": body} if body else {})


_TURNS = [_link(name, _TURN, _FENCE) for name in ("keep_turn", "submit_review", "return_item", "escalate_item")]
_LINKS: dict[str, list[Shape]] = {
    "submit_item": [_link(name, _ID) for name in ("get_outcome", "get_item", "withdraw_item")],
    "claim_next": _TURNS,
    "claim_next_of_queue": _TURNS,
    "define_dataset": [_link("make_release", _SLUG)],
    "make_release": [_link("get_release", _RELEASE)],
    "get_release": [
        _link("download_release_file", _RELEASE | {"name": "$response.body#/files/0/name"}),
    ],
}


def links_of(operation: str) -> Shape:
    """Return where a successful answer of an operation leads, by the name of the next operation."""
    return {link["operationId"]: link for link in _LINKS.get(operation, [])}
