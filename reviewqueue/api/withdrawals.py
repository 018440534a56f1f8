"""Withdrawing an item that the AI system no longer needs."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue import pipeline
from reviewqueue.common import clock
from reviewqueue.intake.models import State
from reviewqueue.intake.queries import visible_item

from .fields import Fields
from .resource import Resource
from .schema import described


class ItemWithdrawal(Resource):
    """The end of an item that nobody waits for any more."""

    scopes = {"POST": "items:write"}

    @described(
        "Withdraw an item",
        name="withdraw_item",
        answers={200: "Received"},
        problems=[404, 409, 422],
        about="You no longer need it, for one because the conversation has gone on. It leaves every queue, and "
        "whoever has it in hand is told. Withdrawing twice is the same as once. An item that triage or people have "
        "decided already is a 409.",
    )
    def post(self, request: Request, item_id: UUID) -> Response:
        """Withdraw an item."""
        Fields(request, frozenset()).done()
        viewer = self.viewer(request)
        item = visible_item(viewer, item_id)
        pipeline.withdraw(item=item, by=viewer.actor, now=clock.now())
        return Response({"id": str(item.pk), "state": State.WITHDRAWN})
