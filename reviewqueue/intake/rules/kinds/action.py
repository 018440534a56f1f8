"""Something that the AI wants to do: a tool and its arguments; the source may declare a schema for each tool."""

from typing import Any

from ...models import Declaration
from ..faults import Faults
from ..schemas import Effort, check, remembered_validator
from .parts import messages_of, words_in

MAX_TOOL = 200


def given(value: Any, faults: Faults) -> list[str]:
    """Check what led to the action: a conversation, a plan, both or nothing."""
    if value is None:
        return []
    if not isinstance(value, dict):
        faults.add("", "An object is required.")
        return []
    said = messages_of(value, faults) if value.get("messages") is not None else []
    return [*said, *_plan(value.get("plan"), faults)]


def _plan(plan: Any, faults: Faults) -> list[str]:
    if plan is None:
        return []
    steps = plan if isinstance(plan, list) else [plan]
    if not all(isinstance(step, str) for step in steps):
        faults.add("/plan", "A text, or a list of texts, is required.")
        return []
    return steps


def answer(value: Any, faults: Faults) -> list[str]:
    """Check the tool and its arguments."""
    tool, arguments = (value.get("tool"), value.get("arguments")) if isinstance(value, dict) else (None, None)
    if not isinstance(tool, str) or not tool or len(tool) > MAX_TOOL:
        faults.add("/tool", f"The name of a tool is required, at most {MAX_TOOL} characters.")
    if not isinstance(arguments, dict):
        faults.add("/arguments", "An object is required.")
    return [*words_in(tool), *words_in(arguments)]


def fits(
    value: dict[str, Any], declaration: Declaration | None, faults: Faults, effort: Effort | None = None
) -> None:
    """Check that the source has declared the tool, if it declares any, and the arguments against its schema."""
    tools, tool = declaration.tools if declaration else None, value["tool"]
    if tools is None:
        return
    if tool not in tools:
        known = ", ".join(sorted(tools)[:12]) or "none"
        faults.add("/tool", f"{tool[:80]!r} is not declared; declared are: {known}")
        return
    schema = tools[tool]
    if declaration and schema is not None:
        validator = remembered_validator(declaration.pk, tool, schema)
        check(validator, value["arguments"], faults.under("/arguments"), effort)
