"""Claims: the next item for me."""

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue import pipeline
from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import AskedOnce, Membership
from reviewqueue.assignment.models import Assignment
from reviewqueue.common.errors import NotThere
from reviewqueue.queues.models import Queue
from reviewqueue.queues.queries import own_queues

from .assignments import shown_turn
from .fields import Fields
from .resource import Resource, membership_of
from .schema import described

ABOUT = (
    "201 with a turn, 204 when nothing waits for this person. The key must act as a person. The turn runs out at "
    "`expires_at` unless it is kept. A 409 `stopped` says that a lead has stopped this work, and why. The same "
    "`Idempotency-Key` gives the same turn again, as it then stands."
)


class Claims(Resource):
    """From all of my queues."""

    scopes: ClassVar = {"POST": "reviews:write"}

    @described(
        "Claim the next item",
        name="claim_next",
        answers={201: "Assignment", 204: None},
        problems=[409, 422],
        about=ABOUT,
    )
    def post(self, request: Request) -> Response:
        """Claim from all of the person's queues."""
        return self.claim(request, own_queues(self.viewer(request)))

    def claim(self, request: Request, queues: Iterable[Queue]) -> Response:
        """Claim from some queues."""
        viewer = self.viewer(request)
        membership = membership_of(viewer)
        Fields(request, frozenset()).done()
        return _shown(viewer, _claim(membership, queues))

    def again(self, request: Request, asked: AskedOnce) -> Response:
        """Return the turn that was given, as it stands now: what it shows of the item lives with the item."""
        membership_of(self.viewer(request))
        return _shown(self.viewer(request), asked.made_id)


def _claim(membership: Membership, queues: Iterable[Queue]) -> UUID | None:
    turn = pipeline.claim_next(membership=membership, queues=list(queues))
    return turn.assignment.pk if turn else None


def _shown(viewer: Viewer, turn_id: UUID | None) -> Response:
    answer = Response(status=204)
    if turn_id is not None:
        turn = Assignment.objects.select_related("slot", "entry__queue", "draft").get(pk=turn_id)
        answer = Response(shown_turn(viewer, turn), status=201)
    answer.made_id = turn_id  # type: ignore[attr-defined]
    return answer


class QueueClaims(Claims):
    """From one queue."""

    @described(
        "Claim the next item of one queue",
        name="claim_next_of_queue",
        answers={201: "Assignment", 204: None},
        problems=[404, 409, 422],
        about=ABOUT,
    )
    def post(self, request: Request, slug: str) -> Response:  # type: ignore[override]
        """Claim from one of the person's queues."""
        membership_of(self.viewer(request))
        queues = own_queues(self.viewer(request)).filter(slug=slug)
        if not queues:
            raise NotThere
        return self.claim(request, queues)
