"""The embedded servers: made, adopted, recovered, stopped, closed to others."""

import os
import shutil
import signal
import subprocess
from contextlib import closing, suppress
from pathlib import Path

import pytest

from reviewqueue.runtime import CannotStart, Servers, addresses, places, postgres, processes, running, start_servers
from tests.runtime.conftest import clean, connect, postgres_pid, quiet, valkey_pid, wait_for

START_AND_WAIT = """
import sys, time
from pathlib import Path
from reviewqueue.runtime import start_servers
start_servers(Path(sys.argv[1]), fsync=False)
print("up"); time.sleep(60)
"""


def start(data_dir: Path, *, fsync: bool = False) -> Servers:
    return start_servers(data_dir, fsync=fsync, report=quiet)


def keep_row(data_dir: Path) -> None:
    with connect(data_dir) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")


def kept_row(data_dir: Path) -> int:
    with connect(data_dir) as connection:
        found = connection.execute("SELECT number FROM kept").fetchone()
    assert found
    return found[0]


def kill(*pids: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # one of PostgreSQL's own has ended by itself meanwhile
            os.kill(pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not any(processes.start_mark(pid) for pid in pids), 5)


def test_a_second_start_finds_what_the_first_one_kept(data_dir):
    with start(data_dir) as servers:
        assert not servers.adopted
        assert running(data_dir)
        keep_row(data_dir)
    assert not running(data_dir)
    with start(data_dir):
        assert kept_row(data_dir) == 7


def test_stopping_twice_does_no_harm_and_the_same_servers_can_start_again(data_dir):
    servers = start(data_dir)
    servers.stop()
    servers.stop()
    servers.start()
    assert running(data_dir)


def test_the_address_is_known_before_the_servers_run_and_never_changes(data_dir, monkeypatch):
    before = addresses(data_dir)
    with start(data_dir):
        assert addresses(data_dir) == before
    monkeypatch.chdir(data_dir.parent)
    assert addresses(Path("data")) == before
    assert before.password not in repr(before)


def test_servers_outlive_a_killed_parent_and_the_next_start_adopts_them(data_dir, place, python):
    parent = python(START_AND_WAIT)
    wait_for(parent, "up")
    keep_row(data_dir)
    before = postgres_pid(place), valkey_pid(place)
    parent.kill()
    parent.wait()
    servers = start(data_dir)
    assert servers.adopted
    assert (postgres_pid(place), valkey_pid(place)) == before
    assert kept_row(data_dir) == 7


def test_everything_killed_at_once_is_recovered(data_dir, place):
    start(data_dir)
    keep_row(data_dir)
    kill(*processes.inhabitants(place.cluster), valkey_pid(place))
    assert (place.cluster / "postmaster.pid").exists()
    assert (place.sockets / ".s.PGSQL.5432.lock").exists()
    servers = start(data_dir)
    assert not servers.adopted
    assert kept_row(data_dir) == 7


def test_a_busy_connection_that_outlives_its_killed_server_does_not_stop_the_next_start(data_dir, place):
    start(data_dir)
    keep_row(data_dir)
    with closing(connect(data_dir)) as connection:
        connection.pgconn.send_query(b"DO 'BEGIN LOOP END LOOP; END'")
        backend = connection.info.backend_pid
        kill(postgres_pid(place))
        assert processes.start_mark(backend), "the loop should still run without its server"
        start(data_dir)
        assert not processes.start_mark(backend)
        assert kept_row(data_dir) == 7


def test_a_server_that_died_alone_is_revived(data_dir, place):
    servers = start(data_dir)
    healthy = postgres_pid(place)
    kill(valkey_pid(place))
    servers.revive()
    assert running(data_dir)
    assert postgres_pid(place) == healthy
    kill(healthy)
    servers.revive()
    assert running(data_dir)


def test_a_server_that_dies_while_it_is_looked_at_is_revived_the_next_time(data_dir, place, monkeypatch):
    """Valkey has died; PostgreSQL is found alive, and dies before it answers."""
    with start(data_dir) as servers:
        kill(valkey_pid(place))
        adopted = postgres.adopted

        def dies(*given, **named):
            kill(*processes.inhabitants(place.cluster))
            monkeypatch.setattr(postgres, "adopted", adopted)
            raise CannotStart("PostgreSQL ended while starting")

        monkeypatch.setattr(postgres, "adopted", dies)
        servers.revive()
        assert not running(data_dir)
        servers.revive()
        assert running(data_dir)


def test_a_pid_file_that_names_a_living_stranger_is_not_believed(data_dir, place):
    start(data_dir).stop()
    stranger = subprocess.Popen(["sleep", "60"], **processes.as_user(place.owner))
    try:
        lock = f"{stranger.pid}\n{place.cluster}\n1\n5432\n{place.sockets}\n\n"
        (place.cluster / "postmaster.pid").write_text(lock)
        places.prepare(data_dir)
        (place.sockets / ".s.PGSQL.5432.lock").write_text(lock)
        (place.sockets / ".s.PGSQL.5432").touch()
        start(data_dir)
        assert running(data_dir)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_the_pid_file_of_a_living_server_is_left_alone(data_dir, place):
    start(data_dir)
    file = place.cluster / "postmaster.pid"
    before = file.stat().st_ino
    os.kill(postgres_pid(place), signal.SIGSTOP)
    assert postgres_pid(place) == int(file.read_text().split()[0])
    os.kill(postgres_pid(place), signal.SIGCONT)
    assert start(data_dir).adopted
    assert file.stat().st_ino == before


def test_a_silent_valkey_is_replaced(data_dir, place):
    start(data_dir)
    silent = valkey_pid(place)
    os.kill(silent, signal.SIGSTOP)
    start(data_dir)
    assert valkey_pid(place) != silent
    assert not processes.start_mark(silent)


def test_starts_at_the_same_moment_make_one_database(data_dir, place, python):
    starters = [python(START_AND_WAIT) for _ in range(3)]
    for starter in starters:
        wait_for(starter, "up")
    assert running(data_dir)
    assert len([pid for pid in processes.inhabitants(place.cluster) if _is_postmaster(pid)]) == 1


def _is_postmaster(pid: int) -> bool:
    try:
        return b"unix_socket_directories" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:  # one of its own, which has ended meanwhile
        return False


def test_two_data_directories_live_side_by_side(data_dir, tmp_path):
    other = tmp_path / "other" / "data"
    start(data_dir)
    start(other)
    try:
        keep_row(data_dir)
        with connect(other) as connection:
            assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)
        start(data_dir).stop()
        assert running(other)
    finally:
        clean(other)


@pytest.mark.parametrize("name", ["Über sicht & 'Prüfung' $HOME", "x" * 120 + "/" + "y" * 120])
def test_a_data_directory_may_have_any_name(tmp_path, name):
    folder = tmp_path / name
    try:
        start(folder)
        assert len(os.fsencode(addresses(folder).sockets / ".s.PGSQL.5432")) < 104
        assert running(folder)
    finally:
        clean(folder)


def test_a_server_without_fsync_is_not_adopted_by_a_safe_start(data_dir, place):
    start(data_dir)
    unsafe = postgres_pid(place)
    start(data_dir, fsync=True)
    assert postgres_pid(place) != unsafe
    with connect(data_dir) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)


def test_a_renamed_data_directory_keeps_its_data_even_while_its_servers_run(data_dir, tmp_path):
    start(data_dir)
    keep_row(data_dir)
    renamed = data_dir.rename(tmp_path / "renamed")
    try:
        start(renamed)
        assert kept_row(renamed) == 7
    finally:
        clean(renamed)


def test_removing_leaves_nothing_but_what_others_put_there(data_dir, place):
    servers = start(data_dir)
    (data_dir / "files").mkdir()
    servers.remove()
    assert list(data_dir.iterdir()) == [data_dir / "files"]
    assert not place.home.exists()
    assert not place.sockets.exists()


def test_a_data_directory_that_was_removed_begins_anew(data_dir, place):
    start(data_dir).stop()
    shutil.rmtree(data_dir)
    try:
        start(data_dir)
        assert running(data_dir)
    finally:
        if place.runs_as_other:
            shutil.rmtree(place.home)
