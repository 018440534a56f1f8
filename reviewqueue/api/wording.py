"""Shapes in words: what a JSON Schema of ours says, for people."""

from collections.abc import Callable, Iterator
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from .shapes import COMPONENTS, Shape

_FORMATS = {"uuid": "UUID", "date-time": "time (RFC 3339)", "uri": "address"}


def kind_of(shape: Shape) -> SafeString:
    """Return what a value is, in a few words; components are links to where they are shown."""
    for word, say in _SAYING.items():
        if word in shape:
            return say(shape)
    return mark_safe("anything")


def fields_of(shape: Shape) -> list[dict[str, Any]]:
    """Return an object's fields as rows: name, needed, kind, about."""
    needed = set(shape.get("required", ()))
    return [_row(name, field, name in needed) for name, field in shape.get("properties", {}).items()]


def _row(name: str, shape: Shape, needed: bool) -> dict[str, Any]:
    return {"name": name, "needed": needed, "kind": kind_of(shape), "about": marked(shape.get("description", ""))}


def described_shape(name: str) -> dict[str, Any]:
    """Return a component for the page: its fields; or its words; or what it is one of, and what those share."""
    shape = COMPONENTS[name]
    told: dict[str, Any] = {"name": name, "about": marked(shape.get("description", "")), "kind": None}
    if "discriminator" in shape:
        return told | _family(shape)
    if "properties" in shape:
        return told | {"fields": fields_of(shape)}
    return told | {"kind": kind_of(shape)}


def _family(shape: Shape) -> dict[str, Any]:
    """Return what the members of a union share, and in what each differs."""
    by = shape["discriminator"]["propertyName"]
    members = {word: COMPONENTS[_name(where)] for word, where in shape["discriminator"]["mapping"].items()}
    first = next(iter(members.values()))
    shared = {
        name: field
        for name, field in first["properties"].items()
        if all(one["properties"].get(name) == field for one in members.values())
    }
    differing = [name for name in first["properties"] if name not in shared and name != by]
    rows = [
        {
            "word": word,
            "link": _link(_name(where)),
            "kinds": [kind_of(members[word]["properties"][one]) for one in differing],
        }
        for word, where in shape["discriminator"]["mapping"].items()
    ]
    chosen = {by: {"enum": list(members), "description": f"Decides on {' and '.join(differing)}; see below."}}
    fields = fields_of({"properties": chosen | shared, "required": first["required"]})
    return {"fields": fields, "by": by, "differing": differing, "members": rows}


def marked(text: str) -> SafeString:
    """Return a text in which what stands between backticks is code."""
    pieces = text.split("`")
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", one) if at % 2 else one,) for at, one in enumerate(pieces))
    )


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _link(name: str) -> SafeString:
    return format_html('<a href="#shape-{0}">{0}</a>', name)


def _ref(shape: Shape) -> SafeString:
    """Return a link; words to choose from are told at once."""
    name = _name(shape["$ref"])
    meant = COMPONENTS[name]
    return format_html("{}: {}", _link(name), _words(meant)) if "enum" in meant else _link(name)


def _words(shape: Shape) -> SafeString:
    return format_html_join(" · ", "<code>{}</code>", ((one,) for one in shape["enum"]))


def _const(shape: Shape) -> SafeString:
    return format_html("<code>{}</code>", shape["const"])


def _union(shape: Shape) -> SafeString:
    return format_html_join(" or ", "{}", ((kind_of(one),) for one in shape.get("oneOf") or shape["anyOf"]))


def _typed(shape: Shape) -> SafeString:
    types = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
    return format_html_join(" or ", "{}", ((_TYPES[one](shape),) for one in types))


def _text(shape: Shape) -> str:
    longest = f", at most {shape['maxLength']:,} characters" if "maxLength" in shape else ""
    return _FORMATS.get(shape.get("format", ""), "text") + longest


def _number(shape: Shape, words: str = "number") -> str:
    least, most = shape.get("minimum"), shape.get("maximum")
    if least is not None and most is not None:
        return f"{words} from {least:,} to {most:,}"
    return f"{words} from {least:,}" if least is not None else words


def _list(shape: Shape) -> SafeString:
    bounds = " ".join(_bounds(shape))
    return format_html("list of {}{}", kind_of(shape["items"]), f" ({bounds})" if bounds else "")


def _bounds(shape: Shape) -> Iterator[str]:
    if "minItems" in shape:
        yield f"{shape['minItems']} or more"
    if "maxItems" in shape:
        yield f"at most {shape['maxItems']:,}"


def _object(shape: Shape) -> SafeString:
    inside = shape.get("additionalProperties", True)
    if isinstance(inside, dict):
        return format_html("object of name → {}", kind_of(inside))
    return mark_safe("object")


_TYPES: dict[str, Callable[[Shape], str]] = {
    "string": _text,
    "number": _number,
    "integer": lambda shape: _number(shape, "whole number"),
    "boolean": lambda shape: "true or false",
    "null": lambda shape: "null",
    "array": _list,
    "object": _object,
}
_SAYING: dict[str, Callable[[Shape], SafeString]] = {
    "$ref": _ref,
    "const": _const,
    "enum": _words,
    "oneOf": _union,
    "anyOf": _union,
    "type": _typed,
}
