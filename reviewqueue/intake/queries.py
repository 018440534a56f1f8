"""Reading items, as far as a person or a key may see them."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.models import QuerySet

from reviewqueue.accounts.access import Viewer
from reviewqueue.common.errors import NotThere
from reviewqueue.common.exactjson import numbered, parts

from .models import Declaration, Gate, Item, ItemState, Source, SourceLoad, State

NEVER = float("inf")


def visible_to(viewer: Viewer) -> QuerySet[Item]:
    """Return the items of the viewer's workspace (of its one source, when its key is bound to one)."""
    items = Item.objects.filter(workspace_id=viewer.workspace_id)
    return items.filter(source__slug=viewer.source_slug) if viewer.source_slug else items


def visible_item(viewer: Viewer, item_id: UUID) -> Item:
    """Return one of the items that a viewer may see. Raises NotThere for any other."""
    item = visible_to(viewer).filter(pk=item_id).first()
    if item is None:
        raise NotThere
    return item


def state_of(item_id: UUID) -> str:
    """Return where an item stands at this moment."""
    return ItemState.objects.values_list("state", flat=True).get(item_id=item_id)


def sources_visible_to(viewer: Viewer) -> QuerySet[Source]:
    """Return the sources a viewer may see."""
    sources = Source.objects.filter(workspace_id=viewer.workspace_id)
    return sources.filter(slug=viewer.source_slug) if viewer.source_slug else sources


def sources_by_slug(*, workspace_id: UUID, slugs: set[str]) -> dict[str, Source]:
    """Return the workspace's sources of these slugs; unknown ones are missing."""
    return {source.slug: source for source in Source.objects.filter(workspace_id=workspace_id, slug__in=slugs)}


# What a source is called never changes, so each process remembers those it has seen.
_seen_sources: dict[tuple[UUID, str], Source] = {}


def sources_for(viewer: Viewer, slugs: set[str]) -> dict[str, Source]:
    """Return the sources of these slugs that a viewer may write to; others are missing."""
    allowed = slugs & {viewer.source_slug} if viewer.source_slug else slugs
    keys = {slug: (viewer.workspace_id, slug) for slug in allowed}
    if all(key in _seen_sources for key in keys.values()):
        return {slug: _seen_sources[key] for slug, key in keys.items()}
    found = sources_by_slug(workspace_id=viewer.workspace_id, slugs=allowed)
    _seen_sources.update({keys[slug]: source for slug, source in found.items()})
    return found


# A declaration never changes, so each process remembers the last ones it has read; which is current is read anew.
MOST_SEEN = 200
_seen_declarations: OrderedDict[UUID, Declaration] = OrderedDict()


def current_declarations(source_ids: Iterable[UUID]) -> dict[UUID, Declaration]:
    """Return what each of the sources declares now; a source that has declared nothing is missing."""
    newest = Declaration.objects.filter(source_id__in=list(source_ids)).order_by("source_id", "-version")
    current = dict(newest.distinct("source_id").values_list("source_id", "pk"))
    return {source_id: declaration_of(pk) for source_id, pk in current.items()}


#: How many items of a version are counted: the cost of a page does not grow with the workspace.
COUNTED = 10_000


def versions_of(source: Source) -> list[Declaration]:
    """Return what a source has declared, newest first."""
    return list(Declaration.objects.filter(source=source).select_related("created_by").order_by("-version")[:100])


def items_of(declaration: Declaration) -> dict[str, int]:
    """Return how many items came under a version, and how many of these are not done with; counted to a bound."""
    came = Item.objects.filter(declaration=declaration)
    open_states = [State.RECEIVED, State.QUEUED, State.IN_REVIEW, State.ESCALATED]
    waiting = came.filter(now_at__state__in=open_states)
    return {"items": came[:COUNTED].count(), "waiting": waiting[:COUNTED].count()}


def declaration_of(pk: UUID) -> Declaration:
    """Return a declaration by its id."""
    known = _seen_declarations.get(pk)
    if known is None:
        known = _seen_declarations[pk] = Declaration.objects.get(pk=pk)
        while len(_seen_declarations) > MOST_SEEN:
            _seen_declarations.popitem(last=False)
    return known


def body_of(item: Item) -> dict[str, Any]:
    """Return an item's body as sent, as a value; what was redacted is an empty output."""
    content = item.content
    if content.redacted_at:
        return {"input": {}, "output": {}, "redacted_at": content.redacted_at.isoformat()}
    return orjson.loads(content.body)


def exact_body_of(item: Item) -> dict[str, Any]:
    """Return an item's body for showing and editing: its numbers keep their digits (exactjson.Number)."""
    return body_of(item) if item.content.redacted_at else numbered(item.content.body)


@dataclass(frozen=True, slots=True)
class Sent:
    """An item's exact body, whose it is, and from where it came."""

    workspace_id: UUID
    source_id: UUID
    body: str


def sent_bodies(item_ids: Iterable[UUID], *, sources: Iterable[UUID]) -> dict[UUID, Sent]:
    """Return the bodies of those of some items that came from some sources; what was redacted is missing."""
    kept = Item.objects.filter(pk__in=list(item_ids), source__in=list(sources), content__redacted_at=None)
    rows = kept.order_by("pk").values_list("pk", "workspace_id", "source_id", "content__body")
    return {pk: Sent(workspace_id, source_id, body) for pk, workspace_id, source_id, body in rows}


def output_text(item: Item) -> str:
    """Return an item's output as it was sent, to the letter; what was redacted is an empty object."""
    return "{}" if item.content.redacted_at else parts(item.content.body)["output"]


def fallback_text(item: Item) -> str | None:
    """Return what the AI system agreed to give instead of a held answer, to the letter, if it named something."""
    if item.content.redacted_at:
        return None
    gate = parts(item.content.body).get("gate", "null")
    fallback = parts(gate).get("fallback", "null") if gate.startswith("{") else "null"
    return None if fallback == "null" else fallback


def gate_of(item_id: UUID) -> Gate | None:
    """Return an item's gate, open or closed; None when its answer was not held."""
    return Gate.objects.filter(item_id=item_id).first()


def gates_due(*, now: datetime, among: Iterable[UUID] | None = None, limit: int = 200) -> list[Gate]:
    """Return open gates whose deadline has passed (or those of some items), by workspace."""
    gates = Gate.objects.filter(closed_at=None)
    due = gates.filter(deadline_at__lte=now) if among is None else gates.filter(item_id__in=list(among))
    return sorted(due.order_by("deadline_at")[:limit], key=lambda gate: gate.workspace_id)


def limited_sources() -> list[Source]:
    """Return every source that has a limit of its own."""
    return list(Source.objects.exclude(items_per_minute=None, open_items_most=None))


def loads() -> list[SourceLoad]:
    """Return how much waits of every source, as last counted."""
    return list(SourceLoad.objects.all())


def loads_of(workspace_id: UUID) -> dict[UUID, SourceLoad]:
    """Return how much waits of each source of a workspace, as last counted."""
    return {load.source_id: load for load in SourceLoad.objects.filter(workspace_id=workspace_id)}


def full_sources(viewer: Viewer, *, usual: int) -> list[Source]:
    """Return the sources that may send no more until some of their items are done, with their ``load``.

    ``usual`` is how many items may be open of a source without a limit of its own; 0 is no limit.
    """
    sources = sources_visible_to(viewer).filter(load__isnull=False).select_related("load").order_by("slug")
    return [one for one in sources if one.load.open_items >= (one.open_items_most or usual or NEVER)]
