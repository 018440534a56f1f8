"""A running product and its parts: which process is what, and how to end or stop each."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from reviewqueue.runtime import addresses, places
from reviewqueue.runtime.processes import inhabitants
from tests.walk.product import Product, running_product

PARTS = ("web", "worker", "run_due", "valkey", "postgres")


@dataclass
class Patient:
    """A product that something is done to; whatever dies is started again by the product's own start."""

    product: Product
    data_dir: Path

    def pid(self, part: str) -> int:
        """Return the process number of a part, read where the product's own start keeps it."""
        place = places.prepare(self.data_dir)
        files = {"postgres": place.cluster / "postmaster.pid", "valkey": place.servers / "valkey.pid"}
        path = files.get(part, place.servers / "children" / f"{part}.pid")
        return int(path.read_text().split()[0])

    def kill(self, part: str) -> None:
        """End a part without letting it say goodbye; a program together with its own children."""
        if part in {"postgres", "valkey"}:
            os.kill(self.pid(part), signal.SIGKILL)
        else:
            os.killpg(self.pid(part), signal.SIGKILL)

    def kill_database(self) -> None:
        """End PostgreSQL with every process of its own at once, so that none writes what it still holds."""
        for pid in (self.pid("postgres"), *inhabitants(places.prepare(self.data_dir).cluster)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self, part: str) -> None:
        """Let a part hang: it is there, and does not answer."""
        os.kill(self.pid(part), signal.SIGSTOP)

    def resume(self, part: str) -> None:
        """Let it go on."""
        os.kill(self.pid(part), signal.SIGCONT)

    def connect(self) -> psycopg.Connection[Any]:
        """Return a connection as the product's own role."""
        return psycopg.connect(addresses(self.data_dir).database_url, autocommit=True, connect_timeout=5)

    def ask(self, sql: str, parameters: Any = None) -> list[tuple]:
        """Return the rows of one statement."""
        with self.connect() as connection:
            return connection.execute(sql, parameters).fetchall()  # type: ignore[arg-type]


def living(data_dir: Path) -> Iterator[Patient]:
    """Start a whole product with data of its own; it leaves nothing behind."""
    with running_product(data_dir, migrated=True) as product:
        yield Patient(product, data_dir)
