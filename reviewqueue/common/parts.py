"""A statement made of parts that several apps own, so that what belongs together costs one round trip.

Each app writes the SQL for its own tables; whoever knows the order joins the parts and runs them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from psycopg import Cursor


@dataclass(frozen=True, slots=True)
class Part:
    """SQL for one app's tables, and its parameters, named so that they are no other part's."""

    sql: str
    given: Mapping[str, Any]


def fetch(statement: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement that PostgreSQL parses and plans once for each connection; return its rows.

    For the few that run with every item: planning one anew takes longer than running it. In the caller's transaction,
    or by itself. Parameters are typed by the statement (``%(now)s::timestamptz``). Raises Django's database errors.
    """
    with connection.wrap_database_errors:
        return _run(statement, given).fetchall()


def write(statement: str, given: Mapping[str, Any]) -> int:
    """Run such a statement that returns no rows; return how many it wrote."""
    with connection.wrap_database_errors:
        return _run(statement, given).rowcount


def _run(statement: str, given: Mapping[str, Any]) -> Cursor[tuple[Any, ...]]:
    connection.ensure_connection()
    return Cursor(connection.connection).execute(statement, given, prepare=True)
