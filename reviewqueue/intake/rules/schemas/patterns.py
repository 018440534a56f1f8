"""Regular expressions of declared schemas, on an engine whose time is linear in the text whatever the pattern is.

Python's own engine would let one short pattern hold a thread for hours.
"""

import re
from functools import lru_cache
from typing import Any

import re2

MAX_PATTERN = 500
_ESCAPED_UNIT = re.compile(r"\\u([0-9a-fA-F]{4})")


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20  # a pattern that counts far (a{1000}) is refused instead of made slowly
    return options


_OPTIONS = _options()


@lru_cache(maxsize=1_000)
def compiled(pattern: str) -> Any:
    """Return a pattern ready for ``search``. Raises ValueError for one that the engine cannot run in linear time."""
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"at most {MAX_PATTERN} characters")
    try:
        return re2.compile(_ESCAPED_UNIT.sub(r"\\x{\1}", pattern), _OPTIONS)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        raise ValueError(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)) from None


def cost(pattern: str, text: str) -> int:
    """Return the effort of a search at its worst, in steps of checking."""
    return 3 + len(text) * compiled(pattern).programsize // 2_000
