"""What a correction is, kind by kind: whether it fits the item, and what stands in the end. Pure decisions.

- chat, text: ``{"content"}``; classification: ``{"label"}``; extraction: the object as it should have been
- action: ``{"arguments"}``, the tool stays (``{"tool", "arguments"}`` with the same tool says the same)
- comparison: ``{"preferred"}``, the id of a candidate, or ``{"content"}``, a better answer than all of them
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import orjson

from reviewqueue.common.errors import Place
from reviewqueue.common.exactjson import elements, joined, parts
from reviewqueue.common.samejson import same_text
from reviewqueue.intake.models import Declaration, Kind
from reviewqueue.intake.rules import MAX_CONTENT_BYTES, output_faults

UNCHANGED = "Nothing was changed; approve the answer instead."
AT = "#/correction"

Value = dict[str, Any]


def correction_faults(
    correction: Any, *, exact: Any, kind: str, output: Value, declaration: Declaration | None
) -> list[Place]:
    """Return every place where a correction does not fit the item that it corrects.

    ``exact``: the correction with the digits of its numbers, as ``output`` has them, to be compared with it.
    """
    if not isinstance(correction, dict):
        correction = exact = {}
    places = _unstorable(correction) or _CHECKS[kind](correction, output, declaration)
    return places or _unchanged(exact, kind, output)


def _unstorable(correction: Value) -> list[Place]:
    at = AT + "".join(f"/{name[:80]}" for name in correction if len(correction) == 1)
    if any("\x00" in text for text in _texts(correction)):
        return [Place(at, "U+0000 is not allowed.")]
    if len(same_text(correction).encode("utf-8", "surrogatepass")) > MAX_CONTENT_BYTES:
        return [Place(at, "The correction is too long.")]
    return []


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)


def final_of(correction: str, *, kind: str, output: str) -> str:
    """Return what stands in the end after an edit, as JSON text: the corrected output, or what was preferred."""
    if kind == Kind.ACTION:
        return f'{{"tool":{parts(output)["tool"]},"arguments":{parts(correction)["arguments"]}}}'
    if kind == Kind.COMPARISON and (preferred := orjson.loads(correction).get("preferred")):
        content = candidates_of(orjson.loads(output))[preferred]
        return orjson.dumps({"preferred": preferred, "content": content}).decode()
    return correction


def candidates_of(output: Value) -> dict[str, str]:
    """Return the contents of a comparison's candidates by their ids, in the order in which they were sent."""
    return {one["id"]: one["content"] for one in output.get("candidates", [])}


def shuffled(output: Value, *, item_id: UUID, user_id: UUID) -> list[str]:
    """Return the ids of the candidates in this person's order, so that no place is preferred by everybody."""
    seed = item_id.bytes + user_id.bytes
    return sorted(
        candidates_of(output), key=lambda one: hashlib.sha256(seed + one.encode("utf-8", "replace")).digest()
    )


def in_own_order(body: str, *, item_id: UUID, user_id: UUID) -> str:
    """Return the body of a comparison with its candidates in this person's order, each as it was written."""
    members = parts(body)
    output = parts(members["output"])
    known = {orjson.loads(one)["id"]: one for one in elements(output["candidates"])}
    order = shuffled(orjson.loads(members["output"]), item_id=item_id, user_id=user_id)
    output["candidates"] = f"[{','.join(known[one] for one in order)}]"
    return joined(members | {"output": joined(output)})


def _content(correction: Value, output: Value, declaration: Declaration | None) -> list[Place]:
    return _text(correction, "content") or _changed(correction, output, "content")


def _label(correction: Value, output: Value, declaration: Declaration | None) -> list[Place]:
    if places := _text(correction, "label"):
        return places
    if correction["label"] not in (declaration.labels if declaration else []):
        return [Place(f"{AT}/label", "The source has not declared this label.")]
    return _changed(correction, output, "label")


def _text(correction: Value, name: str) -> list[Place]:
    value = correction.get(name)
    if isinstance(value, str) and value.strip():
        return []
    return [Place(f"{AT}/{name}", "An edit needs the corrected text.")]


def _changed(correction: Value, output: Value, name: str) -> list[Place]:
    return [Place(f"{AT}/{name}", UNCHANGED)] if correction[name] == output.get(name) else []


def _unchanged(exact: Value, kind: str, output: Value) -> list[Place]:
    """Return the fault of facts that are still the AI's."""
    if kind == Kind.EXTRACTION and same_text(exact) == same_text(output):
        return [Place(AT, UNCHANGED)]
    if kind == Kind.ACTION and same_text(exact.get("arguments")) == same_text(output.get("arguments")):
        return [Place(f"{AT}/arguments", UNCHANGED)]
    return []


def _facts(correction: Value, output: Value, declaration: Declaration | None) -> list[Place]:
    return [*output_faults(Kind.EXTRACTION, correction, declaration, AT)]


def _arguments(correction: Value, output: Value, declaration: Declaration | None) -> list[Place]:
    tool = output.get("tool")
    if correction.get("tool", tool) != tool:
        return [Place(f"{AT}/tool", "The tool stays; reject the action if another one is needed.")]
    if unknown := sorted(correction.keys() - {"tool", "arguments"}):
        return [Place(f"{AT}/{name[:80]}", "A correction of an action has the arguments alone.") for name in unknown]
    corrected = {"tool": tool, "arguments": correction.get("arguments")}
    return [*output_faults(Kind.ACTION, corrected, declaration, AT)]


def _preference(correction: Value, output: Value, declaration: Declaration | None) -> list[Place]:
    if correction.keys() == {"preferred"}:
        known = candidates_of(output)
        return [] if correction["preferred"] in list(known) else [Place(f"{AT}/preferred", _one_of(known))]
    if correction.keys() != {"content"}:
        return [Place(AT, "Either the preferred candidate's id or a better content is required.")]
    if places := _text(correction, "content"):
        return places
    if correction["content"] in candidates_of(output).values():
        return [Place(f"{AT}/content", "This is a candidate's own text; prefer that candidate instead.")]
    return []


def _one_of(known: dict[str, str]) -> str:
    return f"One of {', '.join(known)[:200]} is required."


_CHECKS: dict[str, Callable[[Value, Value, Declaration | None], list[Place]]] = {
    Kind.CHAT: _content,
    Kind.TEXT: _content,
    Kind.CLASSIFICATION: _label,
    Kind.EXTRACTION: _facts,
    Kind.ACTION: _arguments,
    Kind.COMPARISON: _preference,
}
