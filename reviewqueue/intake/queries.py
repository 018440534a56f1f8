"""Reading items, as far as a person or a key may see them."""

from typing import Any
from uuid import UUID

import orjson
from django.db.models import QuerySet

from reviewqueue.accounts.access import Viewer

from .models import Item, Source


def visible_to(viewer: Viewer) -> QuerySet[Item]:
    """Return the items of the viewer's workspace (of its one source, when its key is bound to one)."""
    items = Item.objects.filter(workspace_id=viewer.workspace_id)
    return items.filter(source__slug=viewer.source_slug) if viewer.source_slug else items


def sources_visible_to(viewer: Viewer) -> QuerySet[Source]:
    """Return the sources a viewer may see."""
    sources = Source.objects.filter(workspace_id=viewer.workspace_id)
    return sources.filter(slug=viewer.source_slug) if viewer.source_slug else sources


def sources_by_slug(*, workspace_id: UUID, slugs: set[str]) -> dict[str, Source]:
    """Return the workspace's sources of these slugs; unknown ones are missing."""
    return {source.slug: source for source in Source.objects.filter(workspace_id=workspace_id, slug__in=slugs)}


# What a source is called never changes, so each process remembers those it has seen; what it declares does.
_seen_sources: dict[tuple[UUID, str], Source] = {}


def sources_for(viewer: Viewer, slugs: set[str], *, with_labels: bool) -> dict[str, Source]:
    """Return the sources of these slugs that a viewer may write to; others are missing.

    Without ``with_labels`` they may be remembered ones, whose declared labels are not to be relied on.
    """
    allowed = slugs & {viewer.source_slug} if viewer.source_slug else slugs
    keys = {slug: (viewer.workspace_id, slug) for slug in allowed}
    if not with_labels and all(key in _seen_sources for key in keys.values()):
        return {slug: _seen_sources[key] for slug, key in keys.items()}
    found = sources_by_slug(workspace_id=viewer.workspace_id, slugs=allowed)
    _seen_sources.update({keys[slug]: source for slug, source in found.items()})
    return found


def body_of(item: Item) -> dict[str, Any]:
    """Return an item's body as sent, as a value; what was redacted is an empty output."""
    content = item.content
    if content.redacted_at:
        return {"input": {}, "output": {}, "redacted_at": content.redacted_at.isoformat()}
    return orjson.loads(content.body)
