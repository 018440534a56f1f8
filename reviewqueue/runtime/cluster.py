"""PostgreSQL's files, role and database: made when missing, never changed when there."""

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from reviewqueue.runtime import root_store
from reviewqueue.runtime.address_book import ADMIN, DATABASE, ROLE, Addresses
from reviewqueue.runtime.errors import CannotStart
from reviewqueue.runtime.passwords import scram_secret
from reviewqueue.runtime.places import Place
from reviewqueue.runtime.processes import as_user, plain_environment
from reviewqueue.runtime.programs import Programs

LOCALE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"


def ensure(place: Place, there: Addresses, programs: Programs, *, fsync: bool, report: Callable[[str], None]) -> None:
    """Make the files when there are none; refuse those of another major version."""
    if not place.cluster.exists():
        report("Creating the PostgreSQL database ...")
        _create(place, there, programs, fsync=fsync)
    version = (place.cluster / "PG_VERSION").read_text().strip()
    if version != str(programs.postgres_version):
        raise CannotStart(
            f"{place.cluster} was made by PostgreSQL {version} and cannot be opened by "
            f"{programs.postgres_version} ({programs.postgres}); "
            f"set PG_BIN to PostgreSQL {version}, or move the data with pg_dump"
        )


def ensure_database(there: Addresses) -> None:
    """Make the product's role and database when they are missing; the kept password is the valid one."""
    with psycopg.connect(there.admin_database_url, autocommit=True) as connection:
        if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", ROLE):
            _run(connection, "CREATE ROLE {role} LOGIN CREATEDB PASSWORD {secret}", there.password)
        elif not _opens(there):
            _run(connection, "ALTER ROLE {role} PASSWORD {secret}", there.password)
        if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", DATABASE):
            _run(connection, "CREATE DATABASE {database} OWNER {role}", there.password)


def _create(place: Place, there: Addresses, programs: Programs, *, fsync: bool) -> None:
    # In a folder beside the final one: what an interrupted start leaves there is never taken for a database.
    draft = place.home / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    maker = _named_user() if place.runs_as_other else place.owner
    password = draft / "password"
    password.write_text(scram_secret(there.admin_password))
    os.chown(password, maker, -1)
    os.chown(draft, maker, -1)
    _initdb(draft, maker, programs, fsync=fsync)
    if place.runs_as_other:
        root_store.hand_over(draft, place.owner)
    (draft / "data").rename(place.cluster)
    shutil.rmtree(draft)


def _initdb(draft: Path, maker: int, programs: Programs, *, fsync: bool) -> None:
    options = [
        "--auth=scram-sha-256",
        f"--username={ADMIN}",
        "--encoding=UTF8",
        f"--locale={LOCALE}",
        "--data-checksums",
    ]
    made = subprocess.run(
        [
            programs.initdb,
            "-D",
            draft / "data",
            f"--pwfile={draft / 'password'}",
            *options,
            *([] if fsync else ["-N"]),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        cwd=draft,
        env=plain_environment(),
        umask=0o077,
        **as_user(maker),
    )
    if made.returncode:
        raise CannotStart(f"initdb failed: {made.stderr.strip() or made.stdout.strip()}")


def _named_user() -> int:
    """initdb insists on a user with a name, which the servers' own id has not; its work is handed over."""
    for name in ("nobody", "daemon"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise CannotStart("there is no user named nobody here, which initdb needs; run as an ordinary user")


def _exists(connection: psycopg.Connection, query: str, name: str) -> bool:
    return connection.execute(query, (name,)).fetchone() is not None


def _opens(there: Addresses) -> bool:
    try:
        psycopg.connect(there.database_url).close()
    except psycopg.OperationalError as error:
        return "password authentication failed" not in str(error)
    return True


def _run(connection: psycopg.Connection, statement: str, password: str) -> None:
    names = {"role": sql.Identifier(ROLE), "database": sql.Identifier(DATABASE)}
    connection.execute(sql.SQL(statement).format(secret=sql.Literal(scram_secret(password)), **names))
