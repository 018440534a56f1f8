"""A backup is the whole database, and comes back whole or not at all."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings

from reviewqueue.common.waking import direct
from reviewqueue.runtime import addresses
from tests.cast import Cast
from tests.steps import queued
from workers.dumps import NotDone, read, write

COUNT = "SELECT count(*) FROM intake_item"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def another() -> Iterator[dict[str, Any]]:
    """An empty database of the same role beside ours."""
    if not settings.EMBEDDED:
        pytest.skip("needs a database of its own, which only an administrator makes")
    admin = addresses(settings.DATA_DIR).admin_database_url
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS brought_back WITH (FORCE)")
        connection.execute("CREATE DATABASE brought_back OWNER reviewqueue")
    yield {**direct(), "dbname": "brought_back"}
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("DROP DATABASE brought_back WITH (FORCE)")


def rows(where: dict[str, Any]) -> dict[str, int]:
    """How much stands in each table."""
    with psycopg.connect(**where) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for (name,) in names}  # type: ignore[index, arg-type]


def refused(where: dict[str, Any], file: Path, *, replace: bool = False) -> str:
    with pytest.raises(NotDone) as fault:
        read(where, file, replace=replace)
    return str(fault.value)


def test_a_backup_comes_back_whole_and_what_is_there_is_replaced_only_when_asked(
    cast: Cast, another: dict[str, Any], tmp_path: Path
) -> None:
    queued(cast)
    file = tmp_path / "the backup"
    write(direct(), file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    read(another, file, replace=False)
    assert rows(another) == rows(direct())
    with psycopg.connect(**another) as connection:
        connection.execute("DELETE FROM intake_itemcontent")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM audit_event")  # its triggers came with it
    assert "not empty" in refused(another, file)
    read(another, file, replace=True)
    assert rows(another) == rows(direct())
    with pytest.raises(NotDone, match="there already"):
        write(direct(), file)


def test_what_is_no_whole_backup_changes_nothing(cast: Cast, another: dict[str, Any], tmp_path: Path) -> None:
    queued(cast)
    file = tmp_path / "whole"
    write(direct(), file)
    read(another, file, replace=False)
    before = rows(another)
    cut = tmp_path / "cut"
    cut.write_bytes(file.read_bytes()[:-2_000])
    assert "nothing has changed" in refused(another, cut, replace=True)
    (tmp_path / "text").write_text("no backup")
    assert refused(another, tmp_path / "text", replace=True)
    assert refused(another, tmp_path / "nowhere", replace=True)
    assert rows(another) == before


def test_nothing_is_replaced_under_programs_that_run(cast: Cast, another: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "whole"
    write(direct(), file)
    with psycopg.connect(**another):
        assert "stop web, worker and run_due" in refused(another, file)
    read(another, file, replace=False)


def test_a_database_of_somebody_else_stays_as_it_is(cast: Cast, another: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "whole"
    write(direct(), file)
    with psycopg.connect(addresses(settings.DATA_DIR).admin_database_url, autocommit=True) as connection:
        connection.execute("ALTER DATABASE brought_back OWNER TO postgres")
    assert "must be owner of schema public" in refused(another, file)
    assert rows(another) == {}


def test_a_backup_that_fails_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(NotDone, match="connection"):
        write({**direct(), "host": str(tmp_path)}, tmp_path / "none")
    with pytest.raises(NotDone, match="cannot be written"):
        write(direct(), tmp_path / "no" / "folder")
    assert list(tmp_path.iterdir()) == []
