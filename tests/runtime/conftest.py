"""Real servers in data directories of their own, and processes that can be killed."""

import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from reviewqueue.runtime import CannotStart, Servers, places, start_servers
from reviewqueue.runtime.places import Place

ROOT = Path(__file__).parents[2]
NOBODY = 65534


def quiet(line: str) -> None:
    """Nobody reads what a test's servers report."""


def clean(data_dir: Path) -> None:
    """Stop and remove the servers of a data directory, wherever they live."""
    try:
        place = places.prepare(data_dir)
    except CannotStart:  # a test left it refused on purpose
        return
    Servers(place, report=quiet).remove()


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A new data directory, whose servers are stopped afterwards."""
    folder = tmp_path / "data"
    yield folder
    clean(folder)


@pytest.fixture(scope="module")
def shared_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory whose servers run for a whole file, for stories that only look."""
    folder = tmp_path_factory.mktemp("shared") / "data"
    start_servers(folder, fsync=False, report=quiet)
    yield folder
    clean(folder)


@pytest.fixture
def place(data_dir: Path) -> Place:
    return places.prepare(data_dir)


@pytest.fixture
def python(data_dir: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start Python code in a process of its own, with the data directory as its first argument."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str, **environment: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-u", "-c", code, str(data_dir)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        )
        started.append(child)
        return child

    yield start
    for child in started:
        with suppress(ProcessLookupError):
            child.kill()
        child.wait()
        child.stdout.close()


def as_ordinary_user(story: Callable[[], None]) -> None:
    """Run a story as somebody who is not root, in a fork that keeps what is imported already."""
    if os.geteuid() != 0:
        return story()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            story()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
