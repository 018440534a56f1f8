"""The one-command start: what it keeps running, and how it ends."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from reviewqueue.runtime import CannotStart, addresses, processes, run_stack, running
from tests.runtime.conftest import clean, postgres_pid, quiet, wait_for

STACK = """
import signal, sys
from pathlib import Path
from reviewqueue.runtime import Program, children, run_stack, servers
children.FAST, children.LONGEST_PAUSE = {fast}, 0.1
servers.Servers.__init__.__kwdefaults__["fsync"] = False
programs = [Program(name, [sys.executable, "-c", code]) for name, code in {programs!r}]
sys.exit(run_stack(
    programs, data_dir=Path(sys.argv[1]), address="http://127.0.0.1:8000", grace={grace},
    ready={ready}, announce=lambda: print("announced"), prepare=lambda: print("prepared"),
))
"""
SLEEPER = "import time; time.sleep(60)"
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time, signal; signal.signal(15, 1); time.sleep(60)"])
time.sleep(60)
"""


@pytest.fixture(scope="module")
def module_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("stack") / "data"
    yield folder
    clean(folder)


@pytest.fixture
def data_dir(module_dir: Path) -> Path:
    """One for the whole file: each story ends what an earlier one left, as a user's next start does."""
    return module_dir


def stack(*programs: tuple[str, str], grace: float = 5, fast: float = 10, ready: str = "lambda: True") -> str:
    return STACK.format(programs=list(programs), grace=grace, fast=fast, ready=ready)


def pid_of(place, name: str) -> int:
    return int((place.servers / "children" / f"{name}.pid").read_text().split()[0])


def family(place) -> list[int]:
    return processes.marked(f"REVIEWQUEUE_STACK={place.key}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_programs_and_servers(data_dir, place, python, number):
    supervisor = python(stack(("web", SLEEPER), ("worker", SLEEPER)))
    wait_for(supervisor, "announced")
    assert running(data_dir)
    assert len(family(place)) == 2
    supervisor.send_signal(number)
    assert supervisor.wait(20) == 0
    assert not running(data_dir)
    assert family(place) == []


def test_programs_begin_after_the_preparation_and_are_announced_when_ready(place, python, tmp_path):
    flag = tmp_path / "flag"
    ready = f"lambda: Path({str(flag)!r}).exists()"
    supervisor = python(stack(("web", f"open({str(flag)!r}, 'w'); {SLEEPER}"), ready=ready))
    wait_for(supervisor, "prepared")
    wait_for(supervisor, "announced")
    assert flag.exists()


def test_only_one_stack_runs_in_a_data_directory(data_dir, python):
    supervisor = python(stack(("web", SLEEPER)))
    wait_for(supervisor, "announced")
    with pytest.raises(CannotStart, match=r"already running at http://127\.0\.0\.1:8000"):
        run_stack([], data_dir=data_dir, address="http://elsewhere", report=quiet)


def test_a_program_that_dies_starts_again(place, python):
    supervisor = python(stack(("web", SLEEPER)))
    wait_for(supervisor, "announced")
    first = pid_of(place, "web")
    os.kill(first, signal.SIGKILL)
    assert "signal 9" in wait_for(supervisor, "web has ended")
    assert processes.wait_until(lambda: pid_of(place, "web") != first, 5)


def test_a_program_that_cannot_start_is_given_up_loudly(data_dir, python):
    supervisor = python(stack(("web", "print('no such setting'); exit(3)"), ("worker", SLEEPER)))
    said = supervisor.stdout.read()
    assert supervisor.wait(20) == 1
    assert "giving up" in said
    assert "no such setting" in said
    assert not running(data_dir)


def test_a_program_that_lives_a_while_each_time_is_never_given_up(place, python):
    supervisor = python(stack(("web", "import time; time.sleep(0.05)"), fast=0.01))
    for _ in range(7):
        wait_for(supervisor, "web has ended")
    assert supervisor.poll() is None


def test_a_program_that_does_not_listen_is_ended_with_all_it_started(place, python):
    supervisor = python(stack(("worker", STUBBORN), grace=0.5))
    wait_for(supervisor, "announced")
    assert processes.wait_until(lambda: len(family(place)) == 2, 5)
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(20) == 0
    assert family(place) == []


def test_a_second_signal_ends_the_patience(place, python):
    supervisor = python(stack(("worker", STUBBORN), grace=60))
    wait_for(supervisor, "announced")
    supervisor.send_signal(signal.SIGINT)
    wait_for(supervisor, "Stopping")
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(20) == 0


def test_programs_die_with_a_killed_stack_and_the_next_start_ends_the_stubborn_and_adopts_the_servers(
    data_dir, place, python
):
    killed = python(stack(("web", SLEEPER), ("worker", STUBBORN)))
    wait_for(killed, "announced")
    assert processes.wait_until(lambda: len(family(place)) == 3, 5)
    web, stubborn, server = pid_of(place, "web"), set(family(place)), postgres_pid(place)
    stubborn.discard(web)
    killed.kill()
    killed.wait()
    assert processes.wait_until(lambda: not processes.start_mark(web), 5)
    assert set(family(place)) == stubborn
    second = python(stack(("web", SLEEPER)))
    wait_for(second, "Ending 2 process(es)")
    wait_for(second, "announced")
    assert not stubborn & set(family(place))
    assert postgres_pid(place) == server


def test_a_leftover_pid_file_that_names_a_stranger_ends_nobody(data_dir, place, python):
    stranger = subprocess.Popen(["sleep", "60"])
    folder = place.servers / "children"
    folder.mkdir(exist_ok=True)
    (folder / "web.pid").write_text(f"{stranger.pid} another-boot/1\n")
    supervisor = python(stack(("worker", SLEEPER)))
    wait_for(supervisor, "announced")
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_killed_server_comes_back_while_the_stack_runs(data_dir, place, python):
    supervisor = python(stack(("web", SLEEPER)))
    wait_for(supervisor, "announced")
    with psycopg.connect(addresses(data_dir).database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    os.kill(postgres_pid(place), signal.SIGKILL)
    wait_for(supervisor, "A server has died")
    assert processes.wait_until(lambda: running(data_dir), 20)
    with psycopg.connect(addresses(data_dir).database_url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
