"""Giving memory back: what a large body took is the system's again as soon as it is freed."""

import ctypes
import sys

M_MMAP_THRESHOLD = -3
LARGE = 256 * 1024


def give_back_large_blocks() -> None:
    """Let the C library map each large block by itself, whatever was freed before.

    glibc raises this threshold with the size of what is freed, up to 32 MB, and keeps as much for each thread; other
    C libraries do not, or do not know the call.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(M_MMAP_THRESHOLD, LARGE)
