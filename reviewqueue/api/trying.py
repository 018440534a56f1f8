"""Example requests of each operation: with curl, and in Python."""

import json
from typing import Any

from .shapes.parts import example_parts

#: Operations for which the Python client has a method of its own.
_CLIENT = {
    "submit_item": "item = rq.submit(**{body})",
    "submit_items": 'results = rq.submit_many({body}["items"])',
    "get_item": 'item = rq.get("{item_id}")',
    "list_items": 'for item in rq.items(source="support-chatbot"):\n    print(item)',
    "get_outcome": 'outcome = rq.wait("{item_id}", timeout=120)',
    "list_corrections": "for page in (feed := rq.corrections(since=cursor)).pages():\n    print(page)",
    "signal_item": 'rq.signal("{item_id}", "thumbs_down")',
    "appeal_item": 'rq.appeal("{item_id}", reason="The parcel came a week later.")',
    "withdraw_item": 'rq.withdraw("{item_id}")',
}


def curl(method: str, path: str, body: Any) -> str:
    """Return a command line that asks for an operation."""
    address = path.format(**example_parts(path))
    lines = [
        f'curl -s {"" if method == "GET" else f"-X {method} "}"$URL{address}"',
        '-H "Authorization: Bearer $KEY"',
    ]
    if body is not None:
        lines += ['-H "Content-Type: application/json"', f"-d '{_quoted(body)}'"]
    return " \\\n  ".join(lines)


def _quoted(body: Any) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False).replace("'", "'\\''")


def python(name: str, method: str, path: str, body: Any) -> str:
    """Return a few lines of Python that do the same, by the client where it has a method for it."""
    parts = example_parts(path)
    if name in _CLIENT:
        line = _CLIENT[name]
        for part, stands in {**parts, "body": _literal(body)}.items():
            line = line.replace("{" + part + "}", stands)
        return line
    short = path.removeprefix("/api/v1").format(**parts)
    given = f", json={_literal(body)}" if body is not None else ""
    return f'answer = api.{method.lower()}("{short}"{given})'


def _literal(value: Any, indent: int = 0) -> str:
    """Return a JSON value as Python writes it, a field on each line."""
    inside, end = " " * (indent + 4), " " * indent
    if isinstance(value, dict) and value:
        lines = "".join(f'{inside}"{key}": {_literal(one, indent + 4)},\n' for key, one in value.items())
        return f"{{\n{lines}{end}}}"
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        return "[" + ", ".join(_literal(one, indent) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
