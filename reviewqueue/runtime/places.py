"""Where the servers of one data directory live: their files, their sockets and the user that runs them.

An ordinary user's servers live inside the data directory. Root's cannot: PostgreSQL refuses to run as root,
and another user may not be able to enter the data directory at all. They live under /var/lib/reviewqueue and
run as a user id that has no name; the data directory keeps a small file that says where.
"""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from reviewqueue.runtime import root_store
from reviewqueue.runtime.errors import CannotStart
from reviewqueue.runtime.passwords import kept_secret

# Not $XDG_RUNTIME_DIR: it differs between a login, a cron line and sudo, and vanishes when its user logs out.
SOCKETS_ROOT = Path("/tmp")  # noqa: S108 - the folder made below is private, and refused when it is not ours


@dataclass(frozen=True)
class Place:
    """One data directory's servers."""

    data_dir: Path
    key: str
    home: Path
    sockets: Path
    owner: int

    @property
    def servers(self) -> Path:
        """The folder in the data directory with passwords and pid files."""
        return self.data_dir / "servers"

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own files."""
        return self.home / "postgres"

    @property
    def logs(self) -> Path:
        return self.data_dir / "logs"

    @property
    def runs_as_other(self) -> bool:
        """Whether the servers run as another user than this process."""
        return self.owner != os.geteuid()


def prepare(data_dir: Path) -> Place:
    """The place of a data directory; makes what is missing and changes nothing that exists."""
    resolved = Path(data_dir).expanduser().resolve()
    try:
        return _prepare(resolved)
    except PermissionError as error:
        raise CannotStart(
            f"no permission for {error.filename}; run as the owner of {resolved}, or choose another DATA_DIR"
        ) from error


def _prepare(data_dir: Path) -> Place:
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    servers = data_dir / "servers"
    for folder in (servers, data_dir / "logs"):
        folder.mkdir(mode=0o700, exist_ok=True)
    _refuse_others(servers)
    key = _key(data_dir, kept_secret(servers / "identity"))
    if os.geteuid() == 0:
        home = root_store.home_of(data_dir, key)
        return Place(data_dir, key, home.path, home.path / "run", home.owner)
    return Place(data_dir, key, servers, _private_sockets(key), os.geteuid())


def _refuse_others(servers: Path) -> None:
    owner = servers.stat().st_uid
    if owner != os.geteuid():
        raise CannotStart(
            f"{servers} belongs to user id {owner}, not to {os.geteuid()}; "
            "run as that user, or choose another DATA_DIR"
        )


def _key(data_dir: Path, identity: str) -> str:
    # The identity keeps a data directory that was removed and made anew apart from the one before it; the
    # path keeps a copy apart from its original; the user id keeps two people on one disk apart.
    parts = (str(os.geteuid()).encode(), os.fsencode(data_dir), identity.encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _private_sockets(key: str) -> Path:
    folder = SOCKETS_ROOT / f"rq-{os.geteuid()}-{key}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise CannotStart(f"{folder} exists but is not a private folder of ours; remove it")
    return folder
