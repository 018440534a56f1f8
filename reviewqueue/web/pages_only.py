"""Middleware that only pages need: programs send a key with every request, so sessions, languages, CSRF tokens and
messages would only cost them time. Used in settings.MIDDLEWARE by the names at the end.
"""

from collections.abc import Callable
from typing import Any

from csp.middleware import CSPMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.locale import LocaleMiddleware
from django_htmx.middleware import HtmxMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]

GetResponse = Callable[[HttpRequest], HttpResponse]
_FOR_PEOPLE = "/api/v1/docs"


def is_for_programs(request: HttpRequest) -> bool:
    """Return whether a request is for the API; its documentation is a page."""
    return request.path_info.startswith("/api/") and request.path_info != _FOR_PEOPLE


def pages_only(middleware: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a middleware that lets the API's requests go by."""

    def factory(get_response: GetResponse) -> GetResponse:
        inner = middleware(get_response)

        def step(request: HttpRequest) -> HttpResponse:
            return get_response(request) if is_for_programs(request) else inner(request)

        for hook in ("process_view", "process_exception", "process_template_response"):
            if hasattr(inner, hook):
                setattr(step, hook, _let_by(getattr(inner, hook)))
        return step

    return factory


def _let_by(hook: Callable[..., Any]) -> Callable[..., Any]:
    def step(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return None if is_for_programs(request) else hook(request, *args, **kwargs)

    return step


static_files = pages_only(WhiteNoiseMiddleware)
content_security_policy = pages_only(CSPMiddleware)
sessions = pages_only(SessionMiddleware)
languages = pages_only(LocaleMiddleware)
forgery = pages_only(CsrfViewMiddleware)
sign_in = pages_only(AuthenticationMiddleware)
messages = pages_only(MessageMiddleware)
htmx = pages_only(HtmxMiddleware)
