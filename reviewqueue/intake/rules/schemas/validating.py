"""Validating a value against a declared schema: draft 2020-12, in bounded time, without fetching anything.

``jsonschema`` walks the schema; here its keywords are counted (effort.py), those with patterns run on a linear
engine (patterns.py), and what it finds is said in our words.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice
from typing import Any, cast

from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry

from reviewqueue.common.samejson import same_text

from ..faults import Faults, token
from .effort import Effort, TooMuchEffort, limited, spend
from .patterns import compiled, cost
from .sayings import said

#: Steps that one check may take: about half a second at the worst.
MAX_STEPS = 100_000
MAX_FAULTS = 20


def check(validator: Any, value: Any, faults: Faults, effort: Effort | None = None) -> bool:
    """Note where a value does not fit; at most 20 places. A check that takes too long is a fault as well.

    Returns whether the check came to its end. ``effort`` is what is left to a request with many values.
    """
    allowed = Effort(MAX_STEPS if effort is None else min(MAX_STEPS, effort.left))
    before = allowed.left
    try:
        with limited(allowed):
            for error in islice(validator.iter_errors(value), MAX_FAULTS):
                _note(error, faults)
        return True
    except (TooMuchEffort, RecursionError):
        faults.add("", _("Checking this against the declared schema takes too long."))
        return False
    finally:
        if effort is not None:
            effort.left -= before - max(0, allowed.left)


def validator_of(schema: dict[str, Any]) -> Any:
    """Return the validator of a schema that was found good when it was declared; its registry fetches nothing."""
    return _Bounded(schema, registry=Registry())


def _note(error: ValidationError, faults: Faults) -> None:
    way = "".join(token(step) for step in error.absolute_path)
    if error.validator == "required":
        wanted, given = cast(Any, error.validator_value), cast(Any, error.instance)
        missing = [name for name in wanted if name not in given]
        places = [(way + token(name), error) for name in missing]
    else:
        places = [(way, error)]
    noted = {place.pointer for place in faults.places}
    for place, fault in places:
        if faults.at + place not in noted:
            faults.add(place, said(fault))


def _counted(check: Callable[..., Any]) -> Callable[..., Any]:
    """Return a keyword that counts its steps and, because they quote the value, the length of its messages."""

    def counted(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        spend(1 + _size(value) + _size(instance) // 4)
        for error in check(validator, value, instance, schema) or ():
            spend(len(error.message) // 200)
            error.message = ""
            yield error

    return counted


def _size(value: Any) -> int:
    return len(value) if isinstance(value, list | dict) else 0


# --- keywords of our own ------------------------------------------------------------------------------------------


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _matches(pattern, instance):
        yield ValidationError("")


def _matches(pattern: str, text: str) -> bool:
    spend(cost(pattern, text))
    return compiled(pattern).search(text) is not None


def _pattern_properties(validator: Any, patterns: dict, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for pattern, subschema in patterns.items():
            for name in [one for one in instance if _matches(pattern, one)]:
                yield from validator.descend(instance[name], subschema, path=name, schema_path=pattern)


def _additional_properties(validator: Any, rest: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for name in instance:
        if name in named or any(_matches(pattern, name) for pattern in patterns):
            continue
        if rest is False:
            yield ValidationError("", path=[name])
        else:
            yield from validator.descend(instance[name], rest, path=name)


def _multiple_of(validator: Any, unit: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "number") and not _is_multiple(instance, unit):
        yield ValidationError("")


def _is_multiple(number: Any, unit: Any) -> bool:
    if isinstance(number, int) and isinstance(unit, int):
        return number % unit == 0
    # as written down in decimals: 0.3 is a multiple of 0.1, which their nearest binary fractions deny
    return (Fraction(str(number)) / Fraction(str(unit))).denominator == 1


def _enum(validator: Any, allowed: list, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not any(_equal(instance, one) for one in allowed):
        yield ValidationError("")


def _const(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not _equal(instance, wanted):
        yield ValidationError("")


def _equal(one: Any, other: Any) -> bool:
    """Compare two JSON values, counting each comparison: 1 is 1.0, but true is not 1."""
    spend(1)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(inner, other[name]) for name, inner in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_equal(*pair) for pair in zip(one, other, strict=True))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _unique_items(validator: Any, wanted: bool, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if wanted and isinstance(instance, list) and len({_canonical(one) for one in instance}) < len(instance):
        yield ValidationError("")


def _canonical(value: Any) -> str:
    """Return one text for all equal values."""
    text = same_text(value)
    spend(1 + len(text) // 100)
    return text


_OURS: dict[str, Callable[..., Any]] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "multipleOf": _multiple_of,
    "enum": _enum,
    "const": _const,
    "uniqueItems": _unique_items,
    "format": lambda *_given: None,  # says what a text means, as the draft has it; nothing is refused for it
}
_Bounded = extend(
    Draft202012Validator,
    {name: _counted(_OURS.get(name) or check) for name, check in Draft202012Validator.VALIDATORS.items()},
)
