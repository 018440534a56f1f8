"""The commands and the environment of docker-compose.yml, run for real against servers of somebody else."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cast import item
from tests.deploy import compose
from tests.deploy.compose import ROOT
from tests.deploy.servers import Elsewhere, admin_connection, free_port, servers_elsewhere, wait_for

HOST = "review.example"
PASSWORD = "0123456789abcdef"


class Deployment:
    """Our programs as the containers run them, on this machine: only names, ports and folders differ."""

    def __init__(self, there: Elsewhere, folder: Path) -> None:
        self.port, self.folder, self.there = free_port(), folder, there
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.services = compose.services(
            {
                "SECRET_KEY": "0123456789abcdef" * 4,
                "POSTGRES_PASSWORD": there.postgres_password,
                "DATABASE_PASSWORD": PASSWORD,
                "VALKEY_PASSWORD": there.redis_password,
                "ALLOWED_HOSTS": HOST,
            }
        )

    def environment(self, service: str) -> dict[str, str]:
        """Return what a container's program sees, with nothing of this test run's own servers."""
        places = {"@postgres:5432": f"@127.0.0.1:{self.there.postgres_port}"}
        places |= {"@valkey:6379": f"@127.0.0.1:{self.there.redis_port}"}
        given = {name: _put(places, value) for name, value in self.services[service]["environment"].items()}
        folders = {name: str(self.folder / name.lower()) for name in ("DATA_DIR", "STATIC_ROOT", "STORAGE_DIR")}
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), **folders, **given}

    def command(self, words: list[str]) -> list[str]:
        """Return a container's command as it runs here."""
        here = {"python": sys.executable, "0.0.0.0": "127.0.0.1", "8000": str(self.port)}
        return [here.get(word, word) for word in words]

    def start(self, service: str) -> None:
        with (self.folder / f"{service}.log").open("wb") as log:
            self.running[service] = subprocess.Popen(
                self.command(self.services[service]["command"]),
                env=self.environment(service),
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self, service: str) -> int:
        """End a program as a container engine does, and return how it ended."""
        program = self.running.pop(service)
        program.send_signal(signal.SIGTERM)
        return program.wait(20)

    def run(self, *words: str, service: str = "migrate") -> str:
        done = subprocess.run(
            self.command(list(words)), env=self.environment(service), cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def is_healthy(self, service: str) -> bool:
        """Run a container's own health check."""
        kind, *words = self.services[service]["healthcheck"]["test"]
        asked = words if kind == "CMD" else ["sh", "-c", words[0].replace("python", sys.executable)]
        environment = self.environment(service) | {"HOSTNAME": os.uname().nodename}
        return subprocess.run(self.command(asked), env=environment, cwd=ROOT, capture_output=True).returncode == 0


def _put(places: dict[str, str], value: str) -> str:
    for name, here in places.items():
        value = value.replace(name, here)
    return value


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with servers_elsewhere() as there:
        made = Deployment(there, tmp_path_factory.mktemp("deployment"))
        try:
            yield made
        finally:
            for service in list(made.running):
                made.stop(service)


def test_the_compose_programs_serve_against_servers_of_somebody_else(deployment: Deployment) -> None:
    _prepare(deployment)
    key = _first_key(deployment)
    deployment.start("web")
    with _client(deployment, key) as client:
        wait_for(lambda: _is_ready(client), list(deployment.running.values()))
        assert deployment.is_healthy("web")
        deployment.start("worker")
        assert _triaged(client, "conv-1", deployment) == "queued"
        assert deployment.is_healthy("worker")
        deployment.stop("worker")
        deployment.start("run_due")
        assert _triaged(client, "conv-2", deployment) == "queued"
        assert deployment.is_healthy("run_due")
        _signs_in_over_https_alone(client)
    assert [deployment.stop(service) for service in ("run_due", "web")] == [0, 0]


def _prepare(deployment: Deployment) -> None:
    """Make role and database by the script that the container runs, then migrate, as the one-shot service does."""
    script = ROOT / "deploy" / "postgres-role.sh"
    admin = {"PGHOST": "127.0.0.1", "PGPORT": str(deployment.there.postgres_port)}
    admin |= {
        "PGPASSWORD": deployment.there.postgres_password,
        "PATH": f"{deployment.there.bin}:{os.environ['PATH']}",
    }
    subprocess.run(["sh", script], env={**admin, "DATABASE_PASSWORD": PASSWORD}, check=True)
    with admin_connection(deployment.there) as connection:
        role = connection.execute("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = 'reviewqueue'")
        assert role.fetchone() == (False, False)
    deployment.run(*deployment.services["migrate"]["command"])
    _collect_static(deployment)


def _collect_static(deployment: Deployment) -> None:
    """Run the image's own line, with the settings that it throws away."""
    dockerfile = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    (line,) = re.findall(r"^RUN (SECRET_KEY=.*collectstatic.*?) && python -m compileall", dockerfile, re.MULTILINE)
    places = {"PATH": os.environ["PATH"], "STATIC_ROOT": deployment.environment("web")["STATIC_ROOT"]}
    here = line.replace("python ", f"{sys.executable} ")
    subprocess.run(["sh", "-c", here], env=places, cwd=ROOT, check=True, capture_output=True)


def _first_key(deployment: Deployment) -> str:
    workspace = ["--slug", "acme", "--name", "Acme", "--admin", "admin@acme.example", "--source", "support-chatbot"]
    assert len(deployment.run("python", "manage.py", "create_workspace", *workspace)) >= 12
    scopes = ["--scope", "items:write", "--scope", "items:read"]
    key = ["create_api_key", "--workspace", "acme", "--name", "bot", *scopes]
    return deployment.run("python", "manage.py", *key)


def _client(deployment: Deployment, key: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}", "Host": HOST, "X-Forwarded-Proto": "https"}
    return httpx.Client(base_url=f"http://127.0.0.1:{deployment.port}", headers=headers, timeout=20)


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def _triaged(client: httpx.Client, external_id: str, deployment: Deployment) -> str:
    """Submit an item and return where it stands once it is no longer only received."""
    made = client.post("/api/v1/items", json=item(external_id))
    assert made.status_code == 201, made.text
    address = f"/api/v1/items/{made.json()['id']}"
    running = list(deployment.running.values())
    wait_for(lambda: client.get(address).json()["state"] != "received", running)
    return client.get(address).json()["state"]


def _signs_in_over_https_alone(client: httpx.Client) -> None:
    page = client.get("/sign-in/")
    assert page.status_code == 200
    cookies = [one for one in page.headers.get_list("set-cookie") if one.startswith("rq_csrf")]
    assert cookies
    assert all("Secure" in one for one in cookies)
    assert "max-age=31536000" in page.headers["strict-transport-security"]
    for address in set(re.findall(r'(?:href|src)="(/(?:assets|static)/[^"]+)"', page.text)):
        assert client.get(address).status_code == 200, address


def test_a_start_without_what_it_needs_says_so_in_one_line(tmp_path: Path) -> None:
    def said(**environment: str) -> str:
        base: dict[str, Any] = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)}
        command = [sys.executable, "manage.py", "check"]
        done = subprocess.run(command, env=base | environment, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 1
        return done.stderr.strip()

    there = {"DATABASE_URL": "postgresql://localhost/none", "REDIS_URL": "redis://localhost/0"}
    assert said(DATABASE_URL=there["DATABASE_URL"]).endswith("REDIS_URL must be set together with DATABASE_URL")
    assert "SECRET_KEY must be set" in said(**there)
    key = "0123456789abcdef" * 4
    assert "ALLOWED_HOSTS must name the hosts" in said(**there, SECRET_KEY=key)
    assert len(said(**there, SECRET_KEY=key, ALLOWED_HOSTS="*").splitlines()) == 1
