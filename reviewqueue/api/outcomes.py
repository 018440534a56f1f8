"""The outcome of an item: what the AI system waits for.

``wait`` is obeyed by the server's mux (reviewqueue/asgi.py), which parks the client without a thread and asks here
again; this view itself always answers at once.
"""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue.assignment.queries import place_in_line
from reviewqueue.common import clock
from reviewqueue.common.errors import NotThere
from reviewqueue.intake.models import Item, State
from reviewqueue.intake.queries import body_of
from reviewqueue.review.models import Basis, Outcome
from reviewqueue.review.queries import current_publication, published_body, shown
from reviewqueue.triage.queries import open_stay, seconds_per_item

from .items import shown_items, state_shown
from .pages import query_of, whole_number
from .resource import Resource
from .schema import described
from .shapes import WAIT_PARAMETERS

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
        if item.now_at.state == State.PASSED:
            return Response(_passed(item))
        return Response(_waiting(item), status=202)


def _passed(item: Item) -> dict[str, Any]:
    """Return the outcome of an item that triage let pass: its own output stands."""
    passed_at = shown(item.now_at.since)
    return {
        "item": str(item.pk),
        "version": 0,
        "decision": None,
        "basis": Basis.RULE,
        "disposition": Outcome.Disposition.FINAL,
        "final": None if item.content.redacted_at else body_of(item)["output"],
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


def _waiting(item: Item) -> dict[str, Any]:
    """Return where an unfinished item stands, and how long the queue ahead of it should take."""
    state = state_shown(item)
    stay = open_stay(item.pk)
    if stay is None:
        return {"state": state, "queue": None, "position": None, "expected_wait_seconds": None}
    position = place_in_line(stay)
    each = seconds_per_item(queue_id=stay.queue_id, now=clock.now())
    return {
        "state": state,
        "queue": stay.queue.slug,
        "position": position,
        "expected_wait_seconds": None if each is None else round(each * max(position, 1)),
    }
