"""The door of every page: signed in, allowed, and errors of the product shown as pages."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import DataError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import defaults

from reviewqueue.common.errors import NotAllowed, NotThere, ProductError

View = Callable[..., HttpResponse]
log = logging.getLogger(__name__)


def member_page(*capabilities: str) -> Callable[[View], View]:
    """Let members in who have one of ``capabilities`` (all members when none is named).

    A ProductError that a verb raises becomes the page that says what happened; views catch what they say better.
    """

    def wrap(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _sign_in_first(request)
            try:
                _require(request, capabilities)
                return view(request, *args, **kwargs)
            except ProductError as error:
                return _error_page(request, error)
            except OperationalError:
                log.exception("the database was not reached")
                return not_ready()
            except DataError:
                if not _holds_nul(request):
                    raise
                return defaults.bad_request(request, Exception())

        return wrapped

    return wrap


def _holds_nul(request: HttpRequest) -> bool:
    """Return whether U+0000 was sent, which no person types and PostgreSQL cannot look for."""
    return any(
        "\x00" in value for sent in (request.GET, request.POST) for _name, all in sent.lists() for value in all
    )


def way_back(request: HttpRequest, instead: str) -> str:
    """Return where the person wanted to go (``next``), if that is a page of the product, else ``instead``."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    inside = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if inside else instead


def not_ready() -> HttpResponse:
    """Answer that the database cannot be reached now; needs none itself."""
    return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "10"})


def _require(request: HttpRequest, capabilities: tuple[str, ...]) -> None:
    viewer = request.viewer  # type: ignore[attr-defined]
    if viewer is None or (capabilities and not any(viewer.may(one) for one in capabilities)):
        raise NotAllowed


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    """Send a person to the sign-in page; a script is told, so that it can keep what was typed."""
    if is_script(request):
        return HttpResponse(status=401)
    back = request.get_full_path() if request.method == "GET" else "/"
    return redirect_to_login(back, settings.LOGIN_URL)


def is_script(request: HttpRequest) -> bool:
    """Return whether a script of the page asks, and not the person's browser itself."""
    return bool(request.htmx) or request.headers.get("Sec-Fetch-Mode") in {"cors", "same-origin"}  # type: ignore[attr-defined]


def _error_page(request: HttpRequest, error: ProductError) -> HttpResponse:
    if isinstance(error, NotThere):
        return render(request, "404.html", status=404)
    if isinstance(error, NotAllowed):
        return render(request, "403.html", status=403)
    return render(request, "errors/refused.html", {"detail": error.detail}, status=error.status)
