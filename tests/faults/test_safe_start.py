"""The product starts only when that is safe (I-35), and says in one clear line why not."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reviewqueue.common.environment import env, env_int, env_url, mail_settings
from reviewqueue.runtime import Servers, places

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a7Gk2-Qw9Zr4_Tb8Xn1Lm6Vc3Hs5Jd0Pf-Yu2Ei7Ro4Wa9Sx1Zq"
SAFE = {
    "DATABASE_URL": "postgresql://someone@127.0.0.1/somewhere",
    "REDIS_URL": "redis://127.0.0.1/0",
    "SECRET_KEY": SECRET,
    "ALLOWED_HOSTS": "review.example",
}


def start(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Read the settings in a process of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", "import reviewqueue.settings"],
        cwd=ROOT,
        env={**kept, "DATA_DIR": str(folder / "data"), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY must be set"),
        ({"SECRET_KEY": "short"}, "too short"),
        ({"SECRET_KEY": "django-insecure-" + SECRET}, "known default"),
        ({"SECRET_KEY": "changeme" * 10}, "known default"),
        ({"SECRET_KEY": "a" * 60}, "too short or a known default"),
        ({"DEBUG": "1"}, "DEBUG must not be on"),
        ({"DEBUG": "perhaps"}, "DEBUG must be 1 or 0"),
        ({"ALLOWED_HOSTS": "*"}, "* is refused"),
        ({"ALLOWED_HOSTS": "review.example,*"}, "* is refused"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS must name the hosts"),
        ({"REDIS_URL": ""}, "REDIS_URL must be set"),
        ({"DATABASE_URL": "sqlite:///here.db"}, "no other database engine"),
        ({"SECRET_KEY_FILE": "/nowhere/secret"}, "cannot be read"),
        ({"DATABASE_POOL": "many"}, "must be a whole number"),
        ({"DATABASE_POOL": "0"}, "a whole number from 1"),
        ({"DATABASE_URL": "postgresql://someone:hush@127.0.0.1:abc/somewhere"}, "DATABASE_URL is no address"),
        ({"CSRF_TRUSTED_ORIGINS": "review.example"}, "CSRF_TRUSTED_ORIGINS must name origins"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL must be one of DEBUG, INFO"),
    ],
)
def test_an_unsafe_start_is_refused_in_one_line(tmp_path: Path, change: dict[str, str], told: str) -> None:
    done = start(tmp_path, **{**SAFE, **change})
    refusals = done.stderr.strip().splitlines()
    assert done.returncode != 0
    assert len(refusals) == 1
    assert refusals[0].startswith("Review Queue does not start: ")
    assert told in refusals[0]
    assert "hush" not in refusals[0], "a password never stands in what is told"


@pytest.mark.parametrize(
    ("given", "read", "told"),
    [
        ("²", lambda: env_int("SET", 1), "a whole number from 0"),
        ("-5", lambda: env_int("SET", 1), "a whole number from 0"),
        ("9" * 40, lambda: env_int("SET", 1), "a whole number from 0"),
        ("postgresql://someone:hush@[::1/x", lambda: env_url("SET", ("postgresql",)), "SET is no address"),
        ("mysql://someone:hush@db/x", lambda: env_url("SET", ("postgresql",)), "SET must begin with postgresql://"),
        ("127.0.0.1:6379", lambda: env_url("SET", ("redis", "rediss")), "begin with redis:// or rediss://"),
        ("https://", lambda: env_url("SET", ("https",)), "and name a host"),
        ("smtp://someone:hush@mail:abc", lambda: mail_settings(env("SET")), "EMAIL_URL is no address"),
    ],
)
def test_what_cannot_be_read_is_refused_where_it_is_read(
    monkeypatch: pytest.MonkeyPatch, given: str, read: Callable[[], object], told: str
) -> None:
    monkeypatch.setenv("SET", given)
    with pytest.raises(SystemExit) as refused:
        read()
    assert told in str(refused.value)
    assert "hush" not in str(refused.value)


def test_a_secret_that_is_no_text_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"\xff\xfe" * 40)
    secret.chmod(0o600)
    done = start(tmp_path, **{**SAFE, "SECRET_KEY": ""}, SECRET_KEY_FILE=str(secret))
    assert done.stderr.strip().endswith("which holds no text")
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_secret_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o644)
    without = {name: value for name, value in SAFE.items() if name != "SECRET_KEY"}
    done = start(tmp_path, **without, SECRET_KEY_FILE=str(secret))
    assert "everybody on this machine can read" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    secret.chmod(0o600)
    assert start(tmp_path, **without, SECRET_KEY_FILE=str(secret)).returncode == 0


def test_an_embedded_secret_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    assert start(tmp_path).returncode == 0
    (tmp_path / "data" / "secret_key").chmod(0o644)
    done = start(tmp_path)
    Servers(places.prepare(tmp_path / "data")).remove()
    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_safe_start_is_not_refused(tmp_path: Path) -> None:
    """The tooth: what all these starts have in common is fine."""
    assert start(tmp_path, **SAFE).returncode == 0
    socket = "postgresql:///somewhere?host=/run/postgresql"
    more = {"DATABASE_URL": socket, "DATABASE_DIRECT_URL": socket, "LOG_LEVEL": "info", "STATEMENT_SECONDS": "0"}
    assert start(tmp_path, **{**SAFE, **more, "PUBLIC_URL": "https://review.example/"}).returncode == 0
