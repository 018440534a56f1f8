"""Many new rows of one table in one statement, as one JSON text.

Django's ``bulk_create`` prepares, adapts and writes down every value by itself, which for a batch of triage is more
work than deciding it. Here PostgreSQL reads one text, by a statement that it has planned before.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import Model
from django.db.models.expressions import DatabaseDefault

from .parts import write

Row = TypeVar("Row", bound=Model)


def insert_all(model: type[Row], rows: Sequence[Row]) -> Sequence[Row]:
    """Write new rows of a model, in the caller's transaction, and return them. Raises Django's database errors.

    For models whose columns JSON can say: no bytes.
    """
    if not rows:
        return rows
    statement, columns = _statement(model)
    write(statement, {"rows": _text([{name: vars(one)[name] for name in columns} for one in rows])})
    for one in rows:
        one._state.adding, one._state.db = False, connection.alias
    return rows


@cache
def _statement(model: type[Model]) -> tuple[str, list[str]]:
    fields = model._meta.concrete_fields
    into = ", ".join(f'"{one.column}"' for one in fields)
    given = ", ".join(f'"{one.attname}" {one.db_type(connection)}' for one in fields)
    read = ", ".join(f'"{one.attname}"' for one in fields)
    rows = f"json_to_recordset(%(rows)s::json) AS t ({given})"
    return f'INSERT INTO "{model._meta.db_table}" ({into}) SELECT {read} FROM {rows}', [one.attname for one in fields]


def _text(rows: list[dict[str, Any]]) -> str:
    try:
        return orjson.dumps(rows, default=_plain).decode()
    except TypeError:  # a number of more than 64 bits, which a source may send
        return json.dumps(rows, default=_plain)


def _plain(value: Any) -> Any:
    """Return what the database would put where nothing was given; ids and times as text."""
    if isinstance(value, DatabaseDefault):
        return value.expression.value  # type: ignore[attr-defined]
    if isinstance(value, UUID | datetime):
        return str(value)
    raise TypeError(type(value).__name__)
