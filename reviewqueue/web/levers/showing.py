"""The levers as the pages show them: one by one, and all three at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from reviewqueue.metrics.rules import (
    Change,
    Prediction,
    both,
    predict,
)

from ..charts import cell_bar
from ..words import clock, number
from .desk import Desk, Lever
from .owner import an_owner, owner_facts
from .people import people_facts, some_people
from .rule import a_rule, rule_facts

PROPOSALS = {"rule": a_rule, "people": some_people, "owner": an_owner}


_FACTS = {"rule": rule_facts, "people": people_facts, "owner": owner_facts}


def facts_of(desk: Desk, lever: Lever) -> list[tuple[str, str]]:
    """Return what one should know before pulling a lever, as (name, words)."""
    return _FACTS[lever.kind](desk, lever) if lever.fields and (lever.possible or lever.kind == "people") else []


def proposed(desk: Desk, kind: str, asked: Mapping[str, Any]) -> Lever:
    """Return a lever with its effect worked out."""
    lever = PROPOSALS[kind](desk, asked)
    if lever.possible:
        lever.after = predict(desk.board, lever.change)
    return lever


def combined(desk: Desk, every: Sequence[Lever]) -> Prediction:
    """Return the day with every possible lever pulled."""
    change = Change()
    for lever in every:
        if lever.possible:
            change = both(change, lever.change)
    return predict(desk.board, change)


def all_three(desk: Desk, asked: Mapping[str, Any]) -> list[Lever]:
    """Return the three levers, each with its own effect."""
    return [proposed(desk, kind, asked) for kind in PROPOSALS]


def at_once(desk: Desk, every: Sequence[Lever]) -> dict[str, Any]:
    """Return the figure for all three levers pulled at once."""
    after = combined(desk, every)
    return {
        "late": number(after.late),
        "breaks": _breaks(after, desk.now),
        "possible": any(one.possible for one in every),
    }


def shown(desk: Desk, lever: Lever) -> dict[str, Any]:
    """Return a lever in the words and shapes of the page."""
    after = lever.after
    return {
        "kind": lever.kind,
        "title": lever.title,
        "icon": lever.icon,
        "sentence": lever.sentence,
        "possible": lever.possible,
        "url": reverse("board_lever", args=[lever.kind]),
        "late": number(after.late) if after else "",
        "before": number(desk.before.late),
        "breaks": _breaks(after, desk.now) if after else "",
        "bar": cell_bar(after.late, desk.before.late) if after else SafeString(""),
    }


def _breaks(after: Prediction, now: datetime) -> str:
    if after.whole.breaks_at is None or not after.late:
        return _("The promise holds.") if not after.late else _("Nothing more will be late.")
    return _("Breaks %(time)s") % {"time": clock(after.whole.breaks_at, now)}
