"""The spool: items that were accepted here and are not yet stored by the server, on disk.

One SQLite database in a directory, in WAL mode with ``synchronous=FULL``: :meth:`Spool.add` returns after the commit
has been forced to the disk, and a process killed at any instant leaves a database that the next one opens as it was.
Any number of processes on one machine may share a directory. Who sends holds a lock that the operating system lets
go of when its process dies; if two ever sent the same item, its external_id would make it one.

The directory must be on a local disk (SQLite's locks do not hold on network file systems).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from .errors import Problem, SpoolError, SpoolFull
from .exclusive import Exclusive
from .forking import tell_around_fork

MOST_BYTES = 256 * 1024 * 1024
#: Longest wait for another process that is writing, in seconds.
PATIENCE = 30.0
_TABLES = """
CREATE TABLE IF NOT EXISTS waiting (
  id INTEGER PRIMARY KEY AUTOINCREMENT, external_id TEXT NOT NULL, body BLOB NOT NULL, doubtful INTEGER NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS refused (
  id INTEGER PRIMARY KEY, external_id TEXT NOT NULL, body BLOB NOT NULL, status INTEGER NOT NULL,
  problem TEXT NOT NULL, refused_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS holding (one INTEGER PRIMARY KEY CHECK (one = 1), bytes INTEGER NOT NULL);
INSERT OR IGNORE INTO holding VALUES (1, 0);
"""
#: Whoever failed this often is sent alone, so that it spoils no other.
_ALONE = 3


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item in the spool. ``doubtful``: it may have reached the server before, in another form."""

    id: int
    external_id: str
    body: bytes = field(repr=False)
    doubtful: bool = False
    failures: int = 0


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """An item that the server refused for good, as it was sent, with the reason."""

    id: int
    external_id: str
    body: bytes = field(repr=False)
    status: int
    reason: str
    refused_at: datetime


@dataclass(frozen=True, slots=True)
class Holding:
    """How much a spool holds; ``bytes`` counts waiting and refused items alike."""

    waiting: int
    refused: int
    bytes: int


class Spool:
    """A directory of items to be sent. Safe to use from any thread, and after a fork."""

    def __init__(self, directory: str | os.PathLike[str], *, most_bytes: int = MOST_BYTES) -> None:
        self.directory = Path(directory)
        self.most_bytes = most_bytes
        self._begin()
        with self._open() as database:
            database.execute("SELECT 1 FROM waiting LIMIT 1")
        tell_around_fork(self)

    def _begin(self) -> None:
        self._guard = threading.RLock()
        self._database: sqlite3.Connection | None = None
        self._sending: Exclusive | None = None

    def before_fork(self) -> None:
        """Close the database while the process forks: SQLite's locks mean nothing to a child that inherits them."""
        self._guard.acquire()
        self._close_database()

    def after_fork_here(self) -> None:
        """Go on."""
        self._guard.release()

    def after_fork(self) -> None:
        """Begin anew. Who sends is the parent's affair: its lock is given back here, where it is but a copy."""
        if self._sending is not None:
            self._sending.let_go()
        self._begin()

    def add(self, external_id: str, body: bytes, *, doubtful: bool = False) -> None:
        """Keep an item; it is on the disk when this returns. Raises SpoolFull, or SpoolError when it cannot be."""
        with self._changing() as database:
            room = "UPDATE holding SET bytes = bytes + ?1 WHERE bytes + ?1 <= ?2"
            if not database.execute(room, (len(body), self.most_bytes)).rowcount:
                raise SpoolFull(self._full(database))
            row = (external_id, body, int(doubtful))
            database.execute("INSERT INTO waiting (external_id, body, doubtful) VALUES (?, ?, ?)", row)

    def _full(self, database: sqlite3.Connection) -> str:
        counts = "SELECT (SELECT count(*) FROM waiting), (SELECT count(*) FROM refused)"
        waiting, refused = database.execute(counts).fetchone()
        return (
            f"The spool {self.directory} holds its {self.most_bytes:,} bytes: {waiting:,} items wait for the server, "
            f"{refused:,} were refused by it and wait for you."
        )

    def next(self, *, most: int, most_bytes: int) -> list[Waiting]:
        """Return what to send next, oldest first; an item that failed several times comes alone and later."""
        sound = "SELECT id, external_id, body, doubtful, failures FROM waiting WHERE failures < ? ORDER BY id LIMIT ?"
        alone = (
            "SELECT id, external_id, body, doubtful, failures FROM waiting WHERE failures >= ? AND not_before <= ? "
            "ORDER BY not_before, id LIMIT 1"
        )
        with self._open() as database:
            rows = _up_to(database.execute(sound, (_ALONE, most)), most_bytes)
            rows = rows or database.execute(alone, (_ALONE, time.time())).fetchall()
        return [Waiting(one[0], one[1], one[2], bool(one[3]), one[4]) for one in rows]

    def settle(self, stored: Sequence[Waiting], refused: Sequence[tuple[Waiting, Problem]] = ()) -> None:
        """Forget what the server has stored and put aside what it refused, all at once."""
        now = datetime.now(UTC).isoformat()
        aside = [(one.id, one.external_id, one.body, why.status, str(why), now) for one, why in refused]
        gone = [*stored, *(one for one, _ in refused)]
        with self._changing() as database:
            removed = sum(
                len(one.body) * database.execute("DELETE FROM waiting WHERE id = ?", (one.id,)).rowcount
                for one in gone
            )
            database.executemany("INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?, ?, ?)", aside)
            kept = sum(len(one.body) for one, _ in refused)
            database.execute("UPDATE holding SET bytes = max(bytes - ?, 0)", (removed - kept,))

    def failed(self, items: Iterable[Waiting], *, at_once: bool = False) -> None:
        """Note a fault that one of these may have caused; ``at_once`` sends each of them alone from now on."""
        now = time.time()
        failures = [(_ALONE if at_once else one.failures + 1, one) for one in items]
        rows = [(count, now + min(2.0**count, 600.0) * (not at_once), one.id) for count, one in failures]
        with self._changing() as database:
            database.executemany("UPDATE waiting SET failures = ?, not_before = ? WHERE id = ?", rows)

    def last(self) -> int:
        """Return the number of the newest item that waits; 0 when none does."""
        with self._open() as database:
            return int(database.execute("SELECT coalesce(max(id), 0) FROM waiting").fetchone()[0])

    def waits_up_to(self, number: int) -> bool:
        """Whether an item with this number, or an older one, still waits."""
        with self._open() as database:
            return database.execute("SELECT 1 FROM waiting WHERE id <= ? LIMIT 1", (number,)).fetchone() is not None

    def holding(self) -> Holding:
        """Return how much there is."""
        counts = "SELECT (SELECT count(*) FROM waiting), (SELECT count(*) FROM refused), bytes FROM holding"
        with self._open() as database:
            return Holding(*database.execute(counts).fetchone())

    def refused(self) -> list[RefusedItem]:
        """Return what the server refused for good, oldest first."""
        columns = "SELECT id, external_id, body, status, problem, refused_at FROM refused ORDER BY id"
        with self._open() as database:
            rows = database.execute(columns).fetchall()
        return [
            RefusedItem(number, external_id, body, status, reason, datetime.fromisoformat(at))
            for number, external_id, body, status, reason, at in rows
        ]

    def forget(self, items: Iterable[RefusedItem]) -> None:
        """Drop refused items for good."""
        with self._changing() as database:
            for one in items:
                gone = database.execute("DELETE FROM refused WHERE id = ?", (one.id,)).rowcount
                database.execute("UPDATE holding SET bytes = max(bytes - ?, 0)", (len(one.body) * gone,))

    def send_again(self, items: Iterable[RefusedItem]) -> None:
        """Put refused items back: the source has been added, or the key has been mended."""
        with self._changing() as database:
            for one in items:
                if database.execute("DELETE FROM refused WHERE id = ?", (one.id,)).rowcount:
                    row = (one.external_id, one.body)
                    database.execute("INSERT INTO waiting (external_id, body, doubtful) VALUES (?, ?, 0)", row)

    @contextmanager
    def sending(self) -> Iterator[bool]:
        """Try to be the one that sends; false when another thread or process is."""
        lock = Exclusive(self.directory / "sender.lock")
        try:
            mine = lock.take()
        except OSError as error:
            raise SpoolError(f"The spool {self.directory} cannot be used: {error}") from error
        if not mine:
            yield False
            return
        self._sending = lock
        try:
            yield True
        finally:
            self._sending = None
            lock.let_go()

    def tidy(self) -> None:
        """Write the log back and cut it: what was sent is then on the disk no more."""
        with self._open() as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the files; the spool opens them again when it is used."""
        with self._guard:
            self._close_database()

    def _close_database(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            try:
                if self._database is None:
                    self._database = _database_in(self.directory)
                yield self._database
            except (sqlite3.Error, OSError) as error:
                raise SpoolError(f"The spool {self.directory} cannot be used: {error}") from error

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                if database.in_transaction:
                    database.execute("ROLLBACK")
                raise


def _up_to(
    rows: Iterable[tuple[int, str, bytes, int, int]], most_bytes: int
) -> list[tuple[int, str, bytes, int, int]]:
    """Return the first rows whose bodies fit, and at least one."""
    taken: list[tuple[int, str, bytes, int, int]] = []
    size = 0
    for row in rows:
        size += len(row[2]) + 1
        if taken and size > most_bytes:
            break
        taken.append(row)
    return taken


def _database_in(directory: Path) -> sqlite3.Connection:
    """Open the database, or make it: readable by its owner alone, for it holds conversations."""
    made = not directory.exists()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / "spool.sqlite3"
    database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        _patiently(lambda: database.execute("PRAGMA journal_mode=WAL").fetchone())
        database.execute("PRAGMA synchronous=FULL")
        database.execute("PRAGMA secure_delete=ON")
        database.execute("PRAGMA journal_size_limit=4194304")
        _patiently(lambda: database.executescript(f"BEGIN IMMEDIATE;{_TABLES}COMMIT;"))
    except BaseException:
        database.close()
        raise
    for folder in (directory, directory.parent) if made else (directory,):
        _force(folder)
    return database


def _patiently(work: Callable[[], object]) -> None:
    """Do what SQLite refuses at once, without waiting, while another process opens the same new database."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            work()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return


def _force(folder: Path) -> None:
    """Force a directory's entries to the disk, where directories can be opened and this one may be read."""
    if os.name != "posix" or not os.access(folder, os.R_OK):
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
