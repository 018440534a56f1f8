"""Limits: how much each program and each source may send, beside what they send now."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from reviewqueue.accounts.actions import limit_key
from reviewqueue.accounts.queries import keys_visible_to, use_last_minute
from reviewqueue.common.clock import now as clock_now
from reviewqueue.common.errors import Invalid, ProductError
from reviewqueue.common.quotas import MINUTE
from reviewqueue.intake.actions import limit_source
from reviewqueue.intake.queries import loads_of, sources_visible_to

from .access import member_page
from .context import MemberRequest
from .words import number


@require_GET
@never_cache
@member_page("administer")
def limits(request: MemberRequest) -> HttpResponse:
    """Show every key and source with its limits and what it sends now."""
    return _page(request)


def _page(request: MemberRequest, error: ProductError | None = None) -> HttpResponse:
    viewer = request.viewer
    minute = int(clock_now().timestamp() // MINUTE)
    used = use_last_minute(workspace_id=viewer.workspace_id, minute=minute)
    loads = loads_of(viewer.workspace_id)
    keys = keys_visible_to(viewer).filter(revoked_at=None)
    sources = sources_visible_to(viewer).order_by("slug")
    context = {
        "section": "limits",
        "may_administer": True,
        "error": error.detail if error else "",
        "keys": [{"key": one, "used": number(used.get(one.pk, 0))} for one in keys],
        "sources": [_source(one, used, loads) for one in sources],
        "usual": {
            "requests": _usual(settings.KEY_REQUESTS_PER_MINUTE),
            "items": _usual(settings.SOURCE_ITEMS_PER_MINUTE),
            "open": _usual(settings.SOURCE_OPEN_ITEMS),
        },
    }
    return render(request, "settings/limits.html", context, status=error.status if error else 200)


def _source(source: Any, used: dict[UUID, int], loads: dict[UUID, Any]) -> dict[str, Any]:
    load = loads.get(source.pk)
    most = source.open_items_most or settings.SOURCE_OPEN_ITEMS
    waiting = load.open_items if load else 0
    return {
        "source": source,
        "used": number(used.get(source.pk, 0)),
        "open": number(waiting),
        "full": bool(most) and waiting >= most,
    }


def _usual(limit: int) -> str:
    return number(limit) if limit else _("no limit")


@require_POST
@member_page("administer")
def key_limit(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Set how many requests a minute a key may send."""
    found = get_object_or_404(keys_visible_to(request.viewer), pk=pk)
    try:
        requests = _number(request, "requests_per_minute")
        limit_key(api_key=found, requests_per_minute=requests, by=request.viewer.actor, now=clock_now())
    except Invalid as error:
        return _page(request, error)
    return _saved(request, found.name)


@require_POST
@member_page("administer")
def source_limit(request: MemberRequest, slug: str) -> HttpResponse:
    """Set how many items a minute a source may send, and how many may be open."""
    found = get_object_or_404(sources_visible_to(request.viewer), slug=slug)
    try:
        limit_source(
            source=found,
            items_per_minute=_number(request, "items_per_minute"),
            open_items_most=_number(request, "open_items_most"),
            by=request.viewer.actor,
            now=clock_now(),
        )
    except Invalid as error:
        return _page(request, error)
    return _saved(request, found.name)


def _saved(request: MemberRequest, name: str) -> HttpResponse:
    messages.success(request, _("The limits of %(name)s hold within a few seconds.") % {"name": name})
    return redirect("settings_limits")


def _number(request: MemberRequest, name: str) -> int | None:
    """Return a whole number, None for an empty field. Raises Invalid."""
    typed = request.POST.get(name, "").strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) < 12):
        raise Invalid(_("A limit is a whole number; leave the field empty for the usual one."))
    return int(typed)
