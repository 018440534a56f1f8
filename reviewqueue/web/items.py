"""The list of items: search and filters that live in the address, newest first, in keyset pages."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from reviewqueue.accounts.access import Viewer
from reviewqueue.intake.models import Item, ModelVersion, State
from reviewqueue.intake.queries import sources_visible_to, visible_to
from reviewqueue.queues.queries import visible_to as queues_visible_to
from reviewqueue.triage.queries import entries_visible_to

from .access import member_page
from .change_words import NAMES
from .context import MemberRequest
from .kinds.evidence import about
from .masking import Mask, masks
from .parameters import identifier
from .words import number

PAGE = 50
#: Words are looked for in as many of the newest items; an external id is found however old it is.
SEARCHED = 20_000


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for."""

    q: str
    state: str
    source: str
    model_version: str
    queue: str

    @classmethod
    def of(cls, asked: Any) -> "Filters":
        """Read them; unknown values simply find nothing."""
        names = ("q", "state", "source", "model_version", "queue")
        return cls(*(asked.get(name, "").replace("\x00", "").strip()[:200] for name in names))

    @property
    def given(self) -> dict[str, str]:
        """Those that are not empty."""
        every = {name: getattr(self, name) for name in ("q", "state", "source", "model_version", "queue")}
        return {name: value for name, value in every.items() if value}


@require_GET
@member_page("see_items")
def items(request: MemberRequest) -> HttpResponse:
    """Show the items that fit the address, newest first."""
    filters = Filters.of(request.GET)
    found = filtered(request.viewer, filters)
    mask = masks(request.viewer)
    rows, newer, older = _page(found, identifier(request.GET.get("before")), identifier(request.GET.get("after")))
    context = {
        "filters": filters,
        "filtered": bool(filters.given),
        "rows": [_row(one, mask(one)) for one in rows],
        "summary": _summary(request.viewer, filters),
        "verbs": [(verb, name()) for verb, name in NAMES.items()] if request.viewer.may("lead") else [],
        "newer_url": _address(filters, after=rows[0].pk) if newer else "",
        "older_url": _address(filters, before=rows[-1].pk) if older else "",
        **_choices(request.viewer),
    }
    return render(request, "items/items.html", context)


def filtered(viewer: Viewer, filters: Filters) -> QuerySet[Item]:
    """Return the items that fit."""
    found = visible_to(viewer).select_related("source", "model_version", "content", "now_at")
    if filters.state:
        found = found.filter(now_at__state=filters.state)
    if filters.source:
        found = found.filter(source__slug=filters.source)
    if filters.model_version:
        found = found.filter(model_version__version=filters.model_version)
    if filters.queue:
        stays = entries_visible_to(viewer).filter(queue__slug=filters.queue, ended_at=None)
        found = found.filter(pk__in=stays.values("item_id"))
    return found.filter(_words(viewer, filters.q)) if filters.q else found


def _words(viewer: Viewer, q: str) -> Q:
    named = Q(external_id=q) | Q(external_id__istartswith=q)
    if (pk := identifier(q)) is not None:
        named |= Q(pk=pk)
    oldest = _oldest_searched(viewer)
    said = Q(content__search_text__icontains=q) | Q(external_id__icontains=q)
    return named | (said & Q(pk__gte=oldest) if oldest else said)


def _oldest_searched(viewer: Viewer) -> UUID | None:
    return visible_to(viewer).order_by("-pk").values_list("pk", flat=True)[SEARCHED : SEARCHED + 1].first()


def _page(found: QuerySet[Item], before: UUID | None, after: UUID | None) -> tuple[list[Item], bool, bool]:
    """Return a page and whether there are newer and older ones."""
    if after is not None:
        rows = list(found.filter(pk__gt=after).order_by("pk")[: PAGE + 1])
        return list(reversed(rows[:PAGE])), len(rows) > PAGE, bool(rows)
    older = found.filter(pk__lt=before) if before is not None else found
    rows = list(older.order_by("-pk")[: PAGE + 1])
    return rows[:PAGE], before is not None and bool(rows), len(rows) > PAGE


def _row(one: Item, mask: Mask) -> dict[str, Any]:
    return {
        "item": one,
        "url": reverse("item", args=[one.pk]),
        "snippet": "" if one.content.redacted_at else about(mask.item(one)),
        "state": one.now_at.state,
        "version": one.model_version.version if one.model_version else "",
    }


def _address(filters: Filters, **position: UUID) -> str:
    return reverse("items", query={**filters.given, **{name: str(value) for name, value in position.items()}})


def _summary(viewer: Viewer, filters: Filters) -> str:
    if filters.q and _oldest_searched(viewer):
        return _("words were looked for in the newest %(n)s items") % {"n": number(SEARCHED)}
    return _("newest first")


def _choices(viewer: Viewer) -> dict[str, Any]:
    versions = ModelVersion.objects.filter(workspace_id=viewer.workspace_id).order_by("-version")
    return {
        "states": State.values,
        "sources": sources_visible_to(viewer).order_by("slug"),
        "model_versions": versions.values_list("version", flat=True).distinct()[:50],
        "queues": queues_visible_to(viewer) if viewer.may("see_queues") else [],
    }
