"""Addresses of the API, below /api/v1/."""

from django.urls import path

from .appeals import ItemAppeals
from .assignments import AssignmentEscalation, AssignmentReturn, AssignmentReview, OneAssignment
from .batches import ItemBatch
from .claims import Claims, QueueClaims
from .corrections import Corrections
from .datasets import Datasets, OneRelease, ReleaseFile, Releases
from .deliveries import WebhookDeliveries, WebhookReplays, WebhookTest
from .duty import OnDuty
from .follow_ups import FollowUpDone, FollowUps
from .items import Items, OneItem
from .outcomes import ItemOutcome
from .reading import docs
from .schema import openapi
from .signals import ItemSignals
from .sources import OneSource, SourceDeclaration, Sources
from .stops import OneStop, Stops
from .webhooks import OneWebhook, WebhookRotation, Webhooks
from .withdrawals import ItemWithdrawal

_TURN = "assignments/<uuid:assignment_id>"
_WEBHOOK = "webhooks/<uuid:webhook_id>"
_RELEASES = "datasets/<slug:slug>/releases"

urlpatterns = [
    path("items", Items.as_view(), name="api-items"),
    path("items/batch", ItemBatch.as_view(), name="api-item-batch"),
    path("items/<uuid:item_id>", OneItem.as_view(), name="api-item"),
    path("items/<uuid:item_id>/outcome", ItemOutcome.as_view(), name="api-item-outcome"),
    path("items/<uuid:item_id>/signals", ItemSignals.as_view(), name="api-item-signals"),
    path("items/<uuid:item_id>/appeals", ItemAppeals.as_view(), name="api-item-appeals"),
    path("items/<uuid:item_id>/withdrawal", ItemWithdrawal.as_view(), name="api-item-withdrawal"),
    path("claims", Claims.as_view(), name="api-claims"),
    path("queues/<slug:slug>/claims", QueueClaims.as_view(), name="api-queue-claims"),
    path(_TURN, OneAssignment.as_view(), name="api-assignment"),
    path(f"{_TURN}/review", AssignmentReview.as_view(), name="api-assignment-review"),
    path(f"{_TURN}/return", AssignmentReturn.as_view(), name="api-assignment-return"),
    path(f"{_TURN}/escalation", AssignmentEscalation.as_view(), name="api-assignment-escalation"),
    path("duty", OnDuty.as_view(), name="api-duty"),
    path("corrections", Corrections.as_view(), name="api-corrections"),
    path("follow-ups", FollowUps.as_view(), name="api-follow-ups"),
    path("follow-ups/<uuid:follow_up_id>/done", FollowUpDone.as_view(), name="api-follow-up-done"),
    path("datasets", Datasets.as_view(), name="api-datasets"),
    path(_RELEASES, Releases.as_view(), name="api-releases"),
    path(f"{_RELEASES}/<int:version>", OneRelease.as_view(), name="api-release"),
    path(f"{_RELEASES}/<int:version>/files/<str:name>", ReleaseFile.as_view(), name="api-release-file"),
    path("sources", Sources.as_view(), name="api-sources"),
    path("sources/<slug:slug>", OneSource.as_view(), name="api-source"),
    path("sources/<slug:slug>/declaration", SourceDeclaration.as_view(), name="api-source-declaration"),
    path("stops", Stops.as_view(), name="api-stops"),
    path("stops/<uuid:stop_id>", OneStop.as_view(), name="api-stop"),
    path("webhooks", Webhooks.as_view(), name="api-webhooks"),
    path(_WEBHOOK, OneWebhook.as_view(), name="api-webhook"),
    path(f"{_WEBHOOK}/rotation", WebhookRotation.as_view(), name="api-webhook-rotation"),
    path(f"{_WEBHOOK}/test", WebhookTest.as_view(), name="api-webhook-test"),
    path(f"{_WEBHOOK}/deliveries", WebhookDeliveries.as_view(), name="api-webhook-deliveries"),
    path(f"{_WEBHOOK}/replays", WebhookReplays.as_view(), name="api-webhook-replays"),
    path("openapi.json", openapi, name="api-openapi"),
    path("docs", docs, name="api-docs"),
]
