"""Both servers of one data directory as a pair."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType

import psycopg

from reviewqueue.runtime import address_book, flocks, places, postgres, programs, valkey
from reviewqueue.runtime.errors import CannotStart

#: Starts in a row of what has died that may fail before it is given up.
TRIES = 5


class Servers:
    """The running servers of a data directory; as a context manager they stop at the end of the block."""

    def __init__(self, place: places.Place, *, fsync: bool = True, report: Callable[[str], None] = print) -> None:
        self.place = place
        self.addresses = address_book.of_place(place)
        self.adopted = False
        self._fsync = fsync
        self._report = report
        self._failed = 0

    def start(self) -> None:
        """Start or adopt both; starts of one data directory wait for each other."""
        self.place = places.prepare(self.place.data_dir)  # a stop has taken the sockets' folder away
        with self._alone():
            found = programs.find(self.place, self._report)
            bell = valkey.start(self.place, self.addresses, found, report=self._report)
            store = postgres.start(self.place, self.addresses, found, fsync=self._fsync, report=self._report)
            self.adopted = bell and store

    def revive(self) -> None:
        """Start again whichever has died; cheap when neither has.

        A server may die while it is looked at, so a start that fails is tried again at the next call. Raises what the
        last of ``TRIES`` in a row raised.
        """
        if postgres.postmaster(self.place) is None or not valkey.alive(self.place):
            self._report("A server has died, starting it again ...")
            try:
                self.start()
            except (CannotStart, psycopg.OperationalError) as error:
                self._failed += 1
                if self._failed >= TRIES:
                    raise
                self._report(f"That failed, trying again: {error}")
            else:
                self._failed = 0

    def stop(self) -> None:
        """Stop both cleanly, whoever started them; doing it twice does no harm."""
        with self._alone():
            valkey.stop(self.place, self.addresses)
            postgres.stop(self.place)
        if self.place.sockets.parent == places.SOCKETS_ROOT:
            with suppress(OSError):  # not empty, or gone already
                self.place.sockets.rmdir()

    def remove(self) -> None:
        """Stop both and remove their data, passwords and logs for good; what else the data directory holds stays."""
        self.stop()
        for folder in {self.place.home, self.place.servers, self.place.logs}:
            shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # not empty
            self.place.data_dir.rmdir()

    def _alone(self) -> AbstractContextManager[None]:
        return flocks.one_at_a_time(self.place.servers / "start.flock")

    def __enter__(self) -> "Servers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_servers(data_dir: Path, *, fsync: bool = True, report: Callable[[str], None] = print) -> Servers:
    """Start the servers of a data directory, or adopt those that run; `fsync=False` is for tests alone."""
    servers = Servers(places.prepare(data_dir), fsync=fsync, report=report)
    servers.start()
    return servers


def running(data_dir: Path) -> bool:
    """Whether both servers of a data directory answer."""
    there = address_book.addresses(data_dir)
    return valkey.answers(there) and postgres.answers(there)
