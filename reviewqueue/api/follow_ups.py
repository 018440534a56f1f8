"""Follow-ups: wrong answers that somebody already got, and whether that was made good."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue import pipeline
from reviewqueue.common import clock
from reviewqueue.common.errors import NotThere
from reviewqueue.review.models import FollowUp
from reviewqueue.review.queries import follow_ups_visible_to

from .fields import Fields
from .pages import PAGING, one_of, page, query_of
from .resource import Resource
from .schema import described
from .shapes import FOLLOW_UP_PARAMETERS

STATES = ("open", "done")


class FollowUps(Resource):
    """All follow-ups of the workspace."""

    scopes: ClassVar = {"GET": "items:read"}

    @described(
        "List follow-ups",
        answers={200: "FollowUpPage"},
        problems=[422],
        parameters=FOLLOW_UP_PARAMETERS,
        about="Wrong answers that somebody already got, newest first; `state` is `open` or `done`.",
    )
    def get(self, request: Request) -> Response:
        """List the follow-ups that the key may see."""
        query = query_of(request, ("state", *PAGING))
        found = follow_ups_visible_to(self.viewer(request))
        if "state" in query:
            found = found.filter(done_at__isnull=one_of(query, "state", STATES) == "open")
        return Response(page(found, request, query, shown))


class FollowUpDone(Resource):
    """The end of one follow-up."""

    scopes: ClassVar = {"POST": "items:write"}

    @described(
        "Note that a follow-up is done",
        name="finish_follow_up",
        body="FollowUpNote",
        answers={200: "FollowUp"},
        problems=[404, 409, 422],
        about="The wrong answer was made good with whoever got it, for one by your own system. A 409 says that it "
        "was done before.",
    )
    def post(self, request: Request, follow_up_id: UUID) -> Response:
        """End a follow-up."""
        fields = Fields(request, frozenset({"note"}))
        note = fields.text("note", 10_000)
        fields.done()
        viewer = self.viewer(request)
        rows = follow_ups_visible_to(viewer)
        pipeline.finish_follow_up(
            follow_up=_one(rows, follow_up_id), by=viewer.actor, user=viewer.user, note=note, now=clock.now()
        )
        return Response(shown(_one(rows, follow_up_id)))


def _one(rows: QuerySet[FollowUp], follow_up_id: UUID) -> FollowUp:
    found = rows.filter(pk=follow_up_id).first()
    if found is None:
        raise NotThere
    return found


def shown(one: FollowUp) -> dict[str, Any]:
    """Return a follow-up as the outside sees it: no names of people."""
    return {
        "id": str(one.pk),
        "item": str(one.item_id),
        "external_id": one.item.external_id,
        "source": one.item.source.slug,
        "version": one.outcome.version,
        "state": "done" if one.done_at else "open",
        "opened_at": one.opened_at,
        "due_at": one.due_at,
        "taken_at": one.taken_at,
        "done_at": one.done_at,
    }
