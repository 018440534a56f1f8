"""docker-compose.yml and Dockerfile are right, as far as that can be known without a container engine."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import check_jsonschema
import pytest
from jsonschema.validators import validator_for

from reviewqueue.runtime.product import programs
from tests.deploy import compose
from tests.deploy.compose import PROGRAMS, ROOT, Refused, raw

REQUIRED = {
    "SECRET_KEY": "s" * 64,
    "POSTGRES_PASSWORD": "p1",
    "DATABASE_PASSWORD": "p2",
    "VALKEY_PASSWORD": "p3",
    "ALLOWED_HOSTS": "review.example",
}
DOCKERFILE = (ROOT / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return compose.services(REQUIRED)


def test_the_file_fits_the_compose_schema() -> None:
    shipped = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(shipped.read_text())
    faults = [(list(one.absolute_path), one.message) for one in validator_for(schema)(schema).iter_errors(raw())]
    assert faults == []


@pytest.mark.parametrize("name", REQUIRED)
def test_nothing_starts_with_a_password_that_nobody_chose(name: str) -> None:
    with pytest.raises(Refused, match=f"set {name} in .env"):
        compose.services({other: value for other, value in REQUIRED.items() if other != name})


def test_the_example_file_names_every_variable() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", compose.FILE.read_text()))
    listed = set(re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert used == listed
    assert set(re.findall(r"^([A-Z_]+)=$", (ROOT / ".env.example").read_text(), re.MULTILINE)) == set(REQUIRED)


def test_the_containers_run_the_commands_of_the_ordinary_start(services: dict[str, Any]) -> None:
    ours = {one.name: one for one in programs(host="0.0.0.0", port=8000, env={})}
    for name in PROGRAMS:
        assert services[name]["command"] == [_in_image(part) for part in ours[name].argv]
        assert services[name]["environment"]["PROGRAM"] == ours[name].env["PROGRAM"]


def test_the_image_by_itself_is_the_web_server(services: dict[str, Any]) -> None:
    (alone,) = re.findall(r"^CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)
    assert json.loads(alone) == services["web"]["command"]
    (asked,) = re.findall(r"^HEALTHCHECK .*CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)
    assert ["CMD", *json.loads(asked)] == services["web"]["healthcheck"]["test"]


def _in_image(part: str) -> str:
    return {sys.executable: "python", str(ROOT / "manage.py"): "manage.py"}.get(part, part)


def test_images_are_pinned(services: dict[str, Any]) -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    for image in [*bases, *(one["image"] for one in services.values())]:
        assert re.fullmatch(r"[a-z/]+:\d+\.\d+(\.\d+)?(-[a-z]+)*", image), image


def test_containers_have_no_more_rights_than_they_need(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert int(service["user"].partition(":")[0]) > 0, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"] is True, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)


def test_every_lasting_service_has_a_health_check_and_comes_back(services: dict[str, Any]) -> None:
    lasting = {name: one for name, one in services.items() if name != "migrate"}
    for name, service in lasting.items():
        assert service["healthcheck"]["test"], name
        assert service["restart"] == "unless-stopped", name
    assert services["migrate"]["restart"] == "no"


def test_programs_wait_for_migrations_and_the_web_server_does_not_wait_for_the_bell(services: dict[str, Any]) -> None:
    for name in PROGRAMS:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert "valkey" not in services["web"]["depends_on"] | services["run_due"]["depends_on"]


def test_only_the_web_server_can_be_reached_and_only_from_this_machine(services: dict[str, Any]) -> None:
    assert {name for name, one in services.items() if "ports" in one} == {"web"}
    assert services["web"]["ports"] == ["127.0.0.1:8000:8000"]
    assert raw()["networks"]["inside"] == {"internal": True}
    assert {tuple(services[name]["networks"]) for name in ("postgres", "valkey")} == {("inside",)}


def test_what_the_image_needs_is_copied_and_let_through() -> None:
    copied = set(re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE))
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for path in copied:
        assert (ROOT / path).exists(), path
        assert f"!{path}" in ignored, path
    tracked = _tracked_folders()
    needed = {"reviewqueue", "workers", "templates", "static", "locale"} & tracked
    assert needed <= copied


def _tracked_folders() -> set[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return {path.partition("/")[0] for path in listed.stdout.splitlines()}
