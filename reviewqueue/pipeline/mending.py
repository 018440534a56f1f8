"""Knowledge: an article that is wrong or missing is noted with the items it spoiled, and somebody mends it."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from reviewqueue.accounts.access import Viewer, can
from reviewqueue.accounts.models import Membership, User
from reviewqueue.audit.actions import record
from reviewqueue.common.errors import Conflict, Invalid, Place
from reviewqueue.edgecases import actions as cases
from reviewqueue.edgecases.models import KnowledgeFix
from reviewqueue.intake.models import Item
from reviewqueue.intake.queries import body_of

Problem = KnowledgeFix.Problem


def note_knowledge(
    *,
    item: Item,
    problem: str,
    article: str = "",
    title: str = "",
    note: str = "",
    by: Viewer,
    now: datetime,
) -> KnowledgeFix:
    """Note that an article of an item's documents is wrong, or that one is missing; it counts for the item once.

    ``article`` is the id of the document as the source gave it. Raises Invalid.
    """
    by.require("review")
    assert by.user is not None
    titles = {one["id"]: one["title"] for one in articles_of(item)}
    if problem == Problem.WRONG and article not in titles:
        raise Invalid("The article is missing.", places=[Place("#/article", "Choose the article that is wrong.")])
    if problem not in Problem.values or (problem == Problem.MISSING and not title.strip()):
        raise Invalid("What is missing?", places=[Place("#/title", "Say what the article should be about.")])
    with transaction.atomic():
        fix = cases.open_fix(
            workspace_id=item.workspace_id,
            problem=Problem(problem),
            article=article if problem == Problem.WRONG else "",
            title=(titles[article] if problem == Problem.WRONG else title.strip())[:255],
            note=note.strip(),
            owner_id=None,
            by=by.user,
            now=now,
        )
        cases.note_spoiled(fix=fix, item=item, by=by.user, now=now)
        _tell(fix, "note_knowledge", by, now, item=item)
    return fix


def articles_of(item: Item) -> list[dict[str, str]]:
    """Return the documents that the AI was given, as ``{"id", "title"}``; what has no id cannot be named."""
    given = body_of(item).get("input")
    documents = given.get("documents", []) if isinstance(given, dict) else []
    named = [one for one in documents if isinstance(one, dict) and one.get("id")]
    return [{"id": str(one["id"])[:255], "title": str(one.get("title") or one["id"])[:255]} for one in named]


def spoils(*, fix: KnowledgeFix, item: Item, by: Viewer, now: datetime) -> None:
    """Note that an article noted already spoiled another item. Raises Conflict when it is mended."""
    by.require("review")
    assert by.user is not None
    if fix.done_at:
        raise Conflict("This article is mended already; note it anew if it is wrong again.")
    with transaction.atomic():
        cases.note_spoiled(fix=fix, item=item, by=by.user, now=now)
        _tell(fix, "note_knowledge", by, now, item=item)


def take_fix(*, fix: KnowledgeFix, to: User, by: Viewer, now: datetime) -> None:
    """Let a member mend an article. Raises Conflict when it is mended, or they do not review here."""
    by.require("review")
    here = Membership.objects.filter(workspace_id=fix.workspace_id, user=to, ended_at=None).first()
    if here is None or not can(here.role, "review"):
        raise Conflict("This person does not review in this workspace.")
    with transaction.atomic():
        if not cases.take_fix(fix=fix, owner=to, now=now):
            raise Conflict("This article is mended already.")
        _tell(fix, "take_knowledge", by, now, to=str(to.pk))


def finish_fix(*, fix: KnowledgeFix, note: str, by: Viewer, now: datetime) -> None:
    """Note that an article is mended, and how. Raises Conflict when that was noted before."""
    by.require("review")
    assert by.user is not None
    with transaction.atomic():
        if not cases.finish_fix(fix=fix, note=note.strip(), by=by.user, now=now):
            raise Conflict("This article is mended already.")
        _tell(fix, "finish_knowledge", by, now)


def reopen_fix(*, fix: KnowledgeFix, by: Viewer, now: datetime) -> None:
    """Take back that an article is mended. Raises Conflict when it is open, or was noted anew meanwhile."""
    by.require("review")
    again = KnowledgeFix.objects.filter(workspace_id=fix.workspace_id, article=fix.article, done_at=None)
    if fix.article and again.exists():
        raise Conflict("This article was noted anew meanwhile.")
    try:
        with transaction.atomic():
            if not cases.reopen_fix(fix=fix):
                raise Conflict("This article is still to be mended.")
            _tell(fix, "reopen_knowledge", by, now)
    except IntegrityError:  # at this very moment
        raise Conflict("This article was noted anew meanwhile.") from None


def _tell(fix: KnowledgeFix, verb: str, by: Viewer, now: datetime, item: Item | None = None, **data: Any) -> None:
    record(
        workspace_id=fix.workspace_id,
        verb=verb,
        subject=("knowledge_fix", fix.pk),
        item_id=item.pk if item else None,
        by=by.actor,
        at=now,
        data=data,
    )
