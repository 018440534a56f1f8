"""Log files: a new one for each start with the last one kept beside it, and a bound on their size."""

import os
import shutil
from pathlib import Path
from typing import BinaryIO

LARGEST = 20_000_000


def open_log(folder: Path, name: str) -> BinaryIO:
    """A fresh log to append to; the previous one becomes `<name>.log.1`."""
    path = folder / f"{name}.log"
    if path.exists():
        path.replace(_previous(path))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(descriptor, "wb")


def bound(folder: Path) -> None:
    """Move what exceeds the bound into `.log.1`; the writers append, so they go on at the new end."""
    for path in folder.glob("*.log"):
        if path.stat().st_size > LARGEST:
            shutil.copyfile(path, _previous(path))
            os.truncate(path, 0)


def tail(folder: Path, name: str, lines: int = 12) -> str:
    """The last lines of a log, to show why something failed."""
    path = folder / f"{name}.log"
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 8_000))
        text = file.read().decode(errors="replace")
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


def _previous(path: Path) -> Path:
    return path.with_name(f"{path.name}.1")
