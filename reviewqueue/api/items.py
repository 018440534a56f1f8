"""Items: submit one or many, read one, list them."""

from typing import Any
from uuid import UUID

import orjson
from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue import pipeline
from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.queries import require_key, workspace_of
from reviewqueue.common import clock
from reviewqueue.common.errors import Malformed, NotThere
from reviewqueue.common.strictjson import Document
from reviewqueue.intake.actions import Received
from reviewqueue.intake.models import Item, Source, State
from reviewqueue.intake.queries import sources_for, visible_to
from reviewqueue.intake.rules import check_declared, submission

from .gathering import Gathering
from .limits import take_items
from .pages import PAGING, one_of, page, query_of
from .parsing import sent
from .resource import Resource
from .schema import described
from .shapes import LIST_PARAMETERS
from .standing import held, state_shown, what_became_of, with_state
from .submitting import Taken, declared_by, source_of

_gathering = Gathering()
FILTERS = ("source", "state", "external_id", "model_version")


class Items(Resource):
    """All items of the workspace."""

    scopes = {"POST": "items:write", "GET": "items:read"}

    def proves_key(self, request: Request) -> bool:
        """A plain POST does: the statement that stores the item stores nothing for a key that is revoked."""
        return request.method == "POST" and "HTTP_IDEMPOTENCY_KEY" not in request.META

    @described(
        "Submit an item",
        name="submit_item",
        body="Submission",
        answers={201: "Received", 200: "Received"},
        problems=[409, 413, 422],
        about="201 means stored for good. The same external_id with the same content is answered with 200 and "
        "`Idempotency-Replayed: true`; with other content it is a 409. An item with a `gate` is triaged at once: the "
        "answer carries `triage`, and the `outcome` when it passed or when nobody on duty could take it.",
    )
    def post(self, request: Request) -> Response:
        """Submit one item."""
        viewer, now = self.viewer(request), clock.now()
        workspace = workspace_of(viewer.workspace_id)
        one = submission(_body(request), secret=bytes(workspace.secret), now=now)
        sources = sources_for(viewer, {one.source})
        source = source_of(one, sources)
        one = check_declared(one, declared_by([one], sources).get(source.pk))
        take_items({source: 1})
        key_id = viewer.key_id if viewer.remembered else None
        if one.gate:
            if key_id:
                require_key(key_id)
            (received,) = pipeline.submit_gated(
                workspace=workspace, submissions=[one], sources=sources, by=viewer.actor, now=now
            )
        else:
            received = _gathering.submit(
                workspace=workspace, submission=one, source=source, by=viewer.actor, key_id=key_id
            )
        if received.conflict:
            raise Taken
        return _answer(received, gated=one.gate is not None)

    @described(
        "List items",
        name="list_items",
        answers={200: "ItemPage"},
        parameters=LIST_PARAMETERS,
        about="Newest first, without their content. `source`, `state`, `external_id` and `model_version` narrow the "
        "list; other parameters are refused. Follow `next` to its end.",
    )
    def get(self, request: Request) -> Response:
        """List the items that the key may see."""
        query = query_of(request, (*FILTERS, *PAGING))
        items = _filtered(self.viewer(request), shown_items(self.viewer(request)), query)
        return Response(page(items, request, query, summary))


class OneItem(Resource):
    """One item."""

    scopes = {"GET": "items:read"}

    @described(
        "Read an item",
        name="get_item",
        answers={200: "Item"},
        problems=[404],
        about="Its content is exactly as it was sent.",
    )
    def get(self, request: Request, item_id: UUID) -> Response:
        """Return an item with its content and state."""
        query_of(request, ())
        item = shown_items(self.viewer(request)).select_related("content", "gate").filter(pk=item_id).first()
        if item is None:
            raise NotThere
        return Response(document(item))


def _body(request: Request) -> Document:
    document = sent(request)
    if document is None:
        raise Malformed("A body is required: the item as a JSON object.")
    return document


def _answer(received: Received, *, gated: bool) -> Response:
    if gated:
        body = what_became_of([received.id])[received.id]
    else:
        body = {"id": str(received.id), "state": State.RECEIVED if received.new else _state_of(received.id)}
    if received.new:
        return Response(body, status=201)
    return Response(body, status=200, headers={"Idempotency-Replayed": "true"})


def _state_of(item_id: UUID) -> str:
    return state_shown(with_state(Item.objects.filter(pk=item_id)).get())


def shown_items(viewer: Viewer) -> QuerySet[Item]:
    """Return the items that a key may see, with what :func:`summary` shows."""
    return with_state(visible_to(viewer).select_related("source", "model_version"))


def _filtered(viewer: Viewer, items: QuerySet[Item], query: dict[str, str]) -> QuerySet[Item]:
    if "source" in query:
        items = items.filter(source__slug=query["source"])
    if "external_id" in query:
        # by source as well, whose index on (source, external_id) serves it
        sources = Source.objects.filter(workspace_id=viewer.workspace_id)
        items = items.filter(source__in=list(sources), external_id=query["external_id"])
    if "model_version" in query:
        items = items.filter(model_version__version=query["model_version"])
    return items.filter(_in_state(query)) if "state" in query else items


def _in_state(query: dict[str, str]) -> Q:
    state = one_of(query, "state", State.values)
    undoable = Q(now_at__state=State.SETTLED, undoable=True)
    if state == State.SETTLED:
        return Q(now_at__state=state, undoable=False)
    return Q(now_at__state=state) | undoable if state == State.IN_REVIEW else Q(now_at__state=state)


def summary(item: Item) -> dict[str, Any]:
    """Return an item without its content."""
    return {**_standing(item), **_narrow(item)}


def document(item: Item) -> dict[str, Any] | orjson.Fragment:
    """Return an item with its content: our fields, then the object as it was sent, to the letter."""
    if item.content.redacted_at:
        redacted = {"input": {}, "output": {}, "redacted_at": item.content.redacted_at}
        return {**summary(item), **held(getattr(item, "gate", None)), **redacted}
    return spliced({**_standing(item), **held(getattr(item, "gate", None))}, item.content.body)


def spliced(ours: dict[str, Any], sent: str) -> orjson.Fragment:
    """Return our fields and then those of the object as it was sent, to the letter."""
    return orjson.Fragment(orjson.dumps(ours, option=orjson.OPT_UTC_Z)[:-1] + b"," + sent.encode().strip()[1:])


def _standing(item: Item) -> dict[str, Any]:
    return {"id": str(item.pk), "state": state_shown(item), "received_at": item.received_at}


def _narrow(item: Item) -> dict[str, Any]:
    return {
        "external_id": item.external_id,
        "source": item.source.slug,
        "model": _model(item),
        "kind": item.kind,
        "group": item.group or None,
        "occurred_at": item.occurred_at,
        "confidence": item.confidence,
        "risk": {"level": item.risk_level or None, "tags": item.risk_tags},
        "attributes": item.attributes,
    }


def _model(item: Item) -> dict[str, str] | None:
    model = item.model_version
    if model is None:
        return None
    return {"name": model.name, "version": model.version, "prompt": model.prompt, "index": model.index}
