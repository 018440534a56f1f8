"""What a source may declare: labels, the schema of what it extracts, its tools."""

from collections.abc import Sequence
from typing import Any

from reviewqueue.common.errors import Invalid

from .faults import Faults, token
from .kinds.action import MAX_TOOL
from .schemas import check_schema

MAX_LABELS, MAX_LABEL, MAX_TOOLS = 1_000, 200, 50


def check_declaration(*, labels: Sequence[Any], json_schema: Any, tools: Any) -> None:
    """Raise Invalid with every place that cannot be declared; pointers start at the declaration."""
    faults = Faults()
    _check_labels(labels, faults.under("/labels"))
    if json_schema is not None:
        check_schema(json_schema, faults.under("/json_schema"))
    if tools is not None:
        _check_tools(tools, faults.under("/tools"))
    if faults.places:
        raise Invalid("This cannot be declared.", places=faults.places)


def _check_labels(labels: Sequence[Any], faults: Faults) -> None:
    if len(labels) > MAX_LABELS:
        faults.add("", f"At most {MAX_LABELS:,} labels.")
        return
    seen: set[str] = set()
    for index, label in enumerate(labels):
        if not isinstance(label, str) or not label.strip() or len(label) > MAX_LABEL:
            faults.add(f"/{index}", f"A text of at most {MAX_LABEL} characters is required.")
        elif label in seen:
            faults.add(f"/{index}", "This label stands here twice.")
        else:
            seen.add(label)


def _check_tools(tools: Any, faults: Faults) -> None:
    if not isinstance(tools, dict):
        faults.add("", "An object of tool and JSON Schema (or null) is required.")
        return
    if len(tools) > MAX_TOOLS:
        faults.add("", f"At most {MAX_TOOLS} tools.")
        return
    for name, schema in tools.items():
        if not 0 < len(name) <= MAX_TOOL:
            faults.add(token(name), f"A tool's name has at most {MAX_TOOL} characters.")
        elif schema is not None:
            check_schema(schema, faults.under(token(name)))
