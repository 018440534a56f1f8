"""The clock is read once at the edge of the product and passed on; tests hand in another."""

from datetime import UTC, datetime

from django.db import connection


def now() -> datetime:
    """Return this process's time in UTC."""
    return datetime.now(UTC)


def database_now() -> datetime:
    """Return the database's time in UTC: the one clock that leases run on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]
