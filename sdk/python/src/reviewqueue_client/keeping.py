"""Where the spool is, and when it is opened: at the first guard, or the first item that is sent later."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from pathlib import Path
from urllib.parse import urlsplit

from .background import LAST_WAIT, Background
from .driving import Address, Line
from .errors import SpoolError
from .flow import Retry
from .forking import tell_after_fork
from .spool import MOST_BYTES, Spool

log = logging.getLogger("reviewqueue_client")


def default_directory(address: Address) -> Path:
    """Return the directory for one server and one key below the user's state directory.

    The key is part of the name (as a digest), so that two programs with keys of two workspaces never send each
    other's items. Name a directory yourself (``spool=`` or ``REVIEWQUEUE_SPOOL``), and a new key goes on with what is
    left.
    """
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    digest = hashlib.sha256(f"{address.url} {address.key}".encode()).hexdigest()[:16]
    return state / "reviewqueue-client" / f"{_host(address)}-{digest}"


def _host(address: Address) -> str:
    parts = urlsplit(address.url)
    return f"{parts.hostname}-{parts.port}".replace(":", "_") if parts.port else f"{parts.hostname}"


class Keeper:
    """Opens the spool and its background when they are first needed."""

    def __init__(
        self, address: Address, spool: str | os.PathLike[str] | None, most_bytes: int | None, retry: Retry
    ) -> None:
        self._address = address
        self._directory = spool or os.environ.get("REVIEWQUEUE_SPOOL")
        self._most_bytes = most_bytes or MOST_BYTES
        self._retry = retry
        self._background: Background | None = None
        self.after_fork()
        tell_after_fork(self)

    def after_fork(self) -> None:
        """Have a guard of this process's own."""
        self._guard = threading.Lock()

    def check(self) -> None:
        """Raise SpoolError now when the spool could not be used later."""
        self.background().spool.holding()

    def background(self) -> Background:
        """Return the background, opened the first time; what an earlier process left is sent at once."""
        with self._guard:
            if self._background is None:
                self._background = Background(self._open(), Line(self._address), self._retry)
                if self._background.spool.last():
                    self._background.start()
            return self._background

    def _open(self) -> Spool:
        if self._directory:
            return Spool(self._directory, most_bytes=self._most_bytes)
        directory = default_directory(self._address)
        spool = Spool(directory, most_bytes=self._most_bytes)
        _warn_of_others(directory, _host(self._address))
        return spool

    def close(self, timeout: float = LAST_WAIT) -> None:
        """Close the background, if it was ever opened."""
        with self._guard:
            background, self._background = self._background, None
        if background is not None:
            background.close(timeout)


def _warn_of_others(directory: Path, host: str) -> None:
    """Say when items wait under another key for the same server: that key may have been replaced."""
    for other in directory.parent.glob(f"{host}-*/spool.sqlite3"):
        if other.parent == directory:
            continue
        try:
            spool = Spool(other.parent)
            waiting = spool.holding().waiting
            spool.close()
        except SpoolError:
            continue
        if waiting:
            log.warning(
                "%d items wait in %s under another key; REVIEWQUEUE_SPOOL=%s sends them", waiting, *[other.parent] * 2
            )
