"""What a turn shows its reviewer. Every claim shows it, so all of it is read by one statement."""

import json
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from reviewqueue.accounts.access import Viewer
from reviewqueue.assignment.models import Assignment, Draft
from reviewqueue.common.parts import fetch
from reviewqueue.edgecases.models import Ruling
from reviewqueue.edgecases.queries import precedents_for
from reviewqueue.intake.models import Gate, Item, Kind
from reviewqueue.review.corrections import in_own_order
from reviewqueue.review.queries import shown
from reviewqueue.triage.rules import explain

from .items import document, shown_items, spliced
from .standing import held, outside

_READ = """
SELECT q.slug, i.kind, i.received_at, s.state,
       EXISTS (SELECT FROM review_outcome o JOIN review_duepublication d ON d.outcome_id = o.id
               WHERE o.item_id = i.id),
       c.body, c.redacted_at, g.deadline_at, g.on_timeout, g.closed_at, g.closed_because,
       (SELECT coalesce(in_languages -> %(language)s::text, guidelines) FROM queues_rubric WHERE queue_id = q.id
        ORDER BY version DESC LIMIT 1),
       (SELECT reasons FROM triage_triagedecision WHERE item_id = i.id ORDER BY pass_number DESC LIMIT 1),
       EXISTS (SELECT FROM edgecases_ruling WHERE workspace_id = i.workspace_id)
FROM triage_queueentry e
JOIN queues_queue q ON q.id = e.queue_id
JOIN intake_item i ON i.id = e.item_id
JOIN intake_itemstate s ON s.item_id = i.id
JOIN intake_itemcontent c ON c.item_id = i.id
LEFT JOIN intake_gate g ON g.item_id = i.id
WHERE e.id = %(entry)s::uuid
"""


class _Read(NamedTuple):
    """What stands of an item in hand, and of the queue that it is in."""

    queue: str
    kind: str
    received_at: datetime
    state: str
    undoable: bool
    body: str
    redacted_at: datetime | None
    deadline_at: datetime | None
    on_timeout: str | None
    closed_at: datetime | None
    closed_because: str | None
    guidelines: str | None  # JSON
    reasons: str | None  # JSON
    ruled: bool


def shown_turn(viewer: Viewer, turn: Assignment, *, until: datetime, draft: Draft | None = None) -> dict[str, Any]:
    """Return the viewer's own turn, which runs until a time, with all that its person needs to judge."""
    read = _Read(*fetch(_READ, {"entry": turn.entry_id, "language": _language(viewer)})[0])
    body = {
        "id": str(turn.pk),
        "fence": turn.fence,
        "expires_at": until,
        "queue": read.queue,
        "item": _item(viewer, turn, read),
        "why": explain(json.loads(read.reasons)) if read.reasons else [],
        "guidelines": orjson.Fragment(read.guidelines or "[]"),
        "precedents": _precedents(viewer, turn.item_id) if read.ruled else [],
    }
    return {**body, "draft": draft.body} if draft else body


def _item(viewer: Viewer, turn: Assignment, read: _Read) -> dict[str, Any] | orjson.Fragment:
    if read.redacted_at:
        return document(shown_items(viewer).select_related("content", "gate").get(pk=turn.item_id))
    state = outside(read.state, undoable=read.undoable)
    ours = {"id": str(turn.item_id), "state": state, "received_at": read.received_at, **held(_gate(read))}
    return spliced(ours, _in_own_order(turn, read))


def _gate(read: _Read) -> Gate | None:
    if read.deadline_at is None:
        return None
    return Gate(
        deadline_at=read.deadline_at,
        on_timeout=read.on_timeout or "",
        closed_at=read.closed_at,
        closed_because=read.closed_because or "",
    )


def _in_own_order(turn: Assignment, read: _Read) -> str:
    """Return the item as it was sent; a comparison's candidates come in the person's own order."""
    if read.kind != Kind.COMPARISON:
        return read.body
    return in_own_order(read.body, item_id=turn.item_id, user_id=turn.user_id)


def _precedents(viewer: Viewer, item_id: UUID) -> list[dict[str, Any]]:
    found = precedents_for(Item.objects.get(pk=item_id), language=_language(viewer))
    return [_precedent(*one) for one in found]


def _language(viewer: Viewer) -> str:
    return viewer.user.language if viewer.user else ""


def _precedent(ruling: Ruling, words: str) -> dict[str, Any]:
    return {
        "ruling": str(ruling.pk),
        "edge_case": str(ruling.case_id),
        "decision": ruling.decision,
        "severity": ruling.severity,
        "reason_codes": ruling.reason_codes,
        "words": words,
        "ruled_at": shown(ruling.ruled_at),
    }
