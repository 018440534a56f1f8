"""What the database itself holds: append-only tables, named constraints and indexes, migrations with names."""

import re

from django.apps import apps
from django.core.management import call_command
from django.db import connection

from tests.house.tree import ROOT

APPEND_ONLY = {
    "audit_event",
    "intake_declaration",
    "triage_triagedecision",
    "triage_signal",
    "triage_finding",
    "triage_miss",
    "review_review",
    "review_outcome",
    "review_publication",
    "review_disagreement",
    "edgecases_ruling",
    "edgecases_rulingtakenback",
    "edgecases_ladderstep",
}
OURS = [model for model in apps.get_models() if model.__module__.startswith("reviewqueue.")]


def test_append_only_tables_refuse_changes_themselves(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, count(*) FROM pg_trigger JOIN pg_proc p ON p.oid = tgfoid"
            " WHERE p.proname = 'reviewqueue_refuse_change' AND tgenabled = 'O' GROUP BY 1"
        )
        held = dict(cursor.fetchall())
    assert {table for table, triggers in held.items() if triggers == 2} >= APPEND_ONLY


def test_append_only_rows_hold_no_free_text() -> None:
    """Words of people live in content tables that can be redacted; these rows outlive them."""
    long = {
        f"{model._meta.db_table}.{field.name}"
        for model in OURS
        if model._meta.db_table in APPEND_ONLY
        for field in model._meta.get_fields()
        if field.concrete and field.get_internal_type() == "TextField"
    }
    assert long == set()


def test_every_table_of_a_workspace_carries_its_id() -> None:
    everywhere = {"accounts_user", "accounts_workspace", "accounts_signinfailure"}
    without = {
        model._meta.db_table
        for model in OURS
        if not any(getattr(field, "attname", "") == "workspace_id" for field in model._meta.get_fields())
    }
    assert without - everywhere == set()


def test_no_migration_is_missing(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_migrations_have_names() -> None:
    named = re.compile(r"\d{4}_[a-z][a-z0-9_]*")
    files = [path for path in (ROOT / "reviewqueue").glob("*/migrations/*.py") if path.stem != "__init__"]
    assert [path.name for path in files if not named.fullmatch(path.stem) or "auto" in path.stem] == []


def test_no_signals_and_no_business_in_save() -> None:
    texts = {
        path: path.read_text() for path in (ROOT / "reviewqueue").rglob("*.py") if "migrations" not in path.parts
    }
    wrong = re.compile(r"django\.db\.models\.signals|@receiver|def save\(|def delete\(self(?!, request: Request)")
    assert [path.name for path, text in texts.items() if wrong.search(text)] == []
