"""A condition tree as SQL over recorded facts (jsonb): what `holding.holds` says of one item, of millions at once.

Each fact is read out of the JSON once a row, into a column of its own type (`Columns.select`); the conditions then
compare plain columns (`condition_sql`). Text is not among the recorded facts, so a leaf about text has no SQL.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from .holding import MOMENTS
from .tree import FIELDS, NAME, Leaf, Tree


@dataclass(slots=True)
class Columns:
    """The facts that some trees ask for, each with the column it is read into, and the values they compare with.

    ``roots`` names, for the first step of a path, another jsonb expression than ``facts -> step``.
    """

    facts: str = "facts"
    roots: Mapping[str, str] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    _known: dict[tuple[tuple[str, ...], str], str] = field(default_factory=dict)
    _select: list[str] = field(default_factory=list)

    @property
    def select(self) -> str:
        """The columns for a SELECT list; at least one, so that it can always follow a comma."""
        return ", ".join(self._select) or "NULL AS no_fact"

    def given(self, value: Any) -> str:
        """Keep a value, and return the place that stands for it."""
        name = f"c{len(self.parameters)}"
        self.parameters[name] = value
        return f"%({name})s"

    def of(self, leaf: Leaf) -> str:
        """Return the column that a leaf's fact is read into."""
        asked = FIELDS[leaf["field"]]
        path = tuple(leaf["name"] if step is NAME else step for step in asked.path)
        key = path, asked.sort
        if key not in self._known:
            self._known[key] = f"f{len(self._known)}"
            self._select.append(_READ[asked.sort](self._json(path), self._known[key]))
        return self._known[key]

    def _json(self, path: tuple[str, ...]) -> str:
        first, *rest = path
        root = self.roots.get(first, f"{self.facts} -> '{first}'")
        return "".join([f"({root})", *(f" -> {self.given(step)}::text" for step in rest)])


def _number(json: str, name: str) -> str:
    """Read a number, and apart from it whether it is not known at all."""
    number = f"CASE jsonb_typeof({json}) WHEN 'number' THEN ({json})::float8 END AS {name}"
    return f"{number}, ({json} #>> '{{}}') IS NULL AS {name}_unknown"


def _word(json: str, name: str) -> str:
    return f"CASE jsonb_typeof({json}) WHEN 'string' THEN {json} #>> '{{}}' END AS {name}"


def _moment(json: str, name: str) -> str:
    return (
        f"CASE WHEN jsonb_typeof({json}) = 'number' AND ({json})::numeric >= {MOMENTS[0]}"
        f" AND ({json})::numeric < {MOMENTS[1]} THEN to_timestamp(floor(({json})::float8)) END AS {name}"
    )


def _as_it_is(json: str, name: str) -> str:
    return f"{json} AS {name}"


_READ: dict[str, Callable[[str, str], str]] = {
    "number": _number,
    "word": _word,
    "words": _as_it_is,
    "any": _as_it_is,
    "moment": _moment,
}


def condition_sql(tree: Tree, columns: Columns) -> str:
    """Return a checked tree as a boolean SQL expression that is never null; ``columns`` learns what it reads.

    Raises ValueError for a leaf about text.
    """
    if isinstance(tree, list):
        return condition_sql({"all": tree}, columns)
    if "field" in tree:
        return f"coalesce({_leaf_sql(tree, columns)}, false)"
    if "not" in tree:
        return f"NOT {condition_sql(tree['not'], columns)}"
    group, between, empty = ("all", " AND ", "true") if "all" in tree else ("any", " OR ", "false")
    return "(" + (between.join(condition_sql(one, columns) for one in tree[group]) or empty) + ")"


def _leaf_sql(leaf: Leaf, columns: Columns) -> str:
    sort = FIELDS[leaf["field"]].sort
    if sort == "text":
        raise ValueError("text is not among the recorded facts")
    return _LEAF[sort](leaf, columns.of(leaf), columns)


def _number_sql(leaf: Leaf, column: str, columns: Columns) -> str:
    limit = columns.given(float(leaf["value"]))
    if leaf["op"] == "below":
        return f"{column}_unknown OR {column} < {limit}::float8"
    return f"{column} >= {limit}::float8"


def _word_sql(leaf: Leaf, column: str, columns: Columns) -> str:
    if leaf["op"] == "is":
        return f"{column} = {columns.given(leaf['value'])}::text"
    return f"{column} = ANY({columns.given(list(leaf['value']))}::text[])"


def _words_sql(leaf: Leaf, column: str, columns: Columns) -> str:
    return f"jsonb_typeof({column}) = 'array' AND {column} @> {_jsonb([leaf['value']], columns)}"


def _any_sql(leaf: Leaf, column: str, columns: Columns) -> str:
    if leaf["op"] in {"is", "in"}:
        values = [leaf["value"]] if leaf["op"] == "is" else leaf["value"]
        return f"{column} IN ({', '.join(_jsonb(one, columns) for one in values)})"
    limit = _jsonb(leaf["value"], columns)
    if leaf["op"] == "at_least":
        return f"jsonb_typeof({column}) = 'number' AND {column} >= {limit}"
    unknown = f"coalesce(jsonb_typeof({column}), 'null') = 'null'"
    return f"{unknown} OR (jsonb_typeof({column}) = 'number' AND {column} < {limit})"


def _moment_sql(leaf: Leaf, column: str, columns: Columns) -> str:
    local = f"{column} AT TIME ZONE {columns.given(leaf.get('name') or 'UTC')}::text"
    if leaf["op"] == "in":
        return f"extract(isodow FROM {local}) = ANY({columns.given(list(leaf['value']))}::int[])"
    first, before = leaf["value"]
    hour, joined = f"extract(hour FROM {local})", "AND" if first < before else "OR"
    return f"{hour} >= {columns.given(first)}::int {joined} {hour} < {columns.given(before)}::int"


def _jsonb(value: Any, columns: Columns) -> str:
    return f"{columns.given(orjson.dumps(value).decode())}::jsonb"


_LEAF: dict[str, Callable[[Leaf, str, Columns], str]] = {
    "number": _number_sql,
    "word": _word_sql,
    "words": _words_sql,
    "any": _any_sql,
    "moment": _moment_sql,
}
