"""Emptying append-only tables between tests: as superuser, with triggers asleep."""

import psycopg
from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations


def admin_url() -> str:
    """Return the address of the test database for a superuser."""
    import os

    if url := os.environ.get("ADMIN_DATABASE_URL"):
        return url
    from reviewqueue.runtime import addresses

    return addresses(settings.DATA_DIR).admin_database_url


def flush_as_superuser() -> None:
    """Replace Django's flush: the product's own role cannot TRUNCATE append-only tables, and should not."""

    def execute(self: DatabaseOperations, sql_list: list[str]) -> None:
        with psycopg.connect(admin_url(), dbname=connection.settings_dict["NAME"], autocommit=True) as admin:
            admin.execute("SET session_replication_role = replica")
            for sql in sql_list:
                admin.execute(sql)  # type: ignore[arg-type]

    DatabaseOperations.execute_sql_flush = execute  # type: ignore[method-assign]
