"""Errors as RFC 9457 problem details: a stable type, a title, and the place of each fault."""

import logging
from typing import Any

from django.core.exceptions import DisallowedHost, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from reviewqueue.common.errors import Malformed, NotThere, ProductError

RETRY_AFTER = "5"

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPE = "https://reviewqueue.dev/problems/"
_TITLES = {
    400: ("malformed", "The request could not be read."),
    401: ("no-key", "A valid API key is required."),
    403: ("not-allowed", "This key does not allow that."),
    404: ("not-there", "There is nothing at this address, or it is not yours to see."),
    405: ("method-not-allowed", "This address does not answer that method."),
    406: ("not-acceptable", "Only application/json can be given."),
    413: ("too-large", "The body is larger than allowed."),
    415: ("wrong-type", "The body must be application/json."),
    429: ("too-many", "Too many requests."),
}


def problem(status: int, slug: str, title: str, detail: str, places=()) -> dict[str, Any]:
    """Return the body of a problem."""
    body: dict[str, Any] = {"type": TYPE + slug, "title": title, "status": status, "detail": detail}
    if places:
        body["errors"] = [{"pointer": place.pointer, "detail": place.detail} for place in places]
    return body


def of_error(error: ProductError) -> dict[str, Any]:
    """Return the body for one of the product's own errors."""
    return problem(error.status, error.slug, error.title(), error.detail, error.places)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an error that a view raised; faults of ours go on to Django and become a plain 500."""
    if isinstance(error, Http404):
        error = NotThere()
    if isinstance(error, SuspiciousOperation):
        error = Malformed()
    if isinstance(error, OperationalError | InterfaceError):
        return _unavailable(error)
    if isinstance(error, ProductError):
        set_rollback()
        headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
        return Response(of_error(error), status=error.status, content_type=MEDIA_TYPE, headers=headers)
    if isinstance(error, exceptions.APIException):
        set_rollback()
        return _of_framework(error)
    return None


def _of_framework(error: exceptions.APIException) -> Response:
    slug, title = _TITLES.get(error.status_code, ("error", "The request failed."))
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    body = problem(error.status_code, slug, title, str(error.detail))
    return Response(body, status=error.status_code, content_type=MEDIA_TYPE, headers=headers)


def _unavailable(error: Exception) -> Response:
    """Say that it is our state, not the client's request: what was not answered with 2xx was not stored."""
    log.error("database not reachable: %s", type(error.__cause__ or error).__name__)
    body = problem(503, "unavailable", "The database cannot be reached.", "Please send the request again.")
    return Response(body, status=503, content_type=MEDIA_TYPE, headers={"Retry-After": RETRY_AFTER})


def not_found(request: HttpRequest) -> JsonResponse:
    """Answer an API address that is not there."""
    return JsonResponse(of_error(NotThere()), status=404, content_type=MEDIA_TYPE)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django refuses before any view, such as a host that is not ours."""
    if not request.path_info.startswith("/api/"):
        return defaults.bad_request(request, exception)
    detail = "This host is not in ALLOWED_HOSTS." if isinstance(exception, DisallowedHost) else ""
    return JsonResponse(of_error(Malformed(detail)), status=400, content_type=MEDIA_TYPE)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for a fault of ours: programs get a problem document, people a page."""
    if not request.path_info.startswith("/api/"):
        return defaults.server_error(request)
    body = problem(
        500, "our-fault", "Something went wrong on our side.", "It has been logged; please try again later."
    )
    return JsonResponse(body, status=500, content_type=MEDIA_TYPE)
