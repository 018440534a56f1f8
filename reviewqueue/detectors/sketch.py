"""What a text is like, in 64 numbers: two texts of which most numbers agree are nearly the same.

Each is the least of the keyed hashes of the text's trigrams that fall into one of 64 bins (one-permutation MinHash),
so the share of numbers that agree estimates the share of trigrams that two texts have in common. Without the key they
say nothing, and with it they do not give the text back.
"""

import hashlib
import re
from dataclasses import dataclass
from zlib import crc32

BINS, ROWS = 64, 4
#: A text with fewer trigrams is like too many others.
FEWEST = 40
LONGEST = 4_000
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Likeness:
    """``signature``: 64 numbers of two bytes; ``bands``: 16 numbers of which two texts nearly alike share some."""

    signature: bytes
    bands: list[int]


def likeness(text: str, *, key: bytes) -> Likeness | None:
    """Return what a text is like, or nothing for one that is too short to tell."""
    written = _BLANKS.sub(" ", text[:LONGEST].casefold()).strip().encode("utf-8", "replace")
    trigrams = {written[n : n + 3] for n in range(len(written) - 2)}
    if len(trigrams) < FEWEST:
        return None
    least = _filled(_least(trigrams, int.from_bytes(key[:4], "big")))
    signature = b"".join((one >> 6 & 0xFFFF).to_bytes(2, "big") for one in least)
    width = 2 * ROWS
    parts = (signature[n : n + width] for n in range(0, len(signature), width))
    return Likeness(signature, [_band(key, n, part) for n, part in enumerate(parts)])


def alike(one: bytes, other: bytes) -> float:
    """Return how alike two signatures are, from 0 to 1."""
    same = sum(one[n : n + 2] == other[n : n + 2] for n in range(0, 2 * BINS, 2))
    return same / BINS


def _least(trigrams: set[bytes], seed: int) -> list[int | None]:
    """Return the least hash of each bin; a multiplication after the checksum mixes what it leaves in order."""
    least: list[int | None] = [None] * BINS
    for trigram in trigrams:
        mixed = (crc32(trigram, seed) * 0x9E3779B1 ^ seed) & 0xFFFFFFFF
        mixed = (mixed ^ mixed >> 15) * 0x85EBCA6B & 0xFFFFFFFF
        place = mixed & 63
        before = least[place]
        if before is None or mixed < before:
            least[place] = mixed
    return least


def _filled(least: list[int | None]) -> list[int]:
    """Fill an empty bin from the next that is not, and say from how far, so that unlike texts stay unlike."""
    filled = []
    for place in range(BINS):
        away = next(n for n in range(BINS) if least[(place + n) % BINS] is not None)
        value = least[(place + away) % BINS]
        assert value is not None
        filled.append(value ^ away << 12)
    return filled


def _band(key: bytes, number: int, part: bytes) -> int:
    digest = hashlib.blake2b(part, digest_size=4, key=key[:64], salt=number.to_bytes(2, "big")).digest()
    return int.from_bytes(digest, "big", signed=True)
