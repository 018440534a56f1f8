"""Changing one's own password."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from reviewqueue.accounts.actions import change_password
from reviewqueue.common.clock import now
from reviewqueue.common.errors import Invalid

from .access import member_page
from .context import MemberRequest


@sensitive_post_parameters("current", "new")
@never_cache
@require_http_methods(["GET", "POST"])
@member_page()
def password(request: MemberRequest) -> HttpResponse:
    """Show the form; change the password and stay signed in here. Other sessions of the person end."""
    if request.method == "GET":
        return render(request, "password/password.html", {"faults": {}})
    user = request.membership.user
    try:
        change_password(
            user=user, current=request.POST.get("current", ""), new=request.POST.get("new", ""), now=now()
        )
    except Invalid as error:
        faults = {place.pointer.removeprefix("#/"): place.detail for place in error.places}
        return render(request, "password/password.html", {"faults": faults}, status=error.status)
    update_session_auth_hash(request, user)
    messages.success(request, _("Your password is changed. Everywhere else you are signed out."))
    return redirect("home")
