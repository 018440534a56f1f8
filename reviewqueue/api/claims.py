"""Claims: the next item for me."""

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue import pipeline
from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.actions import ask_once, keep_made
from reviewqueue.accounts.models import Membership
from reviewqueue.assignment.models import Assignment
from reviewqueue.common import clock
from reviewqueue.common.errors import NotThere
from reviewqueue.queues.models import Queue
from reviewqueue.queues.queries import own_queues

from .assignments import shown_turn
from .fields import Fields
from .parsing import idempotency_key_of
from .resource import Resource, membership_of
from .schema import described
from .shapes import IDEMPOTENCY_KEY

ONCE = [IDEMPOTENCY_KEY]
ABOUT = (
    "201 with a turn, 204 when nothing waits for this person. The key must act as a person. The turn runs out at "
    "`expires_at` unless it is kept. With an `Idempotency-Key` the same request gives the same turn for 7 days."
)


class Claims(Resource):
    """From all of my queues."""

    scopes: ClassVar = {"POST": "reviews:write"}

    @described(
        "Claim the next item",
        answers={201: "Assignment", 204: None},
        problems=[409, 422],
        about=ABOUT,
        parameters=ONCE,
    )
    def post(self, request: Request) -> Response:
        """Claim from all of the person's queues."""
        return self.claim(request, own_queues(self.viewer(request)))

    def claim(self, request: Request, queues: Iterable[Queue]) -> Response:
        """Claim from some queues; the same Idempotency-Key gives the same turn again."""
        viewer = self.viewer(request)
        membership = membership_of(viewer)
        Fields(request, frozenset()).done()
        idempotency_key = idempotency_key_of(request)
        if not idempotency_key:
            return _shown(viewer, _claim(membership, queues))
        with transaction.atomic():
            asked, new = ask_once(
                viewer_key=viewer.key_id,  # type: ignore[arg-type]
                workspace_id=viewer.workspace_id,
                idempotency_key=idempotency_key,
                request=f"POST {request.path}".encode(),
                now=clock.now(),
            )
            if new:
                asked.made_id = _claim(membership, queues)
                keep_made(asked=asked, made_id=asked.made_id)
        answer = _shown(viewer, asked.made_id)
        if not new:
            answer["Idempotency-Replayed"] = "true"
        return answer


def _claim(membership: Membership, queues: Iterable[Queue]) -> UUID | None:
    turn = pipeline.claim_next(membership=membership, queues=list(queues))
    return turn.assignment.pk if turn else None


def _shown(viewer: Viewer, turn_id: UUID | None) -> Response:
    if turn_id is None:
        return Response(status=204)
    turn = Assignment.objects.select_related("slot", "entry__queue").get(pk=turn_id)
    return Response(shown_turn(viewer, turn), status=201)


class QueueClaims(Claims):
    """From one queue."""

    @described(
        "Claim the next item of one queue",
        answers={201: "Assignment", 204: None},
        problems=[404, 409, 422],
        about=ABOUT,
        parameters=ONCE,
    )
    def post(self, request: Request, slug: str) -> Response:  # type: ignore[override]
        """Claim from one of the person's queues."""
        membership_of(self.viewer(request))
        queues = own_queues(self.viewer(request)).filter(slug=slug)
        if not queues:
            raise NotThere
        return self.claim(request, queues)
