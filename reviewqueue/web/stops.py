"""Stops: the brake for a source, a queue or everything, what it does before it is pulled, and letting work go on."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from reviewqueue import pipeline
from reviewqueue.common.clock import now
from reviewqueue.common.errors import ProductError
from reviewqueue.intake.models import Source
from reviewqueue.intake.queries import sources_visible_to
from reviewqueue.metrics.queries.stopping import MOST, covered, waits_for_the_end
from reviewqueue.queues.models import Queue, Stop
from reviewqueue.queues.queries import stops_of, stops_visible_to
from reviewqueue.queues.queries import visible_to as queues_visible_to
from reviewqueue.queues.rules import Running, stopped_words, why_words

from .access import member_page
from .context import MemberRequest

PAST = 50
LONGEST_NOTE = 2_000


@require_GET
@never_cache
@member_page("see_queues")
def stops(request: MemberRequest) -> HttpResponse:
    """Show what is stopped, what can be, and what was."""
    running = list(stops_visible_to(request.viewer).filter(ended_at=None))
    waits, now_stopped = waits_for_the_end(running), Running(running)
    context = {
        "running": [{"stop": one, "words": stopped_words(one), "waits": waits.get(one.pk, 0)} for one in running],
        "past": [
            {"stop": one, "what": what_words(one), "why": why_words(one.why)}
            for one in stops_visible_to(request.viewer).filter(ended_at__isnull=False)[:PAST]
        ],
        "sources": [
            one for one in sources_visible_to(request.viewer).order_by("name") if not now_stopped.of_source(one.slug)
        ],
        "queues": [one for one in queues_visible_to(request.viewer) if not now_stopped.of_queue(one.pk)],
        "may_stop_all": not now_stopped.of_all,
        "may_lead": request.viewer.may("lead"),
    }
    return render(request, "stops/stops.html", context)


def what_words(stop: Stop) -> str:
    """Return in short what a stop covers."""
    if stop.source_slug:
        return _("source %(name)s") % {"name": stop.source_slug}
    return _("queue %(name)s") % {"name": stop.queue.name} if stop.queue else _("everything")


# --- beginning ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _What:
    """What is to be stopped: a source, a queue, or with neither the whole workspace."""

    source: Source | None
    queue: Queue | None

    @property
    def back(self) -> str:
        """Where the person came from."""
        if self.source:
            return reverse("settings_source", args=[self.source.slug])
        return reverse("board_queue", args=[self.queue.slug]) if self.queue else reverse("stops")

    def running(self, workspace_id: UUID) -> Stop | None:
        """Return the stop of just this, if it is stopped already."""
        running = stops_of(workspace_id, anew=True)
        if self.source:
            return running.of_source(self.source.slug)
        return running.of_queue(self.queue.pk) if self.queue else running.of_all


@require_http_methods(["GET", "POST"])
@never_cache
@member_page("lead")
def stop_begin(request: MemberRequest) -> HttpResponse:
    """Show what stopping would do; do it on POST."""
    what = _what(request)
    if what.running(request.viewer.workspace_id):
        messages.info(request, _("This is stopped already."))
        return redirect("stops")
    why, note = request.POST.get("why", ""), _note(request)
    if request.method == "GET" or why not in Stop.Why.values:
        return _confirm(request, what, why, note)
    try:
        made = pipeline.stop(
            workspace=request.membership.workspace,
            source=what.source,
            queue=what.queue,
            why=Stop.Why(why),
            note=note,
            by=request.viewer.actor,
            person=request.user,
            now=now(),
        )
    except ProductError as error:
        messages.info(request, error.detail)
    else:
        words = _("%(what)s In two seconds nothing of it is handed out or passes any more.")
        messages.success(request, words % {"what": stopped_words(made)})
    return redirect("stops")


def _what(request: MemberRequest) -> _What:
    asked = request.POST if request.method == "POST" else request.GET
    source = queue = None
    if slug := asked.get("source", ""):
        source = get_object_or_404(sources_visible_to(request.viewer), slug=slug)
    elif slug := asked.get("queue", ""):
        queue = get_object_or_404(queues_visible_to(request.viewer), slug=slug)
    return _What(source, queue)


def _note(request: MemberRequest) -> str:
    return request.POST.get("note", "").replace("\x00", "").strip()[:LONGEST_NOTE]


def _confirm(request: MemberRequest, what: _What, why: str, note: str) -> HttpResponse:
    missing = request.method == "POST"
    context: dict[str, Any] = {
        "source": what.source,
        "queue": what.queue,
        "back": what.back,
        "covered": covered(viewer=request.viewer, source=what.source, queue=what.queue, now=now()),
        "many": MOST,
        "reasons": [{"value": one, "words": why_words(one)} for one in Stop.Why.values],
        "why": why,
        "note": note,
        "missing": missing,
    }
    return render(request, "stops/begin.html", context, status=422 if missing else 200)


# --- ending ---------------------------------------------------------------------------------------------------------


@require_POST
@member_page("lead")
def stop_end(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Let work go on."""
    found = get_object_or_404(stops_visible_to(request.viewer), pk=pk)
    try:
        pipeline.end_stop(stop=found, by=request.viewer.actor, person=request.user, now=now())
    except ProductError as error:
        messages.info(request, error.detail)
    else:
        words = _("Work goes on: %(what)s. What was held back comes to its place by itself.")
        messages.success(request, words % {"what": what_words(found)})
    return redirect("stops")
