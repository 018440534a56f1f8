"""Addresses of the API, below /api/v1/."""

from django.urls import path

from .appeals import ItemAppeals
from .assignments import AssignmentEscalation, AssignmentReturn, AssignmentReview, OneAssignment
from .claims import Claims, QueueClaims
from .corrections import Corrections
from .datasets import Datasets, OneRelease, ReleaseFile, Releases
from .items import ItemBatch, Items, OneItem
from .outcomes import ItemOutcome
from .reading import docs
from .schema import openapi
from .signals import ItemSignals
from .withdrawals import ItemWithdrawal

_TURN = "assignments/<uuid:assignment_id>"
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
    path("corrections", Corrections.as_view(), name="api-corrections"),
    path("datasets", Datasets.as_view(), name="api-datasets"),
    path(_RELEASES, Releases.as_view(), name="api-releases"),
    path(f"{_RELEASES}/<int:version>", OneRelease.as_view(), name="api-release"),
    path(f"{_RELEASES}/<int:version>/files/<str:name>", ReleaseFile.as_view(), name="api-release-file"),
    path("openapi.json", openapi, name="api-openapi"),
    path("docs", docs, name="api-docs"),
]
