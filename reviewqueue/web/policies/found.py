"""What a replay found, in words and numbers for the page."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from reviewqueue.intake.models import Item
from reviewqueue.metrics.replay.sampling import wilson
from reviewqueue.queues.models import Queue
from reviewqueue.triage.models import Replay

from ..words import number


def replay_words(replay: Replay) -> dict[str, Any]:
    """Return the findings of a finished replay; names are those of today."""
    told, days = replay.result, replay.days
    queues = Queue.objects.in_bulk([UUID(one) for one in told["queues"]])
    rows = [_queue(queues[UUID(key)].name, one, days) for key, one in told["queues"].items() if UUID(key) in queues]
    before, after = (sum(one[side] for one in told["queues"].values()) for side in ("before", "after"))
    return {
        "items": number(told["items"]),
        "changed": number(told["changed"]),
        "headline": _headline((after - before) / days),
        "lead": _("%(after)s instead of %(before)s reviews a day.")
        % {"after": _small(after / days), "before": _small(before / days)},
        "queues": sorted(rows, key=lambda row: row["name"]),
        "hours": _hours(told["hours"], days),
        "errors": _errors(told["errors"]),
        "sample": _sample(told.get("sample")),
        "examples": _examples(told["examples"], queues),
        "against": told["against"],
    }


def _headline(change: float) -> str:
    told = {"n": _small(abs(change))}
    if abs(change) < 0.05:
        return _("As many reviews a day as now")
    return _("%(n)s more reviews a day") % told if change > 0 else _("%(n)s fewer reviews a day") % told


def _small(value: float) -> str:
    return number(value) if value >= 10 or value == int(value) else f"{value:.1f}"


def _queue(name: str, one: dict[str, Any], days: int) -> dict[str, Any]:
    before, after, seconds = one["before"] / days, one["after"] / days, one["seconds"]
    change = after - before
    sign = "+" if change > 0 else "−" if change < 0 else ""
    hours = [value * seconds / 3600 for value in (before, after)] if seconds else None
    return {
        "name": name,
        "before": _small(before),
        "after": _small(after),
        "change": f"{sign}{_small(abs(change))}",
        "hours": [f"{value:.1f}" for value in hours] if hours else None,
    }


def _hours(hours: list[list[float]], days: int) -> list[dict[str, Any]]:
    busy = [(hour, both) for hour, both in enumerate(hours) if any(both)]
    return [
        {"hour": f"{hour:02d}:00", "before": _small(before / days), "after": _small(after / days)}
        for hour, (before, after) in busy
    ]


def _errors(errors: dict[str, Any]) -> str:
    if not errors["known"]:
        return _("No answer of these days is known to be wrong, so this says nothing about errors.")
    told = {name: _small(errors[name]) for name in ("known", "before", "after", "missed", "caught")}
    return (
        _(
            "Of %(known)s answers known to be wrong, people would see %(after)s instead of %(before)s:"
            " %(missed)s missed, %(caught)s caught."
        )
        % told
    )


def _sample(sample: dict[str, int] | None) -> str:
    if sample is None or sample["n"] >= sample["of"]:
        return ""
    low, high = wilson(sample["changed"], sample["n"])
    told = {
        "n": number(sample["n"]),
        "of": number(sample["of"]),
        "low": f"{100 * low:.1f}",
        "high": f"{100 * high:.1f}",
    }
    return (
        _(
            "A rule looks at text, so this is a random sample of %(n)s of %(of)s answers, scaled up: between %(low)s"
            " and %(high)s %% of them change (95 %%, Wilson)."
        )
        % told
    )


def _examples(examples: list[dict[str, Any]], queues: dict[UUID, Queue]) -> list[dict[str, Any]]:
    items = Item.objects.in_bulk([UUID(one["item"]) for one in examples])
    return [
        {
            "item": items[UUID(one["item"])],
            "before": _fate(one["before"], queues),
            "after": _fate(one["after"], queues),
        }
        for one in examples
        if UUID(one["item"]) in items
    ]


def _fate(fate: dict[str, Any], queues: dict[UUID, Queue]) -> str:
    """Say where an item goes and by which rule: between two rules of one queue its due time may differ."""
    queue = queues.get(UUID(fate["queue"]))
    if fate["probability"] == 1 and queue:
        return _("%(queue)s, by rule %(n)s") % {"queue": queue.name, "n": fate["rule"]}
    return _("passes, %(rate)s %% sampled") % {"rate": f"{100 * fate['probability']:g}"}
