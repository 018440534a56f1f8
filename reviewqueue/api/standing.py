"""Where items stand, as the outside sees it: their state, and what became of answers that were held."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet
from orjson import Fragment

from reviewqueue.intake.models import Gate, Item, State
from reviewqueue.intake.queries import output_text
from reviewqueue.review.models import Basis, DuePublication, Outcome
from reviewqueue.review.queries import current_publications, published_body, shown
from reviewqueue.triage.models import TriageDecision
from reviewqueue.triage.queries import first_decisions
from reviewqueue.triage.rules import explain, explain_pass


def with_state(items: QuerySet[Item]) -> QuerySet[Item]:
    """Add the state; an outcome that can still be undone is not visible outside, so its item is in review."""
    undoable = DuePublication.objects.filter(outcome__item_id=OuterRef("pk"))
    return items.annotate(stands=F("now_at__state"), undoable=Exists(undoable))


def state_shown(item: Item) -> str:
    """Return an item's state as the outside sees it."""
    return outside(item.stands, undoable=item.undoable)  # type: ignore[attr-defined]


def outside(state: str, *, undoable: bool) -> str:
    """Return a state as the outside sees it: until its outcome stands for good, an item is in review."""
    return State.IN_REVIEW if state == State.SETTLED and undoable else state


def state_now(item_id: UUID) -> str:
    """Return an item's state at this moment, as the outside sees it."""
    return state_shown(with_state(Item.objects.filter(pk=item_id)).get())


def what_became_of(item_ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return the body that tells of each held answer: its state, what triage said, and its outcome, if there is one.

    Read from what stands now, so that one that is sent again is answered in the same form.
    """
    ids = list(item_ids)
    items = list(with_state(Item.objects.filter(pk__in=ids)).select_related("content", "now_at"))
    decisions = first_decisions(ids)
    published = current_publications(one.pk for one in items if one.now_at.state != State.PASSED)
    told: dict[UUID, dict[str, Any]] = {}
    for item in items:
        told[item.pk] = {
            "id": str(item.pk),
            "state": state_shown(item),
            "triage": _triage(decisions[item.pk]),
        }
        if item.pk in published:
            told[item.pk]["outcome"] = published_body(published[item.pk])
        elif decisions[item.pk].result == TriageDecision.Result.PASS:
            told[item.pk]["outcome"] = passed(item, decisions[item.pk])
    return told


def _triage(decision: TriageDecision) -> dict[str, Any]:
    """Return what triage said first; why never tells that an item is in the audit sample."""
    explained = explain_pass(decision) if decision.result == TriageDecision.Result.PASS else explain(decision.reasons)
    return {"result": decision.result, "why": explained}


def passed(item: Item, decision: TriageDecision) -> dict[str, Any]:
    """Return the outcome of an item that triage let pass: its own output stands, until people decide otherwise."""
    passed_at = shown(decision.decided_at)
    return {
        "item": str(item.pk),
        "version": 0,
        "decision": None,
        "basis": Basis.RULE,
        "disposition": Outcome.Disposition.FINAL,
        "final": None if item.content.redacted_at else Fragment(output_text(item)),
        "changed": False,
        "severity": None,
        "cause": None,
        "reason_codes": [],
        "follow_up": False,
        "settled_at": passed_at,
        "published_at": passed_at,
        "reviewers": 0,
        "late": False,
        "supersedes": None,
    }


def held(gate: Gate | None) -> dict[str, Any]:
    """Return what an item's page says of its gate: nothing when its answer was not held."""
    if gate is None:
        return {}
    return {
        "held": {
            "deadline_at": shown(gate.deadline_at),
            "on_timeout": gate.on_timeout,
            "closed_at": shown(gate.closed_at) if gate.closed_at else None,
            "closed_because": gate.closed_because or None,
        }
    }
