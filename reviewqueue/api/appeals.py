"""The person affected contests an outcome."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue import pipeline
from reviewqueue.common import clock
from reviewqueue.intake.queries import visible_item

from .fields import Fields
from .resource import Resource
from .schema import described
from .standing import state_now


class ItemAppeals(Resource):
    """Appeals against what was decided of one item."""

    scopes = {"POST": "items:write"}

    @described(
        "Appeal against an outcome",
        name="appeal_item",
        body="AppealSent",
        answers={201: "Appeal"},
        problems=[404, 409, 422],
        about="A new review by somebody who has never had the item in hand; with nobody left who has not, a lead "
        "decides. The new outcome supersedes the old one, whether it upholds or changes it. A 409 says that there is "
        "no outcome yet, or that an appeal is open.",
    )
    def post(self, request: Request, item_id: UUID) -> Response:
        """Open an appeal."""
        fields = Fields(request, frozenset({"reason", "by"}))
        reason, said_by = fields.text("reason", 10_000), fields.text("by", 255)
        fields.done()
        viewer = self.viewer(request)
        item = visible_item(viewer, item_id)
        made = pipeline.appeal(item=item, reason=reason, said_by=said_by, by=viewer.actor, now=clock.now())
        body = {
            "id": str(made.pk),
            "item": str(item.pk),
            "against": made.against.version if made.against else 0,
            "opened_at": made.opened_at,
            "state": state_now(item.pk),
        }
        return Response(body, status=201)
