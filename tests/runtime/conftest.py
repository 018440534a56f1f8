"""Real servers in data directories of their own, and processes that can be killed."""

import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from reviewqueue.runtime import CannotStart, Servers, addresses, places, postgres, start_servers
from reviewqueue.runtime.places import Place
from reviewqueue.runtime.processes import Known

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


def connect(data_dir: Path) -> psycopg.Connection:
    """As the product connects."""
    return psycopg.connect(addresses(data_dir).database_url, autocommit=True)


def postgres_pid(place: Place) -> int:
    pid = postgres.postmaster(place)
    assert pid is not None
    return pid


def valkey_pid(place: Place) -> int:
    known = Known.read(place.servers / "valkey.pid")
    assert known is not None
    return known.pid


def wait_for(child: subprocess.Popen[str], words: str) -> str:
    """The first line in which a process says these words."""
    assert child.stdout
    for line in child.stdout:
        if words in line:
            return line
    raise AssertionError(f"ended before it said {words}")


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

    python_path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))

    def start(code: str, **environment: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-u", "-c", code, str(data_dir)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": python_path, **environment},
        )
        started.append(child)
        return child

    yield start
    for child in started:
        with suppress(ProcessLookupError):
            child.kill()
        child.wait()
        if child.stdout:
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
