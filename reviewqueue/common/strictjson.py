"""Reading JSON that must be stored and compared exactly: strict, bounded, and with the place of each fault.

Refused: invalid UTF-8, U+0000, lone surrogates, NaN and Infinity (also ``1e400``), integers over 4,300 digits,
duplicate keys, nesting over 64, more than 10,000 nodes.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from .errors import Malformed, Place
from .jsonplaces import Found, escape, pointer_at, walk

MAX_DEPTH = 64
MAX_NODES = 10_000
MAX_DIGITS = 4_300
#: Elements of a batch that end within so many characters are read without looking for their end first.
WINDOW = 32 * 1024

# A string cannot hold U+0000 here, so this marks a number token beyond doubt in the canonical text.
_MARK = "\x00"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)'
# Strings and empty containers hold no further value; what opens another and what closes it; a comma between values.
_BRACKETS = re.compile(_STRING + r"|\[[ \t\n\r]*+\]|\{[ \t\n\r]*+\}|([\[{])|([\]}])", re.DOTALL)
_STRUCTURE = re.compile(_BRACKETS.pattern + "|(,)", re.DOTALL)
_SCALAR = re.compile(_STRING + r"|[^\[\]{},\s]*+", re.DOTALL)
_OPENS, _CLOSES, _COMMA = 1, 2, 3
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
    _refuse_size(text)
    try:
        tokens = _decoder.decode(text)
    except json.JSONDecodeError as error:
        raise _not_json(error) from None
    except Malformed as fault:
        raise _placed(fault, text) from None
    return _document(text, tokens)


def read_lines(body: bytes) -> Iterator[Document | Malformed]:
    """Yield each line of newline-delimited JSON with its exact text; a line's own fault is yielded, not raised.

    The last line may end in a newline, or in none.
    """
    begin = 0
    while begin < len(body):
        end = body.find(b"\n", begin)
        end = len(body) if end < 0 else end
        try:
            yield read(decode(body[begin:end]).strip(" \t\r"))
        except Malformed as fault:
            yield fault
        begin = end + 1


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
    """Return the element at a position, or what is wrong with it, and where it ends.

    Most are objects that end soon and are read at once. Of any other, the end is looked for before anything is built
    of it: an element may be as large as the body, and only itself is refused.
    """
    window = text[position : position + WINDOW]
    if window.startswith("{"):
        try:
            tokens, length = _decoder.raw_decode(window)
        except (json.JSONDecodeError, Malformed, RecursionError):
            pass  # cut off by the window, or at fault
        else:
            return _judged(window[:length], lambda _part: tokens), position + length
    end = _end_of(text, position)
    try:
        return _judged(text[position:end], _decoder.decode), end
    except json.JSONDecodeError as error:
        raise _not_json(json.JSONDecodeError(error.msg, text, position + error.pos)) from None


def _judged(part: str, tokens_of: Callable[[str], Any]) -> Document | Malformed:
    try:
        _refuse_size(part)
        return _document(part, tokens_of(part))
    except Malformed as fault:
        return _placed(fault, part)


def _end_of(text: str, position: int) -> int:
    """Return where the element at a position ends, by its brackets alone."""
    depth = 0
    for token in _BRACKETS.finditer(text, position):
        if depth == 0 and token.start() != position:
            break
        if token.lastindex == _OPENS:
            depth += 1
        elif token.lastindex == _CLOSES:
            depth -= 1
        if depth <= 0:
            return token.end()
    scalar = _SCALAR.match(text, position)
    if depth or not scalar or scalar.end() == position:
        raise Malformed(f"The body is not JSON: the element at character {position} does not end.")
    return scalar.end()


def _not_json(error: json.JSONDecodeError) -> Malformed:
    return Malformed(f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).")


def _finish(text: str, position: int) -> None:
    position = _skip(text, position)
    if text[position : position + 1] != "}" or _skip(text, position + 1) != len(text):
        raise Malformed('The body must be {"items": […]} and nothing else.')


def _skip(text: str, position: int) -> int:
    return _SPACE.match(text, position).end()  # type: ignore[union-attr]


def _document(text: str, tokens: Any) -> Document:
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
    if "\\u" not in text or ("\\u0000" not in text and not _ESCAPED_SURROGATE.search(text)):
        return
    for pointer, string in _strings(tokens, "#"):
        if "\x00" in string:
            raise Malformed("U+0000 is not allowed.", places=[Place(pointer, "U+0000 is not allowed.")])
        if _LONE_SURROGATE.search(string):
            raise Malformed("A lone surrogate is not a character.", places=[Place(pointer, "Lone surrogate.")])


def _refuse_size(text: str) -> None:
    """Count before anything is built, and only when a text is rich enough to break a limit."""
    opened = text.count("{") + text.count("[")
    if opened <= MAX_DEPTH and opened + text.count(",") < MAX_NODES:
        return
    depth, nodes = 0, 1
    for token in _STRUCTURE.finditer(text):
        kind = token.lastindex
        depth += (kind == _OPENS) - (kind == _CLOSES)
        nodes += kind in (_OPENS, _COMMA)
        if depth > MAX_DEPTH:
            raise _at(f"Nesting is deeper than {MAX_DEPTH}.", pointer_at(text, token.start()))
        if nodes > MAX_NODES:
            raise _at(f"More than {MAX_NODES:,} values.", pointer_at(text, token.end()))


def _strings(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and not isinstance(value, _Number):
        yield pointer, value
    elif isinstance(value, dict):
        for name, child in value.items():
            yield f"{pointer}/{escape(name)}", name
            yield from _strings(child, f"{pointer}/{escape(name)}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _strings(child, f"{pointer}/{index}")


def _placed(fault: Malformed, text: str) -> Malformed:
    """Return a fault with its place; what the decoder calls is told a token, and not where it stands."""
    if fault.places:
        return fault
    return next((_at(fault.detail, one.pointer) for one in walk(text) if fault.detail in _faults_of(one)), fault)


def _faults_of(found: Found) -> Iterator[str]:
    """Yield what the decoder would refuse in a name or value."""
    if found.twice is not None:
        yield _twice(found.twice)
    for hook in (_float, _int, _constant) if found.written[0] in "-0123456789" else (_constant,):
        try:
            hook(found.written)
        except Malformed as fault:
            yield fault.detail
        except ValueError:
            continue


def _at(detail: str, pointer: str) -> Malformed:
    return Malformed(detail, places=[Place(pointer, detail)])


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise Malformed(_twice(twice))
    return whole


def _twice(name: str) -> str:
    return f"The key {name[:80]!a} stands twice in one object."


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
