"""Stops: nothing new is handed out, nothing passes by itself, and held answers go to their safe side."""

from typing import Any, ClassVar
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue import pipeline
from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.queries import workspace_of
from reviewqueue.common import clock
from reviewqueue.common.errors import NotAllowed, NotThere, Place
from reviewqueue.intake.models import Source
from reviewqueue.intake.queries import sources_visible_to
from reviewqueue.queues.models import Queue, Stop
from reviewqueue.queues.queries import stops_visible_to
from reviewqueue.queues.queries import visible_to as queues_visible_to

from .fields import Fields
from .pages import PAGING, page, query_of
from .resource import Resource
from .schema import described
from .shapes import PAGE_PARAMETERS

LONGEST_NOTE = 2_000
_FIELDS = frozenset({"source", "queue", "why", "note"})


class _StopResource(Resource):
    scopes: ClassVar = {"GET": "admin", "POST": "admin", "DELETE": "admin"}

    def lead(self, request: Request) -> Viewer:
        """Return who asks. Raises NotAllowed for persons who lead nothing."""
        viewer = self.viewer(request)
        if viewer.user:
            viewer.require("lead")
        return viewer

    def one(self, viewer: Viewer, stop_id: UUID) -> Stop:
        """Return a stop. Raises NotThere."""
        found = stops_visible_to(viewer).filter(pk=stop_id).first()
        if found is None:
            raise NotThere
        return found


class Stops(_StopResource):
    """All stops of the workspace."""

    @described(
        "List stops",
        name="list_stops",
        answers={200: "StopPage"},
        parameters=PAGE_PARAMETERS,
        about="Newest first; those that run have no `ended_at`.",
    )
    def get(self, request: Request) -> Response:
        """List the stops that the key may see."""
        viewer = self.lead(request)
        return Response(page(stops_visible_to(viewer), request, query_of(request, PAGING), shown))

    @described(
        "Stop a source, a queue or the workspace",
        name="stop_work",
        body="NewStop",
        answers={201: "Stop"},
        problems=[409, 422],
        about="With neither `source` nor `queue` everything is stopped. Within seconds nothing covered is handed out "
        "(409 `stopped`) or passes by itself, and AI systems that wait get their fallback, or nothing when the risk "
        "is high or they asked for that. Items are still taken in, turns that are open can be finished, and what "
        "people decided is sent. `why` is told to everybody, `note` to leads alone.",
    )
    def post(self, request: Request) -> Response:
        """Begin a stop."""
        viewer = self.lead(request)
        fields = Fields(request, _FIELDS)
        source, queue = self._named(viewer, fields)
        why = fields.text("why", 13, required=True)
        if why and why not in Stop.Why.values:
            fields.places.append(Place("#/why", f"One of {', '.join(Stop.Why.values)} is required."))
        note = fields.text("note", LONGEST_NOTE)
        fields.done()
        if viewer.source_slug and source is None:
            raise NotAllowed("A key bound to one source stops that source alone.")
        made = pipeline.stop(
            workspace=workspace_of(viewer.workspace_id),
            source=source,
            queue=queue,
            why=Stop.Why(why),
            note=note.strip(),
            by=viewer.actor,
            person=viewer.user,
            now=clock.now(),
        )
        return Response(shown(self.one(viewer, made.pk)), status=201)

    def _named(self, viewer: Viewer, fields: Fields) -> tuple[Source | None, Queue | None]:
        """Return what is to be stopped; what is not known, or named beside another, is a fault of the body."""
        source_slug, queue_slug = fields.text("source", 50), fields.text("queue", 50)
        source = sources_visible_to(viewer).filter(slug=source_slug).first() if source_slug else None
        queue = queues_visible_to(viewer).filter(slug=queue_slug).first() if queue_slug else None
        if source_slug and source is None:
            fields.places.append(Place("#/source", "No source of yours has this slug."))
        if queue_slug and queue is None:
            fields.places.append(Place("#/queue", "No queue of yours has this slug."))
        if source_slug and queue_slug:
            fields.places.append(Place("#/queue", "Name a source or a queue, not both."))
        return source, queue


class OneStop(_StopResource):
    """One stop."""

    @described("Read a stop", name="get_stop", answers={200: "Stop"}, problems=[404])
    def get(self, request: Request, stop_id: UUID) -> Response:
        """Return a stop."""
        query_of(request, ())
        return Response(shown(self.one(self.lead(request), stop_id)))

    @described(
        "End a stop",
        name="end_stop",
        answers={200: "Stop"},
        problems=[404, 409],
        about="Work goes on by itself: what was held back is in its line again at its old place, and what waited for "
        "triage is decided by the policy of now.",
    )
    def delete(self, request: Request, stop_id: UUID) -> Response:
        """End a stop."""
        viewer = self.lead(request)
        found = self.one(viewer, stop_id)
        pipeline.end_stop(stop=found, by=viewer.actor, person=viewer.user, now=clock.now())
        return Response(shown(self.one(viewer, stop_id)))


def shown(stop: Stop) -> dict[str, Any]:
    """Return a stop as the API shows it."""
    return {
        "id": str(stop.pk),
        "source": stop.source_slug or None,
        "queue": stop.queue.slug if stop.queue else None,
        "why": stop.why,
        "note": stop.content.note,
        "begun_at": stop.begun_at,
        "ended_at": stop.ended_at,
    }
