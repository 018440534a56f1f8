"""Root's servers: a folder each under /var/lib/reviewqueue, owned by a user id that nobody else has."""

import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from reviewqueue.runtime.errors import CannotStart

STORE = Path("/var/lib/reviewqueue")
# The gap that systemd's table of user ids leaves unused; below 65536, so that user namespaces have it too.
USER_IDS = range(60706, 61184)


@dataclass(frozen=True)
class Home:
    """Where root's servers of a data directory live, and the user id that runs them."""

    path: Path
    owner: int


def home_of(data_dir: Path, key: str) -> Home:
    """The home that the data directory points to; a new one on the first call."""
    pointer = data_dir / "servers" / "home"
    if not pointer.exists():
        _point(pointer, _make(STORE / key, data_dir))
    home = Path(pointer.read_text().strip())
    if not (home / "run").is_dir():
        raise CannotStart(f"{pointer} names {home}, which is not there; bring it back, or remove {pointer.parent}")
    _follow(home, data_dir)
    return Home(home, (home / "run").stat().st_uid)


def open_store() -> Path:
    """/var/lib/reviewqueue, made by us: entered by everybody, changed by root alone."""
    if not STORE.exists():
        _make_folder(STORE, 0o755)
    found = STORE.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise CannotStart(f"{STORE} must be a folder that only root can change; move what is there away")
    return STORE


def hand_over(tree: Path, owner: int) -> None:
    """Give a tree that we made to the user id that will run on it, never following a link out of it."""
    os.chown(tree, owner, owner, follow_symlinks=False)
    for _, folders, files, descriptor in os.fwalk(tree, follow_symlinks=False):
        for name in (*folders, *files):
            found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if not stat.S_ISDIR(found.st_mode) and found.st_nlink > 1:
                raise CannotStart(f"{tree} holds a hard link ({name}) that a new database does not have")
            os.chown(name, owner, owner, dir_fd=descriptor, follow_symlinks=False)


def _make(home: Path, data_dir: Path) -> Path:
    owner = _free_user_id(int(home.name, 16))
    draft = Path(tempfile.mkdtemp(prefix=".new-", dir=open_store()))
    (draft / "data-dir").write_bytes(os.fsencode(data_dir))
    (draft / "run").mkdir(mode=0o700)
    try:
        os.chown(draft / "run", owner, owner)
    except OSError as error:
        shutil.rmtree(draft)
        raise CannotStart(
            f"this root cannot run programs as another user ({error.strerror}); run as an ordinary user, "
            "or set DATABASE_URL and REDIS_URL"
        ) from error
    draft.chmod(0o711)
    try:
        draft.rename(home)
    except OSError:  # another first start was quicker
        shutil.rmtree(draft)
    return home


def _free_user_id(seed: int) -> int:
    taken = {run.stat().st_uid for run in STORE.glob("*/run")}
    order = [USER_IDS[(seed + step) % len(USER_IDS)] for step in range(len(USER_IDS))]
    unknown = [user_id for user_id in order if not _has_name(user_id)]
    if not unknown:
        raise CannotStart("every user id for embedded servers has a name here; set DATABASE_URL and REDIS_URL")
    return next((user_id for user_id in unknown if user_id not in taken), unknown[0])


def _has_name(user_id: int) -> bool:
    try:
        pwd.getpwuid(user_id)
    except KeyError:
        return False
    return True


def _follow(home: Path, data_dir: Path) -> None:
    """A data directory that was renamed takes its home along; a copy of one must not share it."""
    record = home / "data-dir"
    known = Path(os.fsdecode(record.read_bytes()))
    if known == data_dir:
        return
    pointer = known / "servers" / "home"
    if pointer.exists() and pointer.read_text().strip() == str(home):
        raise CannotStart(
            f"{data_dir} is a copy of {known}, whose database is at {home} and was not copied; "
            f"remove {data_dir / 'servers'} to begin an empty one"
        )
    record.write_bytes(os.fsencode(data_dir))


def _point(pointer: Path, home: Path) -> None:
    draft = pointer.with_name(f".home.{os.getpid()}")
    draft.write_text(f"{home}\n")
    draft.replace(pointer)


def _make_folder(folder: Path, mode: int) -> None:
    try:
        folder.mkdir(mode=mode)
    except FileExistsError:
        return
    folder.chmod(mode)
