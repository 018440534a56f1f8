"""Starts the real PostgreSQL and Valkey that every test uses, before Django reads its settings.

Servers named by ``DATABASE_URL`` and ``REDIS_URL`` are used instead when both are set.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

TEST_DATA = Path(os.environ.get("TEST_DATA_DIR") or Path(tempfile.gettempdir()) / f"reviewqueue-tests-{os.getuid()}")
_started = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """Start the servers as early as pytest lets a plugin act: pytest-django reads the settings right after."""
    if os.environ.get("DATABASE_URL") or _started:
        return
    from reviewqueue.runtime import start_servers

    data_dir = TEST_DATA / str(os.getpid())
    os.environ["DATA_DIR"] = str(data_dir)
    os.environ.setdefault("DATABASE_POOL", "40")  # crowds of threads, each with a connection of its own
    _started.append((start_servers(data_dir, fsync=False, report=lambda _line: None), data_dir))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what this run started, and remove its data."""
    while _started:
        servers, data_dir = _started.pop()
        servers.remove()
        shutil.rmtree(data_dir, ignore_errors=True)
