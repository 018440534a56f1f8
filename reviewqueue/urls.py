"""Addresses: the API, the pages, and the two health checks."""

from django.urls import include, path, re_path

from reviewqueue.api.problems import not_found
from reviewqueue.web.health import healthz, readyz

handler500 = "reviewqueue.api.problems.server_error"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("api/v1/", include("reviewqueue.api.urls")),
    re_path("^api/", not_found),
    path("", include("reviewqueue.web.urls")),
]
