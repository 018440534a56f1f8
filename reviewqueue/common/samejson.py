"""Whether two JSON values say the same: the order of fields does not matter, and 1 is 1.0, but true is not 1.

Numbers that were read with their digits (exactjson.Number) are compared by all of them.
"""

import json
from typing import Any

from .exactjson import Number

#: No text that is stored holds it, so that no text is taken for a number.
_MARK = "\x00"


def same_text(value: Any) -> str:
    """Return one text for all values that say the same."""
    return json.dumps(_whole(value), sort_keys=True, ensure_ascii=False)


def _whole(value: Any) -> Any:
    if isinstance(value, float | Number):
        return _number(value.text if isinstance(value, Number) else repr(value))
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, list) else value


def _number(text: str) -> int | float | str:
    """Return a number's value where a program holds it exactly, else its digits and their power of ten."""
    if len(text) < 16 and "e" not in text.lower():
        return int(float(text)) if float(text).is_integer() else float(text)
    digits, power = _digits(text)
    if 0 <= power < 400:
        return int(digits + "0" * power)
    near = float(text)
    return near if _digits(repr(near)) == (digits, power) else f"{_MARK}{digits}e{power}"


def _digits(text: str) -> tuple[str, int]:
    """Return a number's digits without the zeros around them, and the power of ten of the last."""
    mantissa, _e, exponent = text.lower().partition("e")
    if len(exponent) > 20:  # beyond all counting; a number so large is refused, this one is next to nothing
        return text, -1
    whole, _point, part = mantissa.lstrip("-").partition(".")
    digits = (whole + part).lstrip("0")
    short = digits.rstrip("0")
    if not short:
        return "0", 0
    return "-" * text.startswith("-") + short, int(exponent or 0) - len(part) + len(digits) - len(short)
