"""The form of an overload plan: what a page shows in it, and what comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _

from reviewqueue.accounts.access import Viewer
from reviewqueue.common.errors import Invalid, Place
from reviewqueue.queues.queries import visible_to
from reviewqueue.triage.actions.overload import Planned, Stratum, Thresholds
from reviewqueue.triage.models import LEAST_RATE, OverloadPlan, RoutingRule

from .parameters import identifier

NUMBERS = ("starts_waiting", "ends_waiting", "starts_minutes_late", "ends_minutes_late")
MOST_LINES = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One rule in the form; ``only_high`` says that it takes high risk alone, so that nothing of it is thinned."""

    name: str
    queue: str
    rate: str = ""
    held: bool = False
    known: bool = True
    only_high: bool = False


def lines_of(rules: Sequence[RoutingRule], plan: OverloadPlan | None, typed: QueryDict | None) -> list[Line]:
    """Return a line for each rule in force that sends items to people, and for each that the plan still names."""
    strata = {one.rule_name: one for one in plan.strata.all()} if plan else {}
    lines = []
    for number, rule in enumerate(rules):
        stratum = strata.pop(rule.name, None)
        rate, held = _percent(stratum.rate if stratum else None), bool(stratum and stratum.answers_held)
        if typed is not None:
            rate, held = typed.get(f"rate-{number}", ""), bool(typed.get(f"held-{number}"))
        queue = rule.queue.name if rule.queue else ""
        lines.append(Line(rule.name, queue, rate, held, only_high=_only_high(rule.conditions)))
    if typed is None:
        lines += [Line(name, "", _percent(one.rate), one.answers_held, known=False) for name, one in strata.items()]
    return lines


def _percent(rate: float | None) -> str:
    return "" if rate is None else f"{100 * rate:g}"


def _only_high(conditions: Any) -> bool:
    """Return whether a rule plainly asks for high risk: one of conditions that all have to hold."""
    leaves = conditions if isinstance(conditions, list) else conditions.get("all", [conditions])
    high: dict[str, Any] = {"field": "risk_level", "op": "is", "value": "high"}
    return any(one == high for one in leaves)


def read_plan(typed: QueryDict, rules: Sequence[RoutingRule], viewer: Viewer) -> Planned:
    """Return what a form says. Raises Invalid with the places of what is no number."""
    faults: list[Place] = []
    strata = [one for number, rule in enumerate(rules) if (one := _stratum(typed, number, rule.name, faults))]
    watched = visible_to(viewer).filter(slug=typed.get("watched", "")[:50]).first() if typed.get("watched") else None
    numbers = {name: _number(typed, name, faults) for name in NUMBERS}
    if faults:
        raise Invalid(_("The plan is not complete."), places=faults)
    return Planned(
        strata=strata,
        members=[pk for text in typed.getlist("member")[:MOST_LINES] if (pk := identifier(text))],
        emails=_emails(typed.get("emails", "")),
        thresholds=Thresholds(watched=watched, **numbers),
    )


def _stratum(typed: QueryDict, number: int, name: str, faults: list[Place]) -> Stratum | None:
    given, held = typed.get(f"rate-{number}", "").strip(), bool(typed.get(f"held-{number}"))
    rate = None
    if given:
        try:
            rate = float(given.replace(",", ".").rstrip("% ")) / 100
        except ValueError:
            rate = float("nan")
        if not LEAST_RATE <= rate <= 1:
            words = _("From %(least)s to 100 %%: never to nothing.") % {"least": f"{100 * LEAST_RATE:g}"}
            faults.append(Place(f"#/rate-{number}", words))
    return Stratum(name, rate, held) if rate is not None or held else None


def _number(typed: QueryDict, name: str, faults: list[Place]) -> int | None:
    given = typed.get(name, "").strip()
    if not given:
        return None
    if given.isascii() and given.isdigit() and len(given) <= 7:
        return int(given)
    faults.append(Place(f"#/{name}", _("A whole number is required.")))
    return None


def _emails(text: str) -> list[str]:
    words = text.replace("\x00", "").replace(",", " ").replace(";", " ").split()
    return [one[:254] for one in words[:MOST_LINES]]


def members_called(plan: OverloadPlan | None, typed: QueryDict | None) -> set[UUID]:
    """Return which members are ticked."""
    if typed is not None:
        return {pk for text in typed.getlist("member") if (pk := identifier(text))}
    return {one.user_id for one in plan.calls.all() if one.user_id} if plan else set()
