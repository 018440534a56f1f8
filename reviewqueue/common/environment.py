"""Reading settings from the environment, or from the files that ``…_FILE`` names; refusing unsafe ones."""

import os
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit


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


_MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


def mail_settings(url: str) -> dict[str, Any]:
    """Return Django's settings for where e-mails go.

    ``smtp://``, ``smtp+tls://`` and ``smtps://`` name a mail server; ``file:/a/folder`` writes each into a file of
    that folder, ``console:`` into the log.
    """
    parts = urlsplit(url)
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
        value = path.read_text().strip()
    except OSError as error:
        refuse(f"{name}_FILE names {path}, which cannot be read ({error.strerror})")
    if mode & 0o007:
        refuse(f"{name}_FILE names {path}, which everybody on this machine can read; run: chmod o-rwx {path}")
    return value
