"""A label for a text or an object; the source declares its labels."""

from typing import Any

from ...models import Declaration
from ..faults import Faults
from ..fields import is_number
from ..schemas import Effort


def given(value: Any, faults: Faults) -> list[str]:
    """Check what was classified: any object, perhaps with a text."""
    if value is None:
        return [""]
    if not isinstance(value, dict):
        faults.add("", "An object is required.")
        return [""]
    text = value.get("text")
    return [text if isinstance(text, str) else ""]


def answer(value: Any, faults: Faults) -> list[str]:
    """Check the label and the scores."""
    label = value.get("label") if isinstance(value, dict) else None
    if not isinstance(label, str) or not label:
        faults.add("/label", "A label is required.")
        label = ""
    scores = value.get("scores", {}) if isinstance(value, dict) else {}
    if not isinstance(scores, dict) or not all(is_number(score) for score in scores.values()):
        faults.add("/scores", "An object of label and number is required.")
    return [label]


def fits(
    value: dict[str, Any], declaration: Declaration | None, faults: Faults, effort: Effort | None = None
) -> None:
    """Check that the source has declared the label."""
    labels, label = declaration.labels if declaration else [], value["label"]
    if label not in labels:
        known = ", ".join(labels[:12]) or "none"
        faults.add("/label", f"{label[:80]!r} is not declared; declared are: {known}")
