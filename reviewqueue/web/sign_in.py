"""Signing in and out, where one lands, and how one wants to be spoken to."""

from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from reviewqueue.accounts.access import Viewer
from reviewqueue.accounts.actions import THROTTLE_WINDOW, TooManyTries, WrongPassword, check_password, prefer
from reviewqueue.accounts.models import User
from reviewqueue.accounts.queries import only_workspace
from reviewqueue.assignment.actions import be_gone, leave_duty
from reviewqueue.assignment.models import Duty
from reviewqueue.common.clock import now

from .access import member_page, way_back
from .context import THEMES, MemberRequest

YEAR = 365 * 24 * 3600


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show the form; sign in with an e-mail address and a password, slowed down after repeated failures."""
    if request.user.is_authenticated:
        return redirect(way_back(request, reverse("home")))
    if request.method == "GET":
        return _form(request, {"email": "", "error": "", "wait": 0}, 200)
    email = request.POST.get("email", "")[:254]
    try:
        user = check_password(
            email=email, password=request.POST.get("password", ""), address=request.META.get("REMOTE_ADDR"), now=now()
        )
    except WrongPassword as error:
        words = _("This e-mail address and password do not belong together.")
        return _form(request, {"email": email, "error": words, "wait": 0}, error.status)
    except TooManyTries as error:
        words = _("Too many wrong passwords.")
        return _form(request, {"email": email, "error": words, "wait": THROTTLE_WINDOW}, error.status)
    login(request, user)
    _learn(request, user)
    return redirect(way_back(request, reverse("home")))


def _form(request: HttpRequest, form: dict, status: int) -> HttpResponse:
    workspace = only_workspace()
    context = {
        "form": form,
        "next": way_back(request, reverse("home")),
        "workspace": workspace.name if workspace else "",
    }
    return render(request, "sign_in/sign_in.html", context, status=status)


def _learn(request: HttpRequest, user: User) -> None:
    """Keep the language chosen on this page and the browser's time zone."""
    language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    zone = request.POST.get("time_zone", "")
    prefer(
        user=user,
        language=language if language in dict(settings.LANGUAGES) else user.language,
        time_zone=zone if zone in available_timezones() else user.time_zone,
    )


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session, and with it being here: what was dealt goes to others."""
    membership = getattr(request, "membership", None)
    if membership:
        leave_duty(membership=membership, reason=Duty.End.SIGNED_OUT, now=now())
        be_gone(membership=membership)
    logout(request)
    return redirect("sign_in")


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Keep a theme or a language: the theme with this browser, the language with the person."""
    response = redirect(way_back(request, reverse("home")))
    theme, language = request.POST.get("theme"), request.POST.get("language")
    if theme in THEMES:
        _remember(response, "theme", theme)
    elif theme:
        response.delete_cookie("theme")
    if language in dict(settings.LANGUAGES):
        _remember(response, settings.LANGUAGE_COOKIE_NAME, language)
        if isinstance(request.user, User):
            prefer(user=request.user, language=language, time_zone=request.user.time_zone)
    return response


def _remember(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=YEAR, samesite="Lax", httponly=True, secure=settings.SESSION_COOKIE_SECURE
    )


@member_page()
def home(request: MemberRequest) -> HttpResponse:
    """Go where this person's work begins."""
    return redirect(_first_screen(request.viewer))


def _first_screen(viewer: Viewer) -> str:
    if viewer.may("see_queues"):
        return "board"
    return "my_queue" if viewer.may("review") else "datasets"
