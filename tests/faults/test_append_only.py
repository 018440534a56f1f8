"""What was decided cannot be edited (I-15): PostgreSQL refuses the product's own role."""

import pytest
from django.db import ProgrammingError, connection, transaction

from reviewqueue import pipeline
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.triage.models import Signal
from tests.cast import NOW, Cast
from tests.steps import edit, publish, queued, settle

TABLES = (
    "audit_event",
    "triage_triagedecision",
    "triage_signal",
    "review_review",
    "review_outcome",
    "review_publication",
)
CHANGES = ("UPDATE {} SET workspace_id = workspace_id", "DELETE FROM {}", "TRUNCATE {} CASCADE")


@pytest.fixture
def walked(cast: Cast) -> Cast:
    """An item that has gone the whole walk, so that every table has a row."""
    queued(cast)
    settle(cast, cast.reviewer, edit())
    (published,) = publish(cast)
    pipeline.signal(item=published.item, kind=Signal.Kind.REPORT, by=SYSTEM, now=NOW)
    return cast


def rows(table: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT t::text FROM {table} t ORDER BY 1")
        return cursor.fetchall()


def change(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_changed_or_removed(walked: Cast, table: str) -> None:
    before = rows(table)
    assert before
    for sql in CHANGES:
        with pytest.raises(ProgrammingError, match=r"append-only|permission denied"):
            change(sql.format(table))
    assert rows(table) == before


def test_the_product_is_no_superuser(walked: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT usesuper FROM pg_user WHERE usename = current_user")
        assert cursor.fetchone() == (False,)
        with pytest.raises(ProgrammingError):
            cursor.execute("SET session_replication_role = replica")


@pytest.mark.parametrize("table", TABLES)
def test_without_its_trigger_a_table_would_give_way(walked: Cast, table: str) -> None:
    """The tooth: it is the trigger that refuses, nothing else."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {table}_keeps_rows ON {table}")
        cursor.execute(f"UPDATE {table} SET workspace_id = workspace_id")
        assert cursor.rowcount > 0
        transaction.set_rollback(True)
