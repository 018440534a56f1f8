"""What a released line looks like, and what a definition may ask for: pure decisions."""

from dataclasses import dataclass
from typing import Any

import orjson

from reviewqueue.common.errors import Invalid, Place
from reviewqueue.intake.models import Kind

from .models import Dataset

#: Severities from which an answer counts as wrong, so that a correction of it is a preference.
WRONG = ("minor", "major", "critical")
QUERY_FIELDS = frozenset({"sources", "kinds", "model_versions"})


@dataclass(frozen=True, slots=True)
class Judged:
    """One judged outcome as a release reads it; ``body`` and ``final`` are JSON texts."""

    position: int
    item_id: str
    version: int
    decision: str
    severity: str
    basis: str
    reason_codes: list[str]
    kind: str
    group: str
    external_id: str
    source: str
    model_version: str | None
    body: str
    final: str


def line(judged: Judged, format: str) -> bytes:
    """Return a released line without its newline; keys keep their order, so the same rows give the same bytes."""
    body, final = orjson.loads(judged.body), orjson.loads(judged.final)
    make = _preference if format == Dataset.Format.PREFERENCE else _training
    return orjson.dumps({**make(judged.kind, body, final), "metadata": _metadata(judged)})


def _training(kind: str, body: dict[str, Any], final: dict[str, Any]) -> dict[str, Any]:
    if kind == Kind.CLASSIFICATION:
        return {"input": body.get("input", {}), "label": final["label"]}
    return {"messages": [*_plain(body["input"]["messages"]), _assistant(final["content"])]}


def _preference(kind: str, body: dict[str, Any], final: dict[str, Any]) -> dict[str, Any]:
    return {
        "prompt": _plain(body["input"]["messages"]),
        "chosen": [_assistant(final["content"])],
        "rejected": [_assistant(body["output"]["content"])],
    }


def _plain(messages: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"role": message["role"], "content": message["content"]} for message in messages]


def _assistant(content: str) -> dict[str, str]:
    return {"role": "assistant", "content": content}


def _metadata(judged: Judged) -> dict[str, Any]:
    return {
        "item": judged.item_id,
        "external_id": judged.external_id,
        "group": judged.group or None,
        "source": judged.source,
        "model_version": judged.model_version,
        "decision": judged.decision,
        "severity": judged.severity,
        "basis": judged.basis,
        "reason_codes": judged.reason_codes,
        "outcome_version": judged.version,
        "position": judged.position,
    }


def check_query(query: Any, format: str) -> dict[str, list[str]]:
    """Return a definition's query in order. Raises Invalid for unknown names or forms."""
    if format not in Dataset.Format.values:
        raise Invalid("The format is not known.", places=[Place("#/format", "sft or preference.")])
    query = {} if query is None else query
    if not isinstance(query, dict) or query.keys() - QUERY_FIELDS:
        raise Invalid(
            "The query is wrong.", places=[Place("#/query", f"Known are {', '.join(sorted(QUERY_FIELDS))}.")]
        )
    for name, values in query.items():
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            raise Invalid("The query is wrong.", places=[Place(f"#/query/{name}", "A list of texts is required.")])
    kept = {name: sorted(set(values)) for name, values in sorted(query.items()) if values}
    if format == Dataset.Format.PREFERENCE:
        kept["kinds"] = [Kind.CHAT.value]
    return kept
