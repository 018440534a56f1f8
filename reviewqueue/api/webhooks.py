"""Webhooks over the API: add, change, pause and delete them, replace their secrets."""

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.models import AskedOnce
from reviewqueue.common import clock
from reviewqueue.common.errors import NotAllowed, NotThere, Place
from reviewqueue.delivery import actions
from reviewqueue.delivery.models import Webhook
from reviewqueue.delivery.queries import Waiting, waiting_for, webhooks_visible_to
from reviewqueue.delivery.rules import EVENTS, SETTLED, SUPERSEDED
from reviewqueue.intake.models import Source
from reviewqueue.intake.queries import sources_visible_to

from .fields import Fields
from .pages import PAGING, page, query_of
from .resource import Resource
from .schema import described
from .shapes import PAGE_PARAMETERS
from .shapes.webhooks import DISABLED, FAILING, HEALTHY, PAUSED


class WebhookResource(Resource):
    """What has to do with webhooks: for administrators and keys with the scope `admin`."""

    scopes: ClassVar = dict.fromkeys(("GET", "POST", "PATCH", "DELETE"), "admin")

    def administrator(self, request: Request) -> Viewer:
        """Return who asks. Raises NotAllowed for keys of one source, and for persons who do not administer."""
        viewer = self.viewer(request)
        if viewer.source_slug:
            raise NotAllowed("A key bound to one source keeps no webhooks.")
        if viewer.user:
            viewer.require("administer")
        return viewer

    def webhook(self, request: Request, webhook_id: UUID) -> Webhook:
        """Return a webhook. Raises NotThere."""
        found = webhooks_visible_to(self.administrator(request)).filter(pk=webhook_id).first()
        if found is None:
            raise NotThere
        return found


class Webhooks(WebhookResource):
    """All webhooks of the workspace."""

    @described(
        "List webhooks",
        name="list_webhooks",
        answers={200: "WebhookPage"},
        parameters=PAGE_PARAMETERS,
        about="Newest first, each with how it is and what waits for it.",
    )
    def get(self, request: Request) -> Response:
        """List the webhooks."""
        query = query_of(request, PAGING)
        found = page(webhooks_visible_to(self.administrator(request)), request, query, lambda one: one)
        waiting = waiting_for(found["results"])
        return Response({**found, "results": [_webhook(one, waiting[one.pk]) for one in found["results"]]})

    @described(
        "Add a webhook",
        name="add_webhook",
        body="NewWebhook",
        answers={201: "MadeWebhook"},
        problems=[422],
        about="The secret that messages are signed with is in this answer alone. Without `events` it is told of "
        "outcomes.",
    )
    def post(self, request: Request) -> Response:
        """Add a webhook."""
        viewer = self.administrator(request)
        fields = Fields(request, frozenset({"url", "events", "source"}))
        url, events = fields.text("url", 2000, required=True), _events(fields) or [SETTLED, SUPERSEDED]
        source = _source(viewer, fields)
        fields.done()
        made = actions.add_webhook(
            workspace_id=viewer.workspace_id,
            url=url,
            events=events,
            source=source,
            by=viewer.user,
            actor=viewer.actor,
            now=clock.now(),
        )
        answer = Response({**_webhook(made, Waiting()), "secret": made.secret}, status=201)
        answer.made_id = made.pk  # type: ignore[attr-defined]
        return answer

    def again(self, request: Request, known: AskedOnce) -> Response:
        """Return the webhook that was added, without its secret."""
        made = webhooks_visible_to(self.administrator(request)).get(pk=str(known.made_id))
        return Response({**_shown(made), "secret": None}, status=201)


class OneWebhook(WebhookResource):
    """One webhook."""

    @described("Read a webhook", name="get_webhook", answers={200: "Webhook"}, problems=[404])
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """Return a webhook, how it is and what waits for it."""
        query_of(request, ())
        return Response(_shown(self.webhook(request, webhook_id)))

    @described(
        "Change a webhook",
        name="change_webhook",
        body="WebhookChange",
        answers={200: "Webhook"},
        problems=[404, 409, 422],
        about="`paused: true` sends nothing and lets messages wait; `paused: false` sends what waited.",
    )
    def patch(self, request: Request, webhook_id: UUID) -> Response:
        """Change what is named."""
        found, viewer = self.webhook(request, webhook_id), self.viewer(request)
        fields = Fields(request, frozenset({"url", "events", "source", "paused"}))
        url = fields.text("url", 2000, required=True) if "url" in fields.value else found.url
        events = _events(fields) if "events" in fields.value else found.events
        source = _source(viewer, fields) if "source" in fields.value else found.source
        paused = fields.flag("paused", found.paused_at is not None)
        fields.done()
        now = clock.now()
        if fields.value.keys() & {"url", "events", "source"}:
            actions.change_webhook(webhook=found, url=url, events=events, source=source, actor=viewer.actor, now=now)
        if paused and not found.paused_at:
            actions.pause_webhook(webhook=found, by=viewer.user, actor=viewer.actor, now=now)
        elif not paused and found.paused_at:
            actions.resume_webhook(webhook=found, actor=viewer.actor, now=now)
        return Response(_shown(self.webhook(request, webhook_id)))

    @described(
        "Delete a webhook",
        name="delete_webhook",
        answers={204: None},
        problems=[404, 409],
        about="Nothing is sent there any more, what waits is given up, the log stays.",
    )
    def delete(self, request: Request, webhook_id: UUID) -> Response:
        """Disable it for good."""
        found, viewer = self.webhook(request, webhook_id), self.viewer(request)
        actions.delete_webhook(webhook=found, by=viewer.user, actor=viewer.actor, now=clock.now())
        return Response(status=204)


class WebhookRotation(WebhookResource):
    """A new secret."""

    @described(
        "Replace a webhook's secret",
        name="rotate_webhook_secret",
        body="Rotation",
        answers={201: "NewSecret"},
        problems=[404, 409, 422],
        about="Until the overlap is over (24 hours unless you say otherwise) messages carry two signatures, the new "
        "one first. The new secret is in this answer alone.",
    )
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Make a new secret."""
        found, viewer = self.webhook(request, webhook_id), self.viewer(request)
        fields = Fields(request, frozenset({"overlap_seconds"}))
        given = "overlap_seconds" in fields.value
        overlap = timedelta(seconds=fields.number("overlap_seconds")) if given else actions.OVERLAP
        fields.done()
        secret = actions.rotate_secret(webhook=found, overlap=overlap, actor=viewer.actor, now=clock.now())
        answer = Response({"secret": secret, "old_secret_ends_at": found.old_secret_ends_at}, status=201)
        answer.made_id = found.pk  # type: ignore[attr-defined]
        return answer

    def again(self, request: Request, known: AskedOnce) -> Response:
        """Return when the old secret ends, without the new one."""
        found = webhooks_visible_to(self.administrator(request)).get(pk=str(known.made_id))
        return Response({"secret": None, "old_secret_ends_at": found.old_secret_ends_at}, status=201)


def _events(fields: Fields) -> list[str]:
    events = fields.texts("events", len(EVENTS))
    for number, one in enumerate(events):
        if one not in EVENTS:
            fields.places.append(Place(f"#/events/{number}", f"One of {', '.join(EVENTS)} is required."))
    if "events" in fields.value and not events and not fields.places:
        fields.places.append(Place("#/events", "At least one event is required."))
    return events


def _source(viewer: Viewer, fields: Fields) -> Source | None:
    slug = fields.text("source", 50)
    found = sources_visible_to(viewer).filter(slug=slug).first() if slug else None
    if slug and found is None:
        fields.places.append(Place("#/source", "There is no source of this name."))
    return found


def _shown(webhook: Webhook) -> dict[str, Any]:
    return _webhook(webhook, waiting_for([webhook])[webhook.pk])


def _webhook(webhook: Webhook, waiting: Waiting) -> dict[str, Any]:
    return {
        "id": webhook.pk,
        "url": webhook.url,
        "events": webhook.events,
        "source": webhook.source.slug if webhook.source else None,
        "state": _state(webhook),
        "failures": webhook.failures,
        "failing_since": webhook.opened_at,
        "waiting": waiting.count,
        "oldest_waiting_at": waiting.oldest_at,
        "created_at": webhook.created_at,
        "paused_at": webhook.paused_at,
        "disabled_at": webhook.disabled_at,
        "disabled_because": webhook.disabled_because or None,
        "rotated_at": webhook.rotated_at,
        "old_secret_ends_at": webhook.old_secret_ends_at,
    }


def _state(webhook: Webhook) -> str:
    if webhook.disabled_at:
        return DISABLED
    if webhook.paused_at:
        return PAUSED
    return FAILING if webhook.failures else HEALTHY
