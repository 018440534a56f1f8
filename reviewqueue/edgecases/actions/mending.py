"""Articles that are wrong or missing: noted with the items they spoiled, taken, mended."""

from datetime import datetime
from uuid import UUID

from reviewqueue.accounts.models import User
from reviewqueue.intake.models import Item

from ..models import KnowledgeFix, KnowledgeFixContent, SpoiledItem


def open_fix(
    *,
    workspace_id: UUID,
    problem: KnowledgeFix.Problem,
    article: str,
    title: str,
    note: str,
    owner_id: UUID | None,
    by: User,
    now: datetime,
) -> KnowledgeFix:
    """Note that an article is to be mended, or written; one that is noted already is returned as it is."""
    defaults = {
        "problem": problem,
        "owner_id": owner_id,
        "opened_at": now,
        "opened_by": by,
        "taken_at": now if owner_id else None,
    }
    if not article:
        fix, new = KnowledgeFix.objects.create(workspace_id=workspace_id, **defaults), True
    else:
        fix, new = KnowledgeFix.objects.get_or_create(
            workspace_id=workspace_id, article=article, done_at=None, defaults=defaults
        )
    if new:
        KnowledgeFixContent.objects.create(fix=fix, workspace_id=workspace_id, title=title, note=note)
    return fix


def note_spoiled(*, fix: KnowledgeFix, item: Item, by: User, now: datetime) -> None:
    """Note an item that an article spoiled; the first note stays."""
    SpoiledItem.objects.get_or_create(
        fix=fix, item=item, defaults={"workspace_id": fix.workspace_id, "noted_at": now, "noted_by": by}
    )


def take_fix(*, fix: KnowledgeFix, owner: User, now: datetime) -> int:
    """Give an open fix its owner; return how many changed."""
    return KnowledgeFix.objects.filter(pk=fix.pk, done_at=None).update(owner=owner, taken_at=now)


def finish_fix(*, fix: KnowledgeFix, note: str, by: User, now: datetime) -> int:
    """Note that an article is mended; return how many ended."""
    ended = KnowledgeFix.objects.filter(pk=fix.pk, done_at=None).update(done_at=now, done_by=by)
    if ended:
        KnowledgeFixContent.objects.filter(fix=fix).update(done_note=note)
    return ended


def reopen_fix(*, fix: KnowledgeFix) -> int:
    """Open a fix again that was said to be done; return how many opened."""
    return KnowledgeFix.objects.filter(pk=fix.pk, done_at__isnull=False).update(done_at=None, done_by=None)
