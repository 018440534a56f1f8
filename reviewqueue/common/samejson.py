"""Whether two JSON values say the same: the order of fields does not matter, and 1 is 1.0, but true is not 1."""

import json
from typing import Any


def same_text(value: Any) -> str:
    """Return one text for all values that say the same."""
    return json.dumps(_whole(value), sort_keys=True, ensure_ascii=False)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, list) else value
