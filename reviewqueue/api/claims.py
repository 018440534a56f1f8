"""Claims: the next item for me."""

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue import pipeline
from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import AskedOnce, Membership
from reviewqueue.assignment.actions import Turn
from reviewqueue.assignment.models import Assignment
from reviewqueue.common.errors import NotThere
from reviewqueue.queues.models import Queue
from reviewqueue.queues.queries import queues_taken_from

from .assignments import expires_at
from .fields import Fields
from .resource import Resource, membership_of
from .schema import described
from .showing import shown_turn

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
        membership = membership_of(self.viewer(request))
        return self.claim(request, membership, queues_taken_from(membership))

    def claim(self, request: Request, membership: Membership, queues: Sequence[Queue]) -> Response:
        """Claim from some queues of a member's."""
        Fields(request, frozenset()).done()
        turn = pipeline.claim_next(membership=membership, queues=queues)
        return _given(self.viewer(request), turn) if turn else _answer(None)

    def again(self, request: Request, asked: AskedOnce) -> Response:
        """Return the turn that was given, as it stands now: what it shows of the item lives with the item."""
        membership_of(self.viewer(request))
        return _shown(self.viewer(request), asked.made_id)


def _given(viewer: Viewer, turn: Turn) -> Response:
    """Return a turn just opened. It has no draft yet."""
    return _answer(turn.assignment.pk, shown_turn(viewer, turn.assignment, until=turn.expires_at))


def _shown(viewer: Viewer, turn_id: UUID | None) -> Response:
    if turn_id is None:
        return _answer(None)
    turn = Assignment.objects.select_related("slot", "draft").get(pk=turn_id)
    draft = getattr(turn, "draft", None)
    return _answer(turn_id, shown_turn(viewer, turn, until=expires_at(turn), draft=draft))


def _answer(turn_id: UUID | None, body: dict[str, Any] | None = None) -> Response:
    answer = Response(body, status=201) if body else Response(status=204)
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
        membership = membership_of(self.viewer(request))
        queues = [one for one in queues_taken_from(membership) if one.slug == slug]
        if not queues:
            raise NotThere
        return self.claim(request, membership, queues)
