"""What running servers let in, and what they keep to themselves."""

import os
import stat
from pathlib import Path

import psycopg
import pytest
import redis
from kombu import Connection
from psycopg.conninfo import make_conninfo
from redis.backoff import NoBackoff
from redis.retry import Retry

from reviewqueue.runtime import addresses, places
from tests.runtime.conftest import connect, postgres_pid, valkey_pid

NEVER = Retry(NoBackoff(), 0)


def test_only_the_right_password_opens_the_servers(shared_dir):
    there = addresses(shared_dir)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(there.database_url.replace(there.password, "guess"))
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(there.redis_url.replace(there.valkey_password, "guess"), retry=NEVER).ping()
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(unix_socket_path=str(there.valkey_socket), retry=NEVER).ping()


def test_the_products_role_is_no_superuser_but_may_make_a_test_database(shared_dir):
    with connect(shared_dir) as connection:
        assert connection.execute("SHOW is_superuser").fetchone() == ("off",)
        connection.execute("CREATE DATABASE test_reviewqueue")
        connection.execute("CREATE EXTENSION pg_trgm")
    with psycopg.connect(addresses(shared_dir).admin_database_url) as connection:
        assert connection.execute("SHOW is_superuser").fetchone() == ("on",)


def test_django_settings_and_the_url_name_the_same_database(shared_dir):
    named = addresses(shared_dir).database_settings()
    assert named.pop("ENGINE") == "django.db.backends.postgresql"
    named["dbname"] = named.pop("NAME")
    conninfo = make_conninfo(**{key.lower(): value for key, value in named.items()})
    with psycopg.connect(conninfo) as connection:
        assert connection.info.dbname == connection.info.user == "reviewqueue"


def test_a_message_passes_through_the_broker_address(shared_dir):
    with Connection(addresses(shared_dir).broker_url) as broker:
        queue = broker.SimpleQueue("bell")
        queue.put({"kind": "item", "id": 7})
        message = queue.get(timeout=5)
        assert message.payload == {"kind": "item", "id": 7}
        message.ack()
        queue.close()


def test_nothing_listens_on_the_network(shared_dir):
    place = places.prepare(shared_dir)
    inodes = set()
    for table in ("tcp", "tcp6"):
        inodes |= {line.split()[9] for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]}
    for pid in (postgres_pid(place), valkey_pid(place)):
        links = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
        sockets = {link[8:-1] for link in links if link.startswith("socket:[")}
        assert sockets
        assert not sockets & inodes


def test_secrets_are_in_closed_files_and_on_no_command_line(shared_dir):
    place = places.prepare(shared_dir)
    there = addresses(shared_dir)
    files = [place.servers / name for name in ("postgres.password", "postgres-admin.password", "valkey.password")]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * 3
    assert stat.S_IMODE(place.sockets.stat().st_mode) == 0o700
    for pid in (postgres_pid(place), valkey_pid(place)):
        seen = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        for secret in (there.password, there.admin_password, there.valkey_password):
            assert secret.encode() not in seen


def test_what_people_write_stays_out_of_the_log(shared_dir):
    place = places.prepare(shared_dir)
    with connect(shared_dir) as connection:
        connection.execute("CREATE TABLE one (name text PRIMARY KEY)")
        connection.execute("INSERT INTO one VALUES ('somebody private')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO one VALUES ('somebody private')")
    log = (place.logs / "postgresql.log").read_text()
    assert "duplicate key" in log
    assert "somebody" not in log
