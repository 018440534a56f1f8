"""What a released line looks like, and what a definition may ask for: pure decisions."""

from dataclasses import dataclass
from typing import Any

import orjson

from reviewqueue.common.errors import Invalid, Place
from reviewqueue.common.exactjson import exact
from reviewqueue.intake.models import Kind

from .models import Dataset

#: Kinds whose answers are words, so that one can be preferred to another.
IN_WORDS = (Kind.CHAT.value, Kind.TEXT.value, Kind.COMPARISON.value)
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


def lines(judged: Judged, format: str) -> list[bytes]:
    """Return an outcome's released lines without newlines: one, or a pair for each candidate that was not preferred.

    Keys keep their order, so the same rows give the same bytes; numbers keep the digits that were sent.
    """
    body, final = exact(judged.body), exact(judged.final)
    if format == Dataset.Format.PREFERENCE:
        made = _preferences(judged.kind, body, final)
    else:
        made = [_training(judged.kind, body, final)]
    return [orjson.dumps({**one, "metadata": _metadata(judged)}) for one in made]


def _training(kind: str, body: dict[str, Any], final: dict[str, Any]) -> dict[str, Any]:
    """What a model is to answer: in words where it answers in words, else the input beside the right output."""
    given = body.get("input") or {}
    if kind == Kind.CLASSIFICATION:
        return {"input": given, "label": final["label"]}
    if kind in {Kind.EXTRACTION, Kind.ACTION}:
        return {"input": given, "output": final}
    return {"messages": [*_asked(given), _assistant(final["content"])]}


def _preferences(kind: str, body: dict[str, Any], final: dict[str, Any]) -> list[dict[str, Any]]:
    prompt, chosen = _asked(body["input"]), [_assistant(final["content"])]
    return [
        {"prompt": prompt, "chosen": chosen, "rejected": [_assistant(one)]}
        for one in _rejected(kind, body["output"], final)
    ]


def _rejected(kind: str, output: dict[str, Any], final: dict[str, Any]) -> list[str]:
    if kind != Kind.COMPARISON:
        return [output["content"]]
    return [one["content"] for one in output["candidates"] if one["id"] != final.get("preferred")]


def _asked(given: dict[str, Any]) -> list[dict[str, str]]:
    """Return what was asked as a conversation; a text or a prompt is what a user said."""
    if given.get("messages"):
        return [{"role": message["role"], "content": message["content"]} for message in given["messages"]]
    said = [given[name] for name in ("prompt", "text") if given.get(name)]
    return [{"role": "user", "content": "\n\n".join(said)}]


def _assistant(content: str) -> dict[str, str]:
    return {"role": "assistant", "content": content}


def _metadata(judged: Judged) -> dict[str, Any]:
    return {
        "item": judged.item_id,
        "external_id": judged.external_id,
        "group": judged.group or None,
        "source": judged.source,
        "kind": judged.kind,
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
        kept["kinds"] = _in_words(kept.get("kinds", []))
    return kept


def _in_words(kinds: list[str]) -> list[str]:
    """Return the kinds of which preferences are made. Raises Invalid when others are asked for."""
    if set(kinds) - set(IN_WORDS):
        detail = f"Preferences are made of answers in words: {', '.join(IN_WORDS)}."
        raise Invalid("The query is wrong.", places=[Place("#/query/kinds", detail)])
    return kinds or sorted(IN_WORDS)
