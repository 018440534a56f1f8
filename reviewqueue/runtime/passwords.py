"""Secrets that are made once and kept in files nobody else can read."""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from reviewqueue.runtime.errors import CannotStart

SHORTEST = 32


def kept_secret(path: Path) -> str:
    """The secret kept in `path`, made on the first call; a short one or one open to others is refused."""
    if not path.exists():
        _keep(path, secrets.token_hex(32))
    return _read_closed(path)


def scram_secret(password: str, *, rounds: int = 4096) -> str:
    """What PostgreSQL stores for a password, so that the password itself is in no statement and no log."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${rounds}:{_base64(salt)}${_base64(stored_key)}:{_base64(server_key)}"


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _keep(path: Path, secret: str) -> None:
    # A link either appears whole or fails: of two first calls at once, both end up with the same secret.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(descriptor)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _read_closed(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        raise CannotStart(f"{path} can be read by other users; close it with: chmod 600 '{path}'")
    secret = path.read_text().strip()
    if len(secret) < SHORTEST:
        raise CannotStart(f"{path} holds fewer than {SHORTEST} characters; put the original secret back")
    return secret
