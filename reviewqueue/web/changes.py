"""What leads changed about where items wait: each change with how far it is, what was in the way, and its undoing."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from reviewqueue import pipeline
from reviewqueue.assignment.models import BulkAction, BulkStep
from reviewqueue.assignment.queries import actions_visible_to
from reviewqueue.common.clock import database_now
from reviewqueue.common.errors import Conflict
from reviewqueue.pipeline.shifting import because_words

from .access import member_page
from .change_words import NAMES, Verb, asked_of, did
from .context import MemberRequest
from .words import number

NEWEST = 50
SHOWN = 20

_COUNTS: dict[str, Count] = {
    "items": Count("steps"),
    "done": Count("steps", filter=Q(steps__done_at__isnull=False)),
    "refused": Count("steps", filter=~Q(steps__refused="")),
    "undone": Count("steps", filter=Q(steps__undone_at__isnull=False)),
    "kept": Count("steps", filter=~Q(steps__undo_refused="")),
}


@require_GET
@never_cache
@member_page("lead")
def changes(request: MemberRequest) -> HttpResponse:
    """List what leads changed, newest first."""
    newest = actions_visible_to(request.viewer)[:NEWEST]
    counted = BulkAction.objects.filter(pk__in=[one.pk for one in newest]).annotate(**_COUNTS)
    counts = {one.pk: one for one in counted}
    rows = [_row(one, counts[one.pk]) for one in newest]
    return render(request, "changes/changes.html", {"rows": rows, "newest": NEWEST})


@require_GET
@never_cache
@member_page("lead")
def change(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Show one change: how far it is, what was in the way, and whether it can be taken back."""
    found = get_object_or_404(actions_visible_to(request.viewer), pk=pk)
    counted: Any = BulkAction.objects.annotate(**_COUNTS).get(pk=found.pk)
    taking_back = found.undo_asked_at is not None and found.undone_at is None
    context = {
        **_row(found, counted),
        "running": found.finished_at is None or taking_back,
        "taking_back": taking_back,
        "progress": counted.undone + counted.kept if taking_back else counted.done + counted.refused,
        "of": counted.done if taking_back else counted.items,
        "refusals": _refusals(found, "refused"),
        "not_taken_back": _refusals(found, "undo_refused"),
    }
    return render(request, "changes/change.html", context)


def _row(action: BulkAction, counted: Any) -> dict[str, Any]:
    content = action.content
    return {
        "action": action,
        "name": NAMES[Verb(action.verb)](),
        "did": did(asked_of(action), counted.done),
        "reason": "" if content.redacted_at else content.reason,
        "items": number(counted.items),
        "refused": number(counted.refused) if counted.refused else "",
        "undone": number(counted.undone),
        "kept": number(counted.kept) if counted.kept else "",
        "can_undo": counted.done > 0 and action.undo_asked_at is None,
    }


def _refusals(action: BulkAction, column: str) -> list[dict[str, Any]]:
    """Return why items were left as they were, each reason with how many and the first of them."""
    steps = BulkStep.objects.filter(action=action).exclude(**{column: ""})
    counts = steps.values_list(column).annotate(n=Count("pk")).order_by("-n", column)
    return [
        {
            "n": number(n),
            "why": because_words(why),
            "first": [
                one.item for one in steps.filter(**{column: why}).select_related("item").order_by("pk")[:SHOWN]
            ],
        }
        for why, n in counts
    ]


@require_POST
@member_page("lead")
def change_undo(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Take a change back wherever an item is still as it was left."""
    found = get_object_or_404(actions_visible_to(request.viewer), pk=pk)
    try:
        pipeline.undo_bulk(action=found, by=request.viewer, now=database_now())
    except Conflict:
        messages.warning(request, _("This was taken back already."))
        return redirect("change", found.pk)
    steps = list(found.steps.all()[:2])
    if len(steps) == 1:
        step = steps[0]
        if step.undone_at:
            messages.success(request, _("Taken back."))
        else:
            messages.error(request, because_words(step.undo_refused or "changed"))
        return redirect("item", step.item_id)
    return redirect("change", found.pk)
