"""Addresses: the API, the pages, the two health checks, and what an operator watches."""

from django.urls import include, path, re_path

from reviewqueue.api.problems import not_found
from reviewqueue.web.health import healthz, readyz
from reviewqueue.web.telemetry import metrics

handler400 = "reviewqueue.api.problems.bad_request"
handler500 = "reviewqueue.api.problems.server_error"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("api/v1/", include("reviewqueue.api.urls")),
    re_path("^api/", not_found),
    path("", include("reviewqueue.web.urls")),
]
