"""The outcome of an item: what the AI system waits for.

``wait`` is obeyed by the server's mux (reviewqueue/asgi.py), which parks the client without a thread and asks here
again; this view itself always answers at once.
"""

from datetime import datetime
from math import ceil
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue.assignment.queries import held_ahead_of, next_slot, on_duty, place_in_line
from reviewqueue.common import clock
from reviewqueue.common.errors import NotThere
from reviewqueue.intake.models import Gate, Item
from reviewqueue.intake.queries import gate_of
from reviewqueue.review.queries import current_publication, published_body, seconds_per_review
from reviewqueue.triage.models import QueueEntry
from reviewqueue.triage.queries import open_stay, passing_decision, seconds_per_item

from .items import shown_items
from .pages import query_of, whole_number
from .resource import Resource
from .schema import described
from .shapes import WAIT_PARAMETERS
from .standing import passed, state_shown

LONGEST_WAIT = 60


class ItemOutcome(Resource):
    """The newest published outcome of an item."""

    scopes = {"GET": "items:read"}

    @described(
        "Get the outcome, or wait for it",
        name="get_outcome",
        answers={200: "Outcome", 202: "Waiting"},
        problems=[404, 422],
        parameters=WAIT_PARAMETERS,
        about="200 with the outcome as soon as it is visible outside (an outcome can be undone for 10 seconds); 202 "
        "while there is none. With `wait` the answer is held until the outcome is there or the time is over.",
    )
    def get(self, request: Request, item_id: UUID) -> Response:
        """Answer with the outcome, or with where the item stands."""
        query = query_of(request, ("wait",))
        whole_number(query, "wait", default=0, least=0, most=LONGEST_WAIT)
        item = shown_items(self.viewer(request)).select_related("content", "now_at").filter(pk=item_id).first()
        if item is None:
            raise NotThere
        published = current_publication(item)
        if published:
            return Response(published_body(published))
        decision = passing_decision(item.pk)
        if decision:
            return Response(passed(item, decision))
        return Response(_waiting(item), status=202)


def _waiting(item: Item) -> dict[str, Any]:
    """Return where an unfinished item stands, and how long it should take until somebody has decided it."""
    stay, now = open_stay(item.pk), clock.now()
    if stay is None:
        return {"state": state_shown(item), "queue": None, "position": None, "expected_wait_seconds": None}
    gate = gate_of(item.pk)
    waited_for = gate is not None and gate.closed_at is None
    place, seconds = held_place(stay, gate, now) if gate and waited_for else _ordinary_place(stay, now)
    return {
        "state": state_shown(item),
        "queue": stay.queue.slug,
        "position": place,
        "expected_wait_seconds": seconds,
    }


def _ordinary_place(stay: QueueEntry, now: datetime) -> tuple[int, int | None]:
    position = place_in_line(stay)
    each = seconds_per_item(queue_id=stay.queue_id, now=now)
    return position, None if each is None else round(each * max(position, 1))


def held_place(stay: QueueEntry, gate: Gate, now: datetime) -> tuple[int, int | None]:
    """Return a held answer's place (0 while a reviewer has it) and the expected seconds, which end at its deadline.

    The people on duty work side by side at the pace of the last reviews in this queue; what is in their hands is
    counted in full, since nobody knows how far they are.
    """
    slot = next_slot(stay)
    if slot is None or slot.holder_id is not None:
        position, rounds = 0, 1
    else:
        position = held_ahead_of(slot) + 1
        here = len(on_duty(workspace_id=stay.workspace_id, now=now)[stay.queue_id])
        rounds = ceil(position / here) if here else 0
    each = seconds_per_review(queue_id=stay.queue_id, now=now)
    left = max(0, ceil((gate.deadline_at - now).total_seconds()))
    return position, min(round(each * rounds), left) if each is not None and rounds else None
