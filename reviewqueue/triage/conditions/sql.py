"""A condition tree as SQL over recorded facts (jsonb): what `holding.holds` says of one item, of millions at once.

Each fact is taken out of the JSON once a row, then read once into columns of its own type that are never null
(`Columns.over`): what is not known, or of another sort, becomes a value that answers every comparison as it must. So
the conditions are plain comparisons (`condition_sql`), of which a row may meet a hundred. Text is not among the
recorded facts, so a leaf about text has no SQL.
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
    _taken: dict[tuple[str, ...], str] = field(default_factory=dict)
    _known: dict[tuple[str, str], str] = field(default_factory=dict)
    _take: list[str] = field(default_factory=list)
    _read: list[str] = field(default_factory=list)

    def over(self, rows: str, *keep: str) -> str:
        """Return ``rows`` (what follows FROM) as a subselect with every column asked for by now, and those to keep.

        ``OFFSET 0`` keeps PostgreSQL from putting the expressions in the place of the columns that they were read
        into, where they would be worked out again for each condition.
        """
        taken, read = ", ".join([*keep, *self._take]), ", ".join([*keep, *self._read])
        return f"(SELECT {read} FROM (SELECT {taken} FROM {rows} OFFSET 0) taken OFFSET 0)"

    def given(self, value: Any) -> str:
        """Keep a value, and return the place that stands for it."""
        name = f"c{len(self.parameters)}"
        self.parameters[name] = value
        return f"%({name})s"

    def of(self, leaf: Leaf, read: Callable[[str], str]) -> str:
        """Return the column that a leaf's fact is read into by ``read``."""
        json = self._json(leaf)
        key = json, read(json)
        if key not in self._known:
            self._known[key] = f"f{len(self._known)}"
            self._read.append(f"{key[1]} AS {self._known[key]}")
        return self._known[key]

    def _json(self, leaf: Leaf) -> str:
        """Return the column that a leaf's fact is taken into, as it is."""
        path = tuple(leaf["name"] if step is NAME else step for step in FIELDS[leaf["field"]].path)
        if path not in self._taken:
            first, *rest = path
            root = self.roots.get(first, f"{self.facts} -> '{first}'")
            steps = "".join(f" -> {self.given(step)}::text" for step in rest)
            self._taken[path] = f"j{len(self._taken)}"
            self._take.append(f"({root}){steps} AS {self._taken[path]}")
        return self._taken[path]


def _low(json: str) -> str:
    """Read a number to ask whether it is below: what is not known is, what is no number is not."""
    return (
        f"CASE coalesce(jsonb_typeof({json}), 'null') WHEN 'number' THEN ({json})::float8"
        " WHEN 'null' THEN '-Infinity'::float8 ELSE 'Infinity'::float8 END"
    )


def _high(json: str) -> str:
    """Read a number to ask whether it is at least: what is not known, or is no number, is not."""
    return f"CASE jsonb_typeof({json}) WHEN 'number' THEN ({json})::float8 ELSE '-Infinity'::float8 END"


def _word(json: str) -> str:
    """Read a word; no condition asks for the empty one."""
    return f"CASE jsonb_typeof({json}) WHEN 'string' THEN {json} #>> '{{}}' ELSE '' END"


def _words(json: str) -> str:
    return f"CASE jsonb_typeof({json}) WHEN 'array' THEN {json} ELSE '[]'::jsonb END"


def _as_it_is(json: str) -> str:
    return f"coalesce({json}, 'null'::jsonb)"


def _part_of_time(part: str, zone: str) -> Callable[[str], str]:
    """Read the hour or weekday in a time zone, -1 for what is no moment."""
    named = zone.replace("'", "''").replace("%", "%%")

    def read(json: str) -> str:
        return (
            f"CASE WHEN jsonb_typeof({json}) = 'number' AND ({json})::numeric >= {MOMENTS[0]}"
            f" AND ({json})::numeric < {MOMENTS[1]}"
            f" THEN date_part('{part}', to_timestamp(floor(({json})::float8)) AT TIME ZONE '{named}') ELSE -1 END"
        )

    return read


def condition_sql(tree: Tree, columns: Columns) -> str:
    """Return a checked tree as a boolean SQL expression that is never null; ``columns`` learns what it reads.

    Raises ValueError for a leaf about text.
    """
    if isinstance(tree, list):
        return condition_sql({"all": tree}, columns)
    if "field" in tree:
        return _leaf_sql(tree, columns)
    if "not" in tree:
        return f"NOT {condition_sql(tree['not'], columns)}"
    group, between, empty = ("all", " AND ", "true") if "all" in tree else ("any", " OR ", "false")
    return "(" + (between.join(condition_sql(one, columns) for one in tree[group]) or empty) + ")"


def _leaf_sql(leaf: Leaf, columns: Columns) -> str:
    sort = FIELDS[leaf["field"]].sort
    if sort == "text":
        raise ValueError("text is not among the recorded facts")
    return f"({_LEAF[sort](leaf, columns)})"


def _number_sql(leaf: Leaf, columns: Columns) -> str:
    read, compared = (_low, "<") if leaf["op"] == "below" else (_high, ">=")
    return f"{columns.of(leaf, read)} {compared} {columns.given(float(leaf['value']))}::float8"


def _word_sql(leaf: Leaf, columns: Columns) -> str:
    column = columns.of(leaf, _word)
    if leaf["op"] == "is":
        return f"{column} = {columns.given(leaf['value'])}::text"
    return f"{column} = ANY({columns.given(list(leaf['value']))}::text[])"


def _words_sql(leaf: Leaf, columns: Columns) -> str:
    return f"{columns.of(leaf, _words)} @> {_jsonb([leaf['value']], columns)}"


def _any_sql(leaf: Leaf, columns: Columns) -> str:
    column = columns.of(leaf, _as_it_is)
    if leaf["op"] in {"is", "in"}:
        values = [leaf["value"]] if leaf["op"] == "is" else leaf["value"]
        return f"{column} IN ({', '.join(_jsonb(one, columns) for one in values)})"
    limit = _jsonb(leaf["value"], columns)
    if leaf["op"] == "at_least":
        return f"jsonb_typeof({column}) = 'number' AND {column} >= {limit}"
    return f"jsonb_typeof({column}) = 'null' OR (jsonb_typeof({column}) = 'number' AND {column} < {limit})"


def _moment_sql(leaf: Leaf, columns: Columns) -> str:
    zone = leaf.get("name") or "UTC"
    if leaf["op"] == "in":
        day = columns.of(leaf, _part_of_time("isodow", zone))
        return f"{day} IN ({', '.join(str(int(one)) for one in leaf['value'])})"
    hour = columns.of(leaf, _part_of_time("hour", zone))
    first, before = (int(one) for one in leaf["value"])
    if first < before:
        return f"{hour} >= {first} AND {hour} < {before}"
    return f"{hour} >= {first} OR ({hour} >= 0 AND {hour} < {before})"


def _jsonb(value: Any, columns: Columns) -> str:
    return f"{columns.given(orjson.dumps(value).decode())}::jsonb"


_LEAF: dict[str, Callable[[Leaf, Columns], str]] = {
    "number": _number_sql,
    "word": _word_sql,
    "words": _words_sql,
    "any": _any_sql,
    "moment": _moment_sql,
}
