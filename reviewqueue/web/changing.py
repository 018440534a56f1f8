"""Changing where items wait, one or thousands: what would change and what is in the way is shown first."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from reviewqueue import pipeline
from reviewqueue.accounts.access import Viewer
from reviewqueue.assignment.standing import Asked
from reviewqueue.common.clock import database_now
from reviewqueue.common.clock import now as clock_now
from reviewqueue.common.errors import Invalid
from reviewqueue.intake.models import Item
from reviewqueue.intake.queries import visible_to
from reviewqueue.metrics.queries.levers import who_could_help
from reviewqueue.pipeline.bulk import MOST, NEEDS_REASON, check_asked
from reviewqueue.pipeline.shifting import because_words
from reviewqueue.queues.queries import visible_to as queues_visible_to

from .access import member_page
from .change_words import NAMES, Verb, asked_of, did, would
from .context import MemberRequest
from .items import Filters, filtered
from .parameters import identifier, local_time, whole
from .words import number

SHOWN = 10
LONGEST_REASON = 2_000
#: By how much an item is raised or lowered when nothing else is said, in minutes.
USUAL_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Selection:
    """Which items: those named, or all that fit filters and came no later than ``newest``."""

    named: tuple[UUID, ...]
    filters: Filters | None
    newest: UUID | None

    @classmethod
    def of(cls, asked: QueryDict, viewer: Viewer) -> "Selection":
        """Read it; what comes after the first look at all that fit is not among them."""
        named = tuple(pk for pk in map(identifier, asked.getlist("item")) if pk)[:MOST]
        if "all" not in asked:
            return cls(named, None, None)
        newest = (
            identifier(asked.get("newest")) or visible_to(viewer).order_by("-pk").values_list("pk", flat=True).first()
        )
        return cls((), Filters.of(asked), newest)

    def items(self, viewer: Viewer) -> list[UUID]:
        """Return their ids, oldest first; one more than is allowed when they are too many."""
        if self.filters is None:
            found = visible_to(viewer).filter(pk__in=self.named)
        else:
            found = filtered(viewer, self.filters).filter(pk__lte=self.newest) if self.newest else Item.objects.none()
        return list(found.order_by("pk").values_list("pk", flat=True)[: MOST + 1])

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """The fields of a form that asks for the same items again."""
        if self.filters is None:
            return [("item", str(one)) for one in self.named]
        given = [("all", "1"), ("newest", str(self.newest or ""))]
        return given + [(name, value) for name, value in self.filters.given.items()]


@require_http_methods(["GET", "POST"])
@never_cache
@member_page("lead")
def items_change(request: MemberRequest) -> HttpResponse:
    """Show what a change would do to items; do it on POST."""
    given = request.POST if request.method == "POST" else request.GET
    selection, asked = Selection.of(given, request.viewer), _asked(request.viewer, given)
    item_ids = selection.items(request.viewer)
    if request.method == "GET":
        return _preview(request, selection, asked, item_ids)
    reason = given.get("reason", "").replace("\x00", "").strip()[:LONGEST_REASON]
    try:
        action = pipeline.begin_bulk(
            asked=asked, item_ids=item_ids, reason=reason, by=request.viewer, now=database_now()
        )
    except Invalid as error:
        return _preview(request, selection, asked, item_ids, error)
    if len(item_ids) > 1:
        return redirect("change", action.pk)
    step = action.steps.get()
    if step.refused:
        messages.error(request, because_words(step.refused))
    else:
        messages.success(request, did(asked_of(action), 1))
    return redirect("item", step.item_id)


def _asked(viewer: Viewer, given: Mapping[str, Any]) -> Asked:
    """Return what is asked for; a queue or a person of elsewhere is as if none were named."""
    verb = given.get("verb", "")
    queue = queues_visible_to(viewer).filter(slug=given.get("queue_to", "")).first()
    to = next((one for one in who_could_help(viewer) if str(one.user_id) == given.get("to")), None)
    return Asked(
        verb=verb if verb in Verb.values else Verb.RAISE,
        queue=queue if verb == Verb.MOVE else None,
        to=to.user if to and verb == Verb.REASSIGN else None,
        minutes=whole(given.get("minutes"), USUAL_MINUTES, most=10**6) if verb in ("", Verb.RAISE, Verb.LOWER) else 0,
        until=local_time(given.get("until")) if verb == Verb.HOLD else None,
    )


def _preview(
    request: MemberRequest, selection: Selection, asked: Asked, item_ids: list[UUID], error: Invalid | None = None
) -> HttpResponse:
    faults = error or _incomplete(asked, len(item_ids))
    found = Counter[str]() if faults and error is None else _foreseen(request, asked, item_ids)
    refused = [{"n": number(n), "why": because_words(why)} for why, n in found.most_common() if why]
    given = request.POST if request.method == "POST" else request.GET
    context = {
        "asked": asked,
        "names": [(verb, name()) for verb, name in NAMES.items()],
        "hidden": selection.hidden,
        "count": len(item_ids),
        "can": found[""],
        "would": would(asked, found[""]),
        "refused": refused,
        "first": visible_to(request.viewer).filter(pk__in=item_ids[:SHOWN]).order_by("pk"),
        "more": max(0, len(item_ids) - SHOWN),
        "queues": queues_visible_to(request.viewer),
        "people": who_could_help(request.viewer),
        "needs_reason": asked.verb in NEEDS_REASON,
        "reason": given.get("reason", ""),
        "until": given.get("until", ""),
        "missing": [one.detail for one in faults.places] if faults else [],
        "error": error.detail if error else "",
        "back": _back(selection),
    }
    return render(request, "changes/preview.html", context, status=error.status if error else 200)


def _incomplete(asked: Asked, count: int) -> Invalid | None:
    """Return what is missing of a request before anything can be foreseen; the reason may come last."""
    try:
        check_asked(asked=asked, count=count, reason="-", now=clock_now())
    except Invalid as error:
        return error
    return None


def _foreseen(request: MemberRequest, asked: Asked, item_ids: list[UUID]) -> Counter[str]:
    if _incomplete(asked, len(item_ids)):
        return Counter()
    return pipeline.foresee_bulk(asked=asked, item_ids=item_ids, by=request.viewer)


def _back(selection: Selection) -> str:
    if selection.filters is not None:
        return reverse("items", query=selection.filters.given)
    return reverse("item", args=selection.named) if len(selection.named) == 1 else reverse("items")
