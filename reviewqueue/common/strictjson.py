"""Reading JSON that must be stored and compared exactly: strict, bounded, and with the place of each fault.

Refused: invalid UTF-8, U+0000, lone surrogates, NaN and Infinity (also ``1e400``), integers over 4,300 digits,
duplicate keys, nesting over 64, more than 10,000 nodes.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from .errors import Malformed, Place

MAX_DEPTH = 64
MAX_NODES = 10_000
MAX_DIGITS = 4_300

# A string cannot hold U+0000 here, so this marks a number token beyond doubt in the canonical text.
_MARK = "\x00"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_SPACE = re.compile(r"[ \t\n\r]*")
_ITEMS = re.compile(r'[ \t\n\r]*\{[ \t\n\r]*"items"[ \t\n\r]*:[ \t\n\r]*\[')


class _Number(str):
    """A number token as it was written, behind its mark."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One JSON value: its exact text, the value, and the canonical text (keys sorted, numbers as written)."""

    text: str
    value: Any
    canonical: bytes


def decode(body: bytes) -> str:
    """Return a body's text. Raises Malformed for invalid UTF-8."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not valid UTF-8 (byte {error.start}).") from None


def read(text: str) -> Document:
    """Read one JSON text. Raises Malformed with the place of the fault."""
    try:
        tokens = _decoder.decode(text)
    except json.JSONDecodeError as error:
        raise Malformed(f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).") from None
    except RecursionError:
        raise Malformed(f"Nesting is deeper than {MAX_DEPTH}.") from None
    return _document(text, tokens)


def read_items(text: str) -> Iterator[Document | Malformed]:
    """Yield each element of ``{"items": […]}`` with its exact text; an element's own fault is yielded, not raised.

    Raises Malformed when the text as a whole is not of that form.
    """
    start = _ITEMS.match(text)
    if not start:
        raise Malformed('The body must be {"items": […]}.', places=[Place("#/items", "A list is required.")])
    position = _skip(text, start.end())
    if text[position : position + 1] == "]":
        return _finish(text, position + 1)
    while True:
        document, position = _element(text, position)
        yield document
        position = _skip(text, position)
        if text[position : position + 1] == "]":
            return _finish(text, position + 1)
        if text[position : position + 1] != ",":
            raise Malformed(f"The body is not JSON: a comma is missing at character {position}.")
        position = _skip(text, position + 1)


def _element(text: str, position: int) -> tuple[Document | Malformed, int]:
    try:
        tokens, end = _decoder.raw_decode(text, position)
        return _document(text[position:end], tokens), end
    except Malformed as fault:
        return fault, _end_of(text, position)
    except RecursionError:
        raise Malformed(f"Nesting is deeper than {MAX_DEPTH}.") from None
    except json.JSONDecodeError as error:
        raise Malformed(f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).") from None


def _end_of(text: str, position: int) -> int:
    """Return where an element ends that is JSON to the letter but refused here."""
    try:
        return _lenient.raw_decode(text, position)[1]
    except (json.JSONDecodeError, RecursionError, ValueError):
        raise Malformed(f"The body is not JSON near character {position}.") from None


def _finish(text: str, position: int) -> None:
    position = _skip(text, position)
    if text[position : position + 1] != "}" or _skip(text, position + 1) != len(text):
        raise Malformed('The body must be {"items": […]} and nothing else.')


def _skip(text: str, position: int) -> int:
    return _SPACE.match(text, position).end()  # type: ignore[union-attr]


def _document(text: str, tokens: Any) -> Document:
    _refuse_size(text, tokens)
    _refuse_strings(text, tokens)
    return Document(text=text, value=_value(text), canonical=orjson.dumps(tokens, option=orjson.OPT_SORT_KEYS))


def _value(text: str) -> Any:
    """Return the value to decide by; an integer beyond 64 bits is a float in it, text and canonical are exact."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def _refuse_strings(text: str, tokens: Any) -> None:
    """Look into strings only when an escape in the text makes a forbidden character possible."""
    if "\\u0000" not in text and not _ESCAPED_SURROGATE.search(text):
        return
    for pointer, string in _strings(tokens, "#"):
        if "\x00" in string:
            raise Malformed("U+0000 is not allowed.", places=[Place(pointer, "U+0000 is not allowed.")])
        if _LONE_SURROGATE.search(string):
            raise Malformed("A lone surrogate is not a character.", places=[Place(pointer, "Lone surrogate.")])


def _refuse_size(text: str, tokens: Any) -> None:
    """Walk the value only when its text is rich enough to break a limit."""
    opened = text.count("{") + text.count("[")
    if opened <= MAX_DEPTH and text.count(",") + opened < MAX_NODES // 2:
        return
    nodes, level = 0, [tokens]
    for _depth in range(MAX_DEPTH + 1):
        nodes += len(level)
        level = [child for one in level for child in _children(one)]
        if not level:
            break
    else:
        raise Malformed(f"Nesting is deeper than {MAX_DEPTH}.")
    if nodes > MAX_NODES:
        raise Malformed(f"More than {MAX_NODES:,} values.")


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        return iter(value.values())
    return iter(value) if isinstance(value, list) else iter(())


def _strings(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and not isinstance(value, _Number):
        yield pointer, value
    elif isinstance(value, dict):
        for name, child in value.items():
            yield f"{pointer}/{_escape(name)}", name
            yield from _strings(child, f"{pointer}/{_escape(name)}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _strings(child, f"{pointer}/{index}")


def _escape(name: str) -> str:
    safe = name.replace("~", "~0").replace("/", "~1")
    return safe.encode("ascii", "backslashreplace").decode()


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise Malformed(f"The key {twice!a} stands twice in one object.", places=[Place("#", f"{twice!a} twice")])
    return whole


def _float(token: str) -> str:
    if float(token) in (float("inf"), float("-inf")):
        raise Malformed(f"The number {token[:40]} is too large.")
    return _Number(_MARK + token)


def _int(token: str) -> str:
    if len(token.lstrip("-")) > MAX_DIGITS:
        raise Malformed(f"An integer has more than {MAX_DIGITS:,} digits.")
    if len(token) > 308 and float(token) in (float("inf"), float("-inf")):
        raise Malformed(f"The number {token[:40]}… is too large.")
    return _Number(_MARK + token)


def _constant(token: str) -> str:
    raise Malformed(f"{token} is not JSON.")


_decoder = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=_float, parse_int=_int, parse_constant=_constant)
_lenient = json.JSONDecoder(parse_int=str, parse_float=str)
