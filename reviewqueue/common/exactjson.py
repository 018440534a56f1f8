"""JSON that is passed on as it was written: its parts to the letter, its numbers digit by digit.

For texts that were accepted once (strictjson); nothing is checked again.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

import orjson

_SPACE = re.compile(r"[ \t\n\r]*")
_decoder = json.JSONDecoder(parse_int=orjson.Fragment, parse_float=orjson.Fragment)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written, for those who show, compare or edit it; equal to one that is written alike."""

    text: str

    def __str__(self) -> str:
        return self.text


_numbering = json.JSONDecoder(parse_int=Number, parse_float=Number)


def numbered(text: str) -> Any:
    """Return a text's value with every number as a :class:`Number`."""
    return _numbering.decode(text)


def dumped(value: Any, *, indent: bool = False) -> str:
    """Return a value as JSON text, every :class:`Number` in it to the letter."""
    option = orjson.OPT_PASSTHROUGH_DATACLASS | (orjson.OPT_INDENT_2 if indent else 0)
    return orjson.dumps(value, default=_fragment, option=option).decode()


def _fragment(value: Any) -> orjson.Fragment:
    if isinstance(value, Number):
        return orjson.Fragment(value.text)
    raise TypeError(f"{type(value).__name__} is no JSON.")


def parts(text: str) -> dict[str, str]:
    """Return the members of an object by name, each as the text that it was written in."""
    found: dict[str, str] = {}
    position = _skip(text, _skip(text, 0) + 1)
    while text[position] != "}":
        name, position = _decoder.raw_decode(text, position)
        begin = _skip(text, _skip(text, position) + 1)
        _value, position = _decoder.raw_decode(text, begin)
        found[name] = text[begin:position]
        position = _skip(text, position)
        if text[position] == ",":
            position = _skip(text, position + 1)
    return found


def elements(text: str) -> list[str]:
    """Return the elements of a list, each as the text that it was written in."""
    found: list[str] = []
    position = _skip(text, _skip(text, 0) + 1)
    while text[position] != "]":
        _value, end = _decoder.raw_decode(text, position)
        found.append(text[position:end])
        position = _skip(text, end)
        if text[position] == ",":
            position = _skip(text, position + 1)
    return found


def joined(members: dict[str, str]) -> str:
    """Return an object made of its members' texts: what :func:`parts` took apart."""
    return "{" + ",".join(f"{orjson.dumps(name).decode()}:{part}" for name, part in members.items()) + "}"


def exact(text: str) -> Any:
    """Return a text's value for writing it again with orjson: each number is a fragment that keeps its digits."""
    return _decoder.decode(text)


def written(value: Any, *, like: str) -> str:
    """Return a value as JSON text; a number that stands in ``like`` at the same place keeps its digits there."""
    return orjson.dumps(_with_digits(value, orjson.loads(like), exact(like))).decode()


def _with_digits(value: Any, was: Any, digits: Any) -> Any:
    if isinstance(value, dict) and isinstance(was, dict):
        return {
            name: _with_digits(inner, was[name], digits[name]) if name in was else inner
            for name, inner in value.items()
        }
    if isinstance(value, list) and isinstance(was, list):
        kept = [_with_digits(*three) for three in zip(value, was, digits, strict=False)]
        return kept + value[len(kept) :]
    is_number = isinstance(value, int | float) and type(value) is type(was) and not isinstance(value, bool)
    return digits if is_number and value == was else value


def _skip(text: str, position: int) -> int:
    return _SPACE.match(text, position).end()  # type: ignore[union-attr]
