"""Signs from outside that an answer was wrong."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue import pipeline
from reviewqueue.common import clock
from reviewqueue.common.errors import Place
from reviewqueue.intake.queries import visible_item
from reviewqueue.triage.models import Signal

from .fields import Fields
from .resource import Resource
from .schema import described
from .standing import state_now


class ItemSignals(Resource):
    """What is said of one item."""

    scopes = {"POST": "items:write"}

    @described(
        "Say that an answer was wrong",
        name="signal_item",
        body="SignalSent",
        answers={201: "Signal", 200: "Signal"},
        problems=[404, 409, 422],
        about="A thumbs-down, a customer who comes back, a complaint, a colleague's report: people look at the "
        "answer, again if it was decided. Such a look is never counted as part of the random sample. At most one is "
        "open at a time: the same said by the same again meanwhile is a 200 with `Idempotency-Replayed: true`.",
    )
    def post(self, request: Request, item_id: UUID) -> Response:
        """Note a signal."""
        fields = Fields(request, frozenset({"kind", "note", "by"}))
        kind = fields.text("kind", 20, required=True)
        if kind and kind not in Signal.Kind.values:
            fields.places.append(Place("#/kind", f"One of {', '.join(Signal.Kind.values)} is required."))
        note, said_by = fields.text("note", 10_000), fields.text("by", 255)
        fields.done()
        viewer = self.viewer(request)
        item = visible_item(viewer, item_id)
        done = pipeline.signal(
            item=item, kind=Signal.Kind(kind), said_by=said_by, note=note, by=viewer.actor, now=clock.now()
        )
        body = {
            "id": str(done.signal.pk),
            "item": str(item.pk),
            "kind": done.signal.kind,
            "raised_at": done.signal.raised_at,
            "state": state_now(item.pk),
        }
        if done.new:
            return Response(body, status=201)
        return Response(body, headers={"Idempotency-Replayed": "true"})
