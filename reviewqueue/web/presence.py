"""Presence: an open page says that its person is here, and hears of what was dealt to them meanwhile."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from reviewqueue.assignment.hands import dealt_unseen

from .access import member_page
from .context import MemberRequest


@require_POST
@never_cache
@member_page()
def presence_beat(request: MemberRequest) -> HttpResponse:
    """Answer an open page with what was dealt, when that changed; the request itself says that its person is here."""
    dealt = dealt_unseen(request.viewer)
    if request.POST.get("known", "") == str(dealt or ""):
        return HttpResponse(status=204)
    return render(request, "presence/dealt.html", {"dealt": dealt})
