"""The whole database as one file, and back: PostgreSQL's own programs, all or nothing."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import psycopg
from django.conf import settings

from reviewqueue.runtime import CannotStart, client, running, start_servers

_VARIABLES = {"dbname": "PGDATABASE", "user": "PGUSER", "password": "PGPASSWORD", "host": "PGHOST", "port": "PGPORT"}
_ALSO = ("sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl")
_BARE = ("--no-owner", "--no-privileges")
# what was there goes, in the transaction that brings what comes
_BEGIN = b"BEGIN;\nDROP SCHEMA IF EXISTS public CASCADE;\nCREATE SCHEMA public;\n"
_NOT_OURS = """SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""
_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"


class NotDone(Exception):
    """A backup or a restore that was not done; nothing has changed."""


@contextmanager
def database_up() -> Iterator[None]:
    """Start the embedded servers for the time of a block, unless they run or others are used."""
    if not settings.EMBEDDED or running(Path(settings.DATA_DIR)):
        yield
        return
    with start_servers(Path(settings.DATA_DIR), report=lambda _line: None):
        yield


def write(where: Mapping[str, Any], file: Path) -> None:
    """Write a database into a file that only its owner reads; it is whole, or not there. Raises NotDone."""
    if file.exists():
        raise NotDone(f"{file} is there already; it was not touched.")
    part = file.with_name(f"{file.name}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
    except OSError as error:
        raise NotDone(f"{part} cannot be written: {error.strerror}.") from None
    try:
        _run([_program("pg_dump"), "--format=custom", *_BARE, f"--file={part}"], where)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def read(where: Mapping[str, Any], file: Path, *, replace: bool) -> None:
    """Bring a file's database back in one transaction; with ``replace`` instead of what is there. Raises NotDone."""
    _run([_program("pg_restore"), "--list", file], where)  # it is a backup, and can be read
    with psycopg.connect(**where) as connection:
        tables, others = (connection.execute(query).fetchone()[0] for query in (_TABLES, _NOT_OURS))  # type: ignore[index]
    if others:
        raise NotDone(f"{others} other connection(s) are open; stop web, worker and run_due first.")
    if tables and not replace:
        raise NotDone("The database is not empty; --replace puts the backup in its place.")
    _pour(where, file)


def _pour(where: Mapping[str, Any], file: Path) -> None:
    """Feed the dump to psql, and commit only when all of it has come."""
    psql = [_program("psql"), "--no-psqlrc", "--quiet", "--output", os.devnull, "--set", "ON_ERROR_STOP=1"]
    dump: list[str | Path] = [_program("pg_restore"), *_BARE, "--file=-", file]
    surroundings = _environment(where)
    with (
        subprocess.Popen(dump, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings) as source,
        subprocess.Popen(psql, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings) as target,
    ):
        assert source.stdout is not None
        assert target.stdin is not None
        try:
            target.stdin.write(_BEGIN)
            shutil.copyfileobj(source.stdout, target.stdin)
            if source.wait() == 0:
                target.stdin.write(b"COMMIT;\n")
            target.stdin.close()
        except BrokenPipeError:  # psql has ended: it says why
            source.kill()
            with suppress(BrokenPipeError):
                target.stdin.close()
        said = _all_of(target.stderr) or _all_of(source.stderr)
        if target.wait() or source.wait():
            raise NotDone(f"Not restored, nothing has changed: {_words(said)}")


def _run(command: list[Any], where: Mapping[str, Any]) -> None:
    done = subprocess.run(command, env=_environment(where), capture_output=True, check=False)
    if done.returncode:
        raise NotDone(_words(done.stderr))


def _program(name: str) -> str:
    try:
        return str(client(name))
    except CannotStart as error:
        raise NotDone(str(error)) from None


def _environment(where: Mapping[str, Any]) -> dict[str, str]:
    """Return where the database is as libpq's programs read it; a password never stands in a command line."""
    named = {variable: str(where[name]) for name, variable in _VARIABLES.items() if where.get(name)}
    also = {f"PG{name.upper()}": str(where[name]) for name in _ALSO if where.get(name)}
    return {**os.environ, **named, **also}


def _all_of(pipe: IO[bytes] | None) -> bytes:
    return pipe.read() if pipe else b""


def _words(said: bytes) -> str:
    return " ".join(said.decode(errors="replace").split())[:600] or "no reason was given"
