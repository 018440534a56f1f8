"""``GET /metrics`` in Prometheus' text format: for a program on this machine, one with the token, or with a key."""

from collections.abc import Iterable
from hmac import compare_digest
from ipaddress import ip_address
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.queries import viewer_with_key
from reviewqueue.common.clock import now
from reviewqueue.metrics.queries.operating import Gauge, gauges

FORMAT = "text/plain; version=0.0.4; charset=utf-8"
SCOPES = {"metrics:read", "admin"}
#: A request with one of these came by a proxy: the address it seems to come from is the proxy's.
_PASSED_ON = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
)


@require_GET
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with the numbers of all workspaces, or of a key's own; 401 for everybody else."""
    whose = _allowed(request)
    if whose is None:
        refusal = HttpResponse("A key with the scope metrics:read or admin is required.\n", FORMAT, 401)
        refusal.headers["WWW-Authenticate"] = "Bearer"
        return refusal
    return HttpResponse(written(gauges(now=now(), workspace_id=whose[0])), FORMAT)


def _allowed(request: HttpRequest) -> tuple[UUID | None] | None:
    """Return (the one workspace, or None for all) that the caller may see; None when it is nothing."""
    scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme:
        return _with_secret(secret.strip()) if scheme.lower() == "bearer" and secret.isascii() else None
    return (None,) if not settings.METRICS_TOKEN and _is_here(request) else None


def _with_secret(secret: str) -> tuple[UUID | None] | None:
    if settings.METRICS_TOKEN and compare_digest(secret.encode(), settings.METRICS_TOKEN.encode()):
        return (None,)
    viewer = viewer_with_key(secret)
    return (viewer.workspace_id,) if viewer and _may(viewer) else None


def _may(viewer: Viewer) -> bool:
    """Return whether a key may see its workspace's numbers; one that acts as a person only as far as that person."""
    if viewer.source_slug or not viewer.scopes & SCOPES:
        return False
    return viewer.user is None or viewer.may("administer") or viewer.may("see_quality")


def _is_here(request: HttpRequest) -> bool:
    """Return whether a request comes from this machine, and no proxy has passed it on."""
    if settings.SECURE_PROXY_SSL_HEADER or any(name in request.META for name in _PASSED_ON):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def written(some: Iterable[Gauge]) -> str:
    """Return gauges as Prometheus reads them."""
    return "".join(line + "\n" for gauge in some for line in _lines(gauge))


def _lines(gauge: Gauge) -> list[str]:
    lines = [f"# HELP {gauge.name} {gauge.about}", f"# TYPE {gauge.name} gauge"]
    for values, number in gauge.values:
        named = ",".join(f'{name}="{_escaped(value)}"' for name, value in zip(gauge.labels, values, strict=True))
        lines.append(f"{gauge.name}{{{named}}} {number:.15g}")
    return lines


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
