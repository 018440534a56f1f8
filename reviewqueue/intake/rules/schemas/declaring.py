"""Whether a schema may be declared: valid draft 2020-12, small, and nothing in it reaches outside or runs away."""

from collections.abc import Iterator
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from ..faults import Faults, token
from .patterns import compiled
from .validating import check, validator_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_BYTES = 64 * 1024
MAX_NODES = 3_000
MAX_DEPTH = 32

_ONE: tuple[str, ...] = ("items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else")
_ONE += ("unevaluatedItems", "unevaluatedProperties", "contentSchema")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_REFUSED = ("$dynamicRef", "$dynamicAnchor", "$vocabulary")


def check_schema(schema: Any, faults: Faults) -> None:
    """Note every place for which a schema cannot be declared."""
    if not isinstance(schema, dict):
        faults.add("", "A JSON Schema as an object is required.")
        return
    before = len(faults.places)
    _check_size(schema, faults)
    if len(faults.places) == before:
        check(_META, schema, faults)
    if len(faults.places) == before:
        _check_parts(schema, faults)
    if len(faults.places) == before:
        _check_ends(schema, faults)


#: The schema of schemas, whose own references are known to the library and need no network.
_META = validator_of(Draft202012Validator.META_SCHEMA)


def _check_size(schema: dict[str, Any], faults: Faults) -> None:
    if _depth(schema) > MAX_DEPTH:
        faults.add("", f"A schema may be nested {MAX_DEPTH} deep.")
    elif any(isinstance(node, int) and abs(node) >= 2**63 for node in _nodes(schema)):
        faults.add("", "A schema's whole numbers have at most 18 digits.")
    elif sum(1 for _node in _nodes(schema)) > MAX_NODES or len(orjson.dumps(schema)) > MAX_BYTES:
        faults.add("", f"A schema may have {MAX_BYTES // 1024} KiB and {MAX_NODES:,} values.")


def _nodes(value: Any) -> Iterator[Any]:
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from _nodes(one)


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(one) for one in inner), default=0)


def _check_parts(schema: dict[str, Any], faults: Faults) -> None:
    parts = list(_parts(schema, ""))
    known = {id(part) for _, part in parts}
    resolver = Registry().resolver_with_root(DRAFT202012.create_resource(schema))
    for way, part in parts:
        if not isinstance(part, dict):
            continue
        _check_names(part, way, faults)
        _check_patterns(part, way, faults)
        if "$ref" in part:
            _check_reference(part["$ref"], resolver, known, faults.under(way + "/$ref"))


def _parts(schema: Any, way: str) -> Iterator[tuple[str, Any]]:
    """Yield the schema and every schema inside it, each with the way to it."""
    yield way, schema
    if not isinstance(schema, dict):
        return
    for name in _ONE:
        if name in schema:
            yield from _parts(schema[name], f"{way}/{name}")
    for name in _LISTS:
        for index, part in enumerate(schema.get(name, ())):
            yield from _parts(part, f"{way}/{name}/{index}")
    for name in _MAPS:
        for inner, part in schema.get(name, {}).items():
            yield from _parts(part, f"{way}/{name}{token(inner)}")


def _check_names(part: dict[str, Any], way: str, faults: Faults) -> None:
    for name in _REFUSED:
        if name in part:
            faults.add(f"{way}/{name}", f"{name} is not supported.")
    if way and "$id" in part:
        faults.add(f"{way}/$id", "Only the schema as a whole may have an $id.")
    if part.get("$schema", DIALECT).rstrip("#") != DIALECT:
        faults.add(f"{way}/$schema", "Only draft 2020-12 is supported.")
    if "unevaluatedProperties" in part and any("patternProperties" in one for _, one in _parts(part, "") if one):
        faults.add(f"{way}/unevaluatedProperties", "This is not supported together with patternProperties.")


def _check_patterns(part: dict[str, Any], way: str, faults: Faults) -> None:
    given = [("/pattern", part["pattern"])] if "pattern" in part else []
    given += [(f"/patternProperties{token(one)}", one) for one in part.get("patternProperties", {})]
    for place, pattern in given:
        try:
            compiled(pattern)
        except ValueError as error:
            faults.add(way + place, f"This pattern cannot be run: {str(error)[:200]}.")


def _check_reference(target: str, resolver: Any, known: set[int], faults: Faults) -> None:
    if not target.startswith("#"):
        faults.add("", "A reference stays within the schema, such as #/$defs/address. Nothing is fetched.")
        return
    try:
        found = resolver.lookup(target).contents
    except Unresolvable:
        faults.add("", "There is nothing at this reference.")
        return
    if id(found) not in known:
        faults.add("", "This reference does not lead to a schema.")


def _check_ends(schema: dict[str, Any], faults: Faults) -> None:
    """A schema that refers to itself at the same place of the value never comes to an end."""
    if not check(validator_of(schema), {}, Faults()):
        faults.add("", "Checking even an empty object against this schema takes too long; does it refer to itself?")
