"""Reading settings from the environment, or from the files that ``…_FILE`` names; refusing unsafe ones."""

import os
from pathlib import Path
from typing import NoReturn


def refuse(line: str) -> NoReturn:
    """End the program with one clear line on standard error."""
    raise SystemExit(f"Review Queue does not start: {line}")


def env(name: str, default: str = "") -> str:
    """Return a variable's value; ``NAME_FILE`` names a file that holds it instead."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        return _secret_file(name, Path(path))
    return os.environ.get(name) or default


def env_flag(name: str, default: bool) -> bool:
    """Return a variable that is yes or no."""
    value = env(name, str(int(default))).lower()
    if value not in {"0", "1", "false", "true", "no", "yes", "off", "on"}:
        refuse(f"{name} must be 1 or 0, not {value!r}")
    return value in {"1", "true", "yes", "on"}


def env_int(name: str, default: int) -> int:
    """Return a variable that is a whole number."""
    value = env(name, str(default))
    if not value.lstrip("-").isdigit():
        refuse(f"{name} must be a whole number, not {value!r}")
    return int(value)


def env_list(name: str, default: list[str]) -> list[str]:
    """Return a variable that is a comma-separated list."""
    value = env(name)
    return [part.strip() for part in value.split(",") if part.strip()] if value else default


def _secret_file(name: str, path: Path) -> str:
    try:
        mode = path.stat().st_mode
        value = path.read_text().strip()
    except OSError as error:
        refuse(f"{name}_FILE names {path}, which cannot be read ({error.strerror})")
    if mode & 0o007:
        refuse(f"{name}_FILE names {path}, which everybody on this machine can read; run: chmod o-rwx {path}")
    return value
