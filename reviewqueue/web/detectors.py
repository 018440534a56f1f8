"""Detectors of a source: switched on and off, with who and when, and tried on its last items first."""

import logging
import time
from collections.abc import Iterator
from typing import Any

import orjson
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from reviewqueue import detectors
from reviewqueue.common.clock import now
from reviewqueue.common.errors import NotThere
from reviewqueue.detectors import Found
from reviewqueue.intake.models import Item, Source
from reviewqueue.intake.queries import sources_visible_to
from reviewqueue.triage.actions import switch_detector
from reviewqueue.triage.detector_words import about_detector, detector_words, finding_words
from reviewqueue.triage.models import DetectorSetting
from reviewqueue.triage.queries import settings_of

from .access import member_page
from .context import MemberRequest
from .workbench.showing import item_address

log = logging.getLogger(__name__)

#: A trial looks at so many of the newest items, and for so long at most.
TRIED, SECONDS = 200, 2.0


def detectors_of(found: Source) -> dict[str, Any]:
    """Return what a source's page shows of its detectors: each with since when it is on, and what was switched."""
    history = settings_of(found)
    on = {one.detector: one for one in history if one.ended_at is None}
    names = [*detectors.known(), *(one for one in on if one not in detectors.known())]
    return {
        "detectors": [_row(name, on.get(name)) for name in names],
        "switched": [{"setting": one, "words": detector_words(one.detector)} for one in history if one.ended_at],
    }


def _row(name: str, setting: DetectorSetting | None) -> dict[str, Any]:
    return {
        "name": name,
        "words": detector_words(name),
        "about": about_detector(name),
        "setting": setting,
        "may_try": name in detectors.looking(),
    }


@require_POST
@member_page("administer", "lead")
def source_detector(request: MemberRequest, slug: str) -> HttpResponse:
    """Switch a detector on or off for what a source sends from now on."""
    found = _source(request, slug)
    name, on = request.POST.get("detector", ""), request.POST.get("on") == "1"
    switch_detector(source=found, detector=name, on=on, by=request.user, actor=request.viewer.actor, now=now())
    words = _("“%(detector)s” looks at every item that comes from now on.") if on else _("“%(detector)s” is off.")
    messages.success(request, words % {"detector": detector_words(name)})
    return redirect("settings_source", found.slug)


@require_GET
@never_cache
@member_page("administer", "lead")
def source_detector_try(request: MemberRequest, slug: str, name: str) -> HttpResponse:
    """Show what a detector would have found in the source's last items."""
    found = _source(request, slug)
    if name not in detectors.looking():
        raise NotThere
    seen = list(_tried(found, name))
    rows = [
        {"item": item, "url": item_address(item.pk, request.viewer), "words": finding_words({name: one.as_fact()})}
        for item, one in seen
        if one.score
    ]
    context = {
        "section": "sources",
        "source": found,
        "name": name,
        "words": detector_words(name),
        "looked": len(seen),
        "rows": rows,
    }
    return render(request, "settings/detector.html", context)


def _tried(found: Source, name: str) -> Iterator[tuple[Item, Found]]:
    """Yield the newest items with what is found in each, until the time is up."""
    looks, ends = detectors.looking()[name], time.monotonic() + SECONDS
    for item in Item.objects.filter(source=found).select_related("content").order_by("-pk")[:TRIED]:
        if time.monotonic() > ends:
            return
        if item.content.redacted_at:
            continue
        try:
            yield item, looks(detectors.given_in(orjson.loads(item.content.body)))
        except Exception:
            log.exception("a detector failed", extra={"detector": name, "item": str(item.pk)})


def _source(request: MemberRequest, slug: str) -> Source:
    found = sources_visible_to(request.viewer).filter(slug=slug).first()
    if found is None:
        raise NotThere
    return found
