"""Pure decisions about people and keys."""

import hashlib


def digest_of(secret: str) -> bytes:
    """Return what is stored of a key: its SHA-256 (keys are long and random, so no slow hash is needed)."""
    return hashlib.sha256(secret.encode()).digest()
