"""What is wrong with a value, in a sentence for whoever sent it or typed it."""

from collections.abc import Callable
from typing import Any

import orjson
from django.utils.translation import gettext as _
from jsonschema import ValidationError


def said(error: ValidationError) -> str:
    """Return the sentence that tells what an error asks for."""
    say = _SAYINGS.get(str(error.validator))
    if say:
        return say(error)
    if error.validator is None:  # the schema false
        return _("This field is not declared.")
    return _("This does not fit the declared schema (%(keyword)s).") % {"keyword": error.validator}


def _type(error: ValidationError) -> str:
    wanted: Any = error.validator_value
    return _required([_type_name(one) for one in (wanted if isinstance(wanted, list) else [wanted])])


def _type_name(name: str) -> str:
    names = {
        "string": _("a text"),
        "number": _("a number"),
        "integer": _("a whole number"),
        "object": _("an object"),
        "array": _("a list"),
        "boolean": _("true or false"),
        "null": _("null"),
    }
    return names.get(name, name)


def _required(names: list[str]) -> str:
    whole = _(" or ").join(names)
    return _("%(what)s is required.") % {"what": whole[:1].upper() + whole[1:]}


def _any_of(error: ValidationError) -> str:
    """Say which types are possible when that is all that is wrong, as with a field that may be null."""
    inner = error.context or []
    if inner and all(one.validator == "type" and not one.relative_path for one in inner):
        kinds: list[Any] = [one.validator_value for one in inner]
        flat = [name for kind in kinds for name in (kind if isinstance(kind, list) else [kind])]
        return _required([_type_name(one) for one in dict.fromkeys(flat)])
    return _("This fits none of the declared forms.")


def _one_of(error: ValidationError) -> str:
    return _any_of(error) if error.context else _("This fits more than one of the declared forms.")


def _enum(error: ValidationError) -> str:
    choices: Any = error.validator_value
    shown = [_short(one) for one in choices[:12]]
    more = " …" if len(choices) > 12 else ""
    return _("One of %(choices)s is required.") % {"choices": ", ".join(shown) + more}


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return text if len(text) <= 40 else f"{text[:39]}…"


def _value(sentence: Callable[[], str]) -> Callable[[ValidationError], str]:
    return lambda error: sentence() % {"value": _short(error.validator_value)}


_SAYINGS: dict[str, Callable[[ValidationError], str]] = {
    "type": _type,
    "required": lambda _error: _("This field is required."),
    "anyOf": _any_of,
    "oneOf": _one_of,
    "enum": _enum,
    "const": _value(lambda: _("Exactly %(value)s is required.")),
    "pattern": _value(lambda: _("A text of the form %(value)s is required.")),
    "minimum": _value(lambda: _("At least %(value)s is required.")),
    "maximum": _value(lambda: _("At most %(value)s is allowed.")),
    "exclusiveMinimum": _value(lambda: _("More than %(value)s is required.")),
    "exclusiveMaximum": _value(lambda: _("Less than %(value)s is required.")),
    "multipleOf": _value(lambda: _("A multiple of %(value)s is required.")),
    "minLength": _value(lambda: _("At least %(value)s characters.")),
    "maxLength": _value(lambda: _("At most %(value)s characters.")),
    "minItems": _value(lambda: _("At least %(value)s entries.")),
    "maxItems": _value(lambda: _("At most %(value)s entries.")),
    "minProperties": _value(lambda: _("At least %(value)s fields.")),
    "maxProperties": _value(lambda: _("At most %(value)s fields.")),
    "uniqueItems": lambda _error: _("Each entry may stand here once."),
    "additionalProperties": lambda _error: _("This field is not declared."),
    "unevaluatedProperties": lambda _error: _("There is a field here that is not declared."),
}
