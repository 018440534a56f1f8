"""Reading settings from the environment, or from the files that ``…_FILE`` names; refusing unsafe ones."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import SplitResult, unquote, urlsplit


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


def env_int(name: str, default: int, *, least: int = 0, most: int = 10**9) -> int:
    """Return a variable that is a whole number from ``least`` to ``most``."""
    value = env(name, str(default)).strip()
    if not (value.isascii() and value.isdigit() and len(value) <= 12 and least <= int(value) <= most):
        refuse(f"{name} must be a whole number from {least} to {most}, not {value[:80]!r}")
    return int(value)


def env_list(name: str, default: list[str]) -> list[str]:
    """Return a variable that is a comma-separated list."""
    value = env(name)
    return [part.strip() for part in value.split(",") if part.strip()] if value else default


def env_choice(name: str, default: str, choices: Collection[str]) -> str:
    """Return a variable that is one of a few words, in capital letters."""
    value = env(name, default).strip().upper()
    if value not in choices:
        refuse(f"{name} must be one of {', '.join(choices)}, not {value[:80]!r}")
    return value


def env_url(name: str, schemes: Collection[str]) -> str:
    """Return a variable that is an address with one of these schemes, and a host if only in its query, or empty."""
    value = env(name).strip()
    parts = split_url(name, value)
    if value and (parts.scheme not in schemes or not (parts.hostname or parts.query)):
        refuse(f"{name} must begin with {' or '.join(f'{scheme}://' for scheme in schemes)} and name a host")
    return value


def split_url(name: str, value: str) -> SplitResult:
    """Return the parts of a variable's address; what it says may be a secret, so it is not repeated."""
    try:
        parts = urlsplit(value)
        _port = parts.port  # read here, because it is looked at only when it is asked for
    except ValueError as error:
        refuse(f"{name} is no address ({str(error).partition(' as ')[0]})")
    return parts


_MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


def mail_settings(url: str) -> dict[str, Any]:
    """Return Django's settings for where e-mails go.

    ``smtp://``, ``smtp+tls://`` and ``smtps://`` name a mail server; ``file:/a/folder`` writes each into a file of
    that folder, ``console:`` into the log.
    """
    parts = split_url("EMAIL_URL", url)
    backends = "django.core.mail.backends"
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": f"{backends}.console.EmailBackend"}
    if parts.scheme == "file" and parts.path:
        return {"EMAIL_BACKEND": f"{backends}.filebased.EmailBackend", "EMAIL_FILE_PATH": unquote(parts.path)}
    if parts.scheme not in _MAIL_PORTS or not parts.hostname:
        refuse("EMAIL_URL must be smtp://, smtp+tls:// or smtps://user:password@host:port, file:/folder, or console:")
    return {
        "EMAIL_BACKEND": f"{backends}.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or _MAIL_PORTS[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
    }


def _secret_file(name: str, path: Path) -> str:
    try:
        mode = path.stat().st_mode
        value = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        refuse(f"{name}_FILE names {path}, which cannot be read ({error.strerror})")
    except UnicodeDecodeError:
        refuse(f"{name}_FILE names {path}, which holds no text")
    if mode & 0o007:
        refuse(f"{name}_FILE names {path}, which everybody on this machine can read; run: chmod o-rwx {path}")
    return value
