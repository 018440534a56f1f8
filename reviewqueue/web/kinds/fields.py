"""A form made of an object: a field for each fact, of the type that the schema or the value itself tells."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from reviewqueue.common.errors import Malformed
from reviewqueue.common.exactjson import Number, dumped, numbered
from reviewqueue.common.strictjson import read

from .facts import Path, leaves, name_of

#: An object with more facts is edited as JSON.
MOST = 100
LONG = 80
#: What stands before a fact's pointer in the name of its field.
PREFIX = "f:"

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form; ``was`` is the AI's value as text, ``kind`` is text, long, number or choice."""

    pointer: str
    label: str
    kind: str
    value: str
    was: str
    choices: tuple[tuple[str, str], ...] = ()
    error: str = ""

    @property
    def name(self) -> str:
        """The name under which the field is sent."""
        return PREFIX + self.pointer


@dataclass(frozen=True, slots=True)
class _Spot:
    """A place in the object where one value stands, or could stand."""

    path: Path
    value: Any
    there: bool
    schema: Schema

    @property
    def pointer(self) -> str:
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in self.path)

    @property
    def types(self) -> set[str]:
        """The types that are declared here, else the value's own."""
        return _types(self.schema) or {_type_of(self.value)}

    @property
    def kind(self) -> str:
        if self.choices:
            return "choice"
        if self.types & {"number", "integer"} and "string" not in self.types:
            return "number"
        return "long" if isinstance(self.value, str) and (len(self.value) > LONG or "\n" in self.value) else "text"

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """The values to choose from, as (JSON text, words)."""
        values = self.schema.get("enum")
        if not values and self.types <= {"boolean", "null"} and "boolean" in self.types:
            values = [True, False, *([None] if "null" in self.types else [])]
        if not values or len(values) > 200:
            return ()
        # by way of text: a declared integer may be one that 64 bits do not hold
        known = [(dumped(one), _shown(one)) for one in numbered(json.dumps(values))]
        own = (self.text, _shown(self.value))
        return tuple(known if not self.there or own in known else [own, *known])

    @property
    def text(self) -> str:
        """The value as it stands in its field."""
        if not self.there:
            return ""
        if self.schema.get("enum") or isinstance(self.value, bool):
            return dumped(self.value)
        if self.value is None:
            return "null" if self.types <= {"boolean", "null"} and "boolean" in self.types else ""
        return self.value if isinstance(self.value, str) else dumped(self.value)


def fields_of(
    value: dict[str, Any], schema: Schema | None, typed: Mapping[str, str], errors: Mapping[str, str]
) -> list[Field]:
    """Return the form of an object with what was typed in it; none when it has too many facts."""
    spots = _spots(value, schema or {})
    if len(spots) > MOST:
        return []
    return [
        Field(
            pointer=spot.pointer,
            label=name_of(spot.path),
            kind=spot.kind,
            value=typed.get(spot.pointer, spot.text),
            was=spot.text,
            choices=spot.choices,
            error=errors.get(spot.pointer, ""),
        )
        for spot in spots
    ]


def rebuilt(
    value: dict[str, Any], schema: Schema | None, typed: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the object with what was typed in its fields, and what is wrong by pointer."""
    whole, wrong = copy.deepcopy(value), {}
    for spot in _spots(value, schema or {}):
        text = typed.get(spot.pointer, spot.text).replace("\r\n", "\n")
        if text == spot.text:
            continue
        try:
            _put(whole, spot.path, _parsed(spot, text))
        except ValueError:
            wrong[spot.pointer] = _("A number is required, such as 12 or 412.50.")
    return whole, wrong


def _parsed(spot: _Spot, text: str) -> Any:
    """Return what a text means at a place. Raises ValueError for a number that is none."""
    if spot.choices:
        return numbered(text) if text in dict(spot.choices) else text
    if not text and ("null" in spot.types or spot.value is None):
        return None
    if spot.kind != "number":
        return text
    try:
        number = read(text.strip()).value
    except Malformed:
        raise ValueError(text) from None
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValueError(text)
    return Number(text.strip())


def _put(whole: Any, path: Path, value: Any) -> None:
    for step in path[:-1]:
        whole = whole[step]
    whole[path[-1]] = value


# --- where the schema speaks of a place -----------------------------------------------------------------------------


def _spots(value: dict[str, Any], schema: Schema) -> list[_Spot]:
    """Return the places of the values that are there, then of declared values that the outermost object lacks."""
    there = [
        _Spot(path, leaf, True, _schema_at(schema, path))
        for path, leaf in leaves(value)
        if path and not isinstance(leaf, dict | list)
    ]
    declared = _followed(schema, schema).get("properties", {})
    missing = [_Spot((name,), None, False, _schema_at(schema, (name,))) for name in declared if name not in value]
    return [*there, *(one for one in missing if _types(one.schema) - {"object", "array"} or one.schema.get("enum"))]


def _schema_at(schema: Schema, path: Path) -> Schema:
    here = _followed(schema, schema)
    for step in path:
        if isinstance(step, int):
            ahead = here.get("prefixItems", [])
            inner = ahead[step] if step < len(ahead) else here.get("items")
        else:
            inner = here.get("properties", {}).get(step)
        here = _followed(schema, inner)
    return here


def _followed(root: Schema, part: Any) -> Schema:
    """Return a part of the schema; one that refers elsewhere, or to itself or nothing, is followed to its end."""
    for _hop in range(10):
        if not isinstance(part, dict):
            return {}
        if "$ref" in part:
            part = _referred(root, part["$ref"])
        elif "type" not in part and (inner := _or_nothing(part)):
            return {**_followed(root, inner[0]), "_nullable": True}
        else:
            return part
    return {}


def _or_nothing(part: Schema) -> list[Any]:
    """Return the one form of ``anyOf`` beside null, as generators write what may be missing."""
    forms = part.get("anyOf", [])
    others = [one for one in forms if one != {"type": "null"}]
    return others if len(others) == 1 < len(forms) else []


def _referred(root: Schema, reference: str) -> Any:
    part: Any = root
    for step in reference.removeprefix("#").split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        part = part.get(step) if isinstance(part, dict) else None
    return part if reference.startswith("#/") or reference == "#" else None


def _types(schema: Schema) -> set[str]:
    declared = schema.get("type", [])
    known = {declared} if isinstance(declared, str) else set(declared)
    return known | {"null"} if schema.get("_nullable") and known else known


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if value is None:
        return "null"
    return "number" if isinstance(value, Number) else "string"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None:
        return _("none")
    return value if isinstance(value, str) else dumped(value)
