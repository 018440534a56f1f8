"""Pure decisions about people and keys."""

import hashlib
import re

#: A code such as en or de-AT.
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,6})?")


def digest_of(secret: str) -> bytes:
    """Return what is stored of a key: its SHA-256 (keys are long and random, so no slow hash is needed)."""
    return hashlib.sha256(secret.encode()).digest()
