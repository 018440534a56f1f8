"""Reading the builder's form and the sampling table. What is wrong is told; nothing typed is lost."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from reviewqueue.accounts.models import Membership
from reviewqueue.common.errors import Invalid, Place, ProductError
from reviewqueue.queues.models import Queue

from ..parameters import identifier

MOST_RATES = 50


def read_rule(typed: Mapping[str, Any], *, queues: QuerySet[Queue], members: QuerySet[Membership]) -> dict[str, Any]:
    """Return the fields of a rule but its conditions. Raises Invalid."""
    slug = str(typed.get("queue", ""))
    queue = queues.filter(slug=slug).first()
    if slug and queue is None:
        raise Invalid(_("There is no such queue."))
    owner_id = identifier(typed.get("owner"))
    owner = members.filter(user_id=owner_id).first() if owner_id else None
    skills = sorted({one.strip()[:40] for one in str(typed.get("required_skills", "")).split(",") if one.strip()})
    numbers = _numbers(typed)
    return {
        "name": str(typed.get("name", "")).strip()[:200],
        "queue": queue,
        "urgency": "high" if typed.get("urgency") == "high" else "normal",
        "due_minutes": numbers["due_minutes"],
        "reviews_required": numbers["reviews_required"],
        "required_skills": skills,
        "language": str(typed.get("language", "")).strip()[:10],
        "blind": {"yes": True, "no": False}.get(str(typed.get("blind"))),
        "owner": owner.user if owner and queue else None,
        "sample_rate": None if queue else numbers["sample_rate"],
    }


def _numbers(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers of a rule. Raises Invalid with the place of every one that is none."""
    readers = {"due_minutes": _whole, "reviews_required": _whole, "sample_rate": _percent}
    numbers, places = {}, []
    for name, read in readers.items():
        try:
            numbers[name] = read(typed.get(name))
        except Invalid as error:
            places.append(Place(f"#/{name}", error.detail))
    if places:
        raise Invalid(_("The rule is not complete."), places=places)
    return numbers


def place_words(error: ProductError) -> list[tuple[str, str]]:
    """Return where something is wrong in the builder, as its fields are called there, and what."""
    return [(_where(one.pointer), one.detail) for one in error.places]


def _where(pointer: str) -> str:
    first, *rest = pointer.removeprefix("#/").split("/")
    if first == "conditions":
        numbers = [int(one) + 1 for one in rest if one.isdigit()] + [1, 1]
        return _("Group %(group)s, condition %(condition)s") % {"group": numbers[0], "condition": numbers[1]}
    fields = {
        "name": _("Name of the rule"),
        "due_minutes": _("Due in minutes"),
        "reviews_required": _("Reviewers"),
        "sample_rate": _("Of what passes, review at random (percent)"),
    }
    return fields.get(first, first)


def read_rates(typed: Mapping[str, Any]) -> tuple[float, list[dict[str, Any]]]:
    """Return the general rate, and those of sources and model versions; emptied rows are gone. Raises Invalid."""
    general = _percent(typed.get("rate"))
    if general is None:
        raise Invalid(_("A rate is between 0 and 100 %."))
    rates = []
    for number in range(MOST_RATES):
        source, version = (str(typed.get(f"{name}-{number}", "")).strip() for name in ("source", "version"))
        rate = _percent(typed.get(f"rate-{number}"))
        if rate is not None:
            rates.append({"source": source[:50], "model_version": version[:200], "rate": rate})
    return general, rates


def typed_rates(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sampling table as it was typed, for the page that says what is wrong with it."""
    names = {"source": "source", "model_version": "version", "percent": "rate"}
    rows = [
        {field: str(typed.get(f"{name}-{number}", ""))[:200] for field, name in names.items()}
        for number in range(MOST_RATES)
        if f"rate-{number}" in typed
    ]
    return {"rates": rows, "rate": typed.get("rate", ""), "audit_queue": typed.get("queue", "")}


def _percent(typed: Any) -> float | None:
    """Return a share typed in per cent, None for an empty field. Raises Invalid."""
    text = str(typed or "").strip().removesuffix("%").strip().replace(",", ".")
    if not text:
        return None
    try:
        value = float(text) / 100
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise Invalid(_("A rate is between 0 and 100 %."))
    return value


def _whole(typed: Any) -> int | None:
    text = str(typed or "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise Invalid(_("A whole number is required."))
    return int(text)
