"""The fields that every item has, whatever its kind."""

from datetime import UTC, datetime
from typing import Any

from ..models import Risk
from .faults import Faults, token

MAX_ATTRIBUTES = 50
LEVELS = tuple(Risk.values)


def text_of(item: dict, name: str, longest: int, faults: Faults, *, required: bool = False) -> str:
    """Return a short text; an empty one when there is none and none is required."""
    value = item.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value.strip()):
        faults.add(f"/{name}", "Text is required.")
        return ""
    if len(value) > longest:
        faults.add(f"/{name}", f"At most {longest} characters.")
    return value


def choice_of(item: dict, name: str, known: tuple[str, ...], faults: Faults) -> str:
    """Return one of the known words."""
    value = item.get(name)
    if not isinstance(value, str) or value not in known:
        faults.add(f"/{name}", f"One of {', '.join(known)} is required.")
        return ""
    return value


def model_of(item: dict, faults: Faults) -> tuple[str, str, str, str] | None:
    """Return what answered: name, version, prompt and index."""
    model = item.get("model")
    if model is None:
        return None
    if not isinstance(model, dict) or model.keys() - {"name", "version", "prompt", "index"}:
        faults.add("/model", "An object with name, version, and perhaps prompt and index is required.")
        return None
    inside = faults.under("/model")
    name, version = (text_of(model, part, 200, inside, required=True) for part in ("name", "version"))
    prompt, index = (text_of(model, part, 200, inside) for part in ("prompt", "index"))
    return name, version, prompt, index


def is_number(value: Any) -> bool:
    """Return whether a JSON value is a number (true and false are none)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def confidence_of(item: dict, faults: Faults) -> float | None:
    """Return how sure the AI was, from 0 to 1."""
    value = item.get("confidence")
    if value is None:
        return None
    if not is_number(value) or not 0 <= value <= 1:
        faults.add("/confidence", "A number from 0 to 1, or null, is required.")
        return None
    return float(value)


def risk_of(item: dict, faults: Faults) -> tuple[str, list[str]]:
    """Return the level and the tags of the risk."""
    risk = item.get("risk")
    if risk is None:
        return "", []
    if not isinstance(risk, dict) or risk.keys() - {"level", "tags"}:
        faults.add("/risk", "An object with level and tags is required.")
        return "", []
    level, tags = risk.get("level"), risk.get("tags") or []
    if level is not None and level not in LEVELS:
        faults.add("/risk/level", "One of low, medium, high, or null, is required.")
        level = None
    if not isinstance(tags, list) or len(tags) > 20 or not all(_is_tag(tag) for tag in tags):
        faults.add("/risk/tags", "A list of at most 20 short texts is required.")
        tags = []
    return level or "", tags


def _is_tag(tag: Any) -> bool:
    return isinstance(tag, str) and 0 < len(tag) <= 80


def attributes_of(item: dict, faults: Faults) -> dict[str, Any]:
    """Return the flat object of further facts."""
    attributes = item.get("attributes")
    if attributes is None:
        return {}
    if not isinstance(attributes, dict):
        faults.add("/attributes", "An object is required.")
        return {}
    if len(attributes) > MAX_ATTRIBUTES:
        faults.add("/attributes", f"At most {MAX_ATTRIBUTES} attributes.")
    for name, value in attributes.items():
        if not _is_attribute(name, value):
            faults.add(f"/attributes{token(name)}", "A short text, a number, true or false is required.")
    return attributes


def _is_attribute(name: str, value: Any) -> bool:
    if not 0 < len(name) <= 80:
        return False
    if isinstance(value, str):
        return len(value) <= 1000
    return isinstance(value, bool) or (is_number(value) and abs(value) < 2**63)


def moment_of(item: dict, now: datetime, faults: Faults) -> datetime:
    """Return when the AI answered: ``now`` unless the item says so."""
    value = item.get("occurred_at")
    if value is None:
        return now
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("no offset")
        moment = moment.astimezone(UTC)
        if not 2000 <= moment.year <= 2100:
            raise ValueError("no year of ours")
    except (TypeError, ValueError, OverflowError):
        faults.add("/occurred_at", "An RFC 3339 time with an offset is required, such as 2026-11-22T10:04:11Z.")
        return now
    return moment


def check_extras(item: dict, faults: Faults) -> None:
    """Check what is kept in the body alone: the subject, the trace and the links."""
    text_of(item, "subject", 255, faults)
    text_of(item, "trace_id", 255, faults)
    links = item.get("links") or []
    if not isinstance(links, list) or len(links) > 20:
        faults.add("/links", "A list of at most 20 links is required.")
        return
    for index, link in enumerate(links):
        if not _is_link(link):
            faults.add(f"/links/{index}", "A title and an http or https url are required.")


def _is_link(link: Any) -> bool:
    if not isinstance(link, dict) or not isinstance(link.get("title"), str):
        return False
    url = link.get("url")
    return isinstance(url, str) and url.startswith(("https://", "http://")) and len(url) <= 2000
