"""Reading docker-compose.yml as Compose does, as far as ours needs it: variables, their defaults and refusals."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
PROGRAMS = ("web", "worker", "run_due")

_VARIABLE = re.compile(r"\$\$|\$\{(?P<name>[A-Z_]+)(?::(?P<how>[-?])(?P<words>[^}]*))?\}")


class Refused(Exception):
    """A variable that must be set is not; the message is what the operator reads."""


def services(values: dict[str, str]) -> dict[str, Any]:
    """Return the services with their variables filled in. Raises Refused for a missing one that has no default."""
    return _filled(yaml.safe_load(FILE.read_text())["services"], values)


def raw() -> dict[str, Any]:
    """Return the whole file as YAML reads it."""
    return yaml.safe_load(FILE.read_text())


def _filled(part: Any, values: dict[str, str]) -> Any:
    if isinstance(part, dict):
        return {name: _filled(one, values) for name, one in part.items()}
    if isinstance(part, list):
        return [_filled(one, values) for one in part]
    return _VARIABLE.sub(lambda found: _value(found, values), part) if isinstance(part, str) else part


def _value(found: re.Match[str], values: dict[str, str]) -> str:
    if found[0] == "$$":
        return "$"
    if value := values.get(found["name"]):
        return value
    if found["how"] == "?":
        raise Refused(found["words"])
    return found["words"] or ""
