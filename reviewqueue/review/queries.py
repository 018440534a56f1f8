"""Reading reviews, outcomes and publications. What is outside sees publications only."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from reviewqueue.accounts.access import Viewer
from reviewqueue.assignment.models import Assignment, Slot
from reviewqueue.common.exactjson import numbered
from reviewqueue.intake.models import Item

from .models import (
    JUDGED,
    Appeal,
    Basis,
    Disagreement,
    DuePublication,
    Escalation,
    FollowUp,
    Outcome,
    Publication,
    Review,
)


def reviews_visible_to(viewer: Viewer) -> QuerySet[Review]:
    """Return the reviews of the workspace, or a reviewer's own."""
    reviews = Review.objects.filter(workspace_id=viewer.workspace_id)
    return reviews if viewer.may("see_items") else reviews.filter(user=viewer.user)


def outcomes_visible_to(viewer: Viewer) -> QuerySet[Outcome]:
    """Return the outcomes of the workspace, undone ones too."""
    return Outcome.objects.filter(workspace_id=viewer.workspace_id)


def escalations_visible_to(viewer: Viewer) -> QuerySet[Escalation]:
    """Return the workspace's open escalations, oldest first."""
    return (
        Escalation.objects.filter(workspace_id=viewer.workspace_id, ended_at=None)
        .select_related("item", "entry__queue", "opened_by", "content")
        .order_by("opened_at")
    )


def open_appeal(item_id: UUID) -> Appeal | None:
    """Return the appeal that an item waits with, with its reason."""
    return Appeal.objects.filter(item_id=item_id, ended_at=None).select_related("content", "against__content").first()


def reviews_beside(turn: Assignment) -> QuerySet[Review]:
    """Return what others said of the item as far as the person at this turn may see it, oldest first.

    Who decides between reviewers sees them all, but for an appeal; who reviews sees those of the same stay, unless it
    is blind.
    """
    others = standing(Review.objects.filter(item_id=turn.item_id, assignment__slot__closed_at__isnull=False))
    others = others.select_related("user", "content").order_by("submitted_at", "pk")
    if turn.slot.kind == Slot.Kind.ADJUDICATION:
        return others.none() if open_appeal(turn.item_id) else others.exclude(entry_id=turn.entry_id)
    return others.none() if turn.entry.blind else others.filter(entry_id=turn.entry_id).exclude(user_id=turn.user_id)


def standing(reviews: QuerySet[Review]) -> QuerySet[Review]:
    """Return those of some reviews that nobody took back: with that another turn began at the review's slot."""
    later = Assignment.objects.filter(item_id=OuterRef("item_id"), slot_id=OuterRef("assignment__slot_id"))
    return reviews.exclude(Exists(later.filter(fence__gt=OuterRef("assignment__fence"))))


def disagreements_of(item_id: UUID) -> QuerySet[Disagreement]:
    """Return each time that the reviews of an item did not all say the same, oldest first."""
    return Disagreement.objects.filter(item_id=item_id).order_by("at", "pk")


def review_at(turn: Assignment) -> Review | None:
    """Return the review that the person wrote at this turn's slot: when they hold it again, it was undone."""
    reviews = Review.objects.filter(entry_id=turn.entry_id, user_id=turn.user_id, assignment__slot_id=turn.slot_id)
    return reviews.select_related("content").order_by("-submitted_at").first()


def open_escalation_of(*, item_id: UUID, viewer: Viewer) -> Escalation | None:
    """Return the item's open escalation, with its question."""
    return escalations_visible_to(viewer).filter(item_id=item_id).first()


def answers_to(viewer: Viewer, *, since: datetime) -> QuerySet[Escalation]:
    """Return what became of the questions that a person put to leads, newest first."""
    return (
        Escalation.objects.filter(
            workspace_id=viewer.workspace_id,
            opened_by=viewer.user,
            why=Escalation.Why.QUESTION,
            ended_at__gte=since,
        )
        .select_related("item", "entry__queue", "ended_by")
        .order_by("-ended_at")
    )


def undoable_by(viewer: Viewer, *, now: datetime) -> DuePublication | None:
    """Return the newest outcome that the person can still take back: one that their review settled."""
    due = DuePublication.objects.filter(
        workspace_id=viewer.workspace_id, outcome__entry__reviews__user=viewer.user, due_at__gt=now
    )
    for one in due.select_related("outcome__item").order_by("-due_at").distinct():
        review = settling_review(one.outcome)
        if review and review.user_id == (viewer.user and viewer.user.pk):
            return one
    return None


def settling_review(outcome: Outcome) -> Review | None:
    """Return the review that settled an outcome: the last one of its stay (not always the one that stands).

    None when no review did: a ruling settled it, or nobody decided in time.
    """
    if outcome.basis not in (Basis.REVIEW, Basis.AGREEMENT, Basis.ADJUDICATION):
        return None
    reviews = Review.objects.filter(entry_id=outcome.entry_id).select_related("assignment")
    return reviews.order_by("submitted_at", "pk").last()


def last_judged_at(item_id: UUID) -> datetime | None:
    """Return when people last decided an item, without taking that back."""
    judged = Outcome.objects.filter(item_id=item_id, basis__in=JUDGED, undo=None)
    return judged.aggregate(last=Max("settled_at"))["last"]


def newest_outcome(item_id: UUID) -> Outcome | None:
    """Return an item's newest outcome that nobody took back, published or not."""
    outcomes = Outcome.objects.filter(item_id=item_id, undo=None).select_related("content")
    return outcomes.order_by("-version").first()


def was_judged(item_id: UUID) -> bool:
    """Return whether people have decided an item, and have not taken that back."""
    return Outcome.objects.filter(item_id=item_id, basis__in=JUDGED, undo=None).exists()


def current_publication(item: Item) -> Publication | None:
    """Return the newest outcome that the outside may see."""
    return Publication.objects.filter(item=item).select_related("outcome__content").order_by("-position").first()


def current_publications(item_ids: Iterable[UUID]) -> dict[UUID, Publication]:
    """Return the newest outcome of each item that the outside may see; items without one are missing."""
    ids = list(item_ids)
    rows = Publication.objects.filter(item_id__in=ids).select_related("outcome__content") if ids else []
    return {one.item_id: one for one in sorted(rows, key=lambda one: one.position)}


def published_body(publication: Publication) -> dict[str, Any]:
    """Return an outcome as the outside gets it, to be written by orjson: its ``final`` is kept to the letter."""
    outcome = publication.outcome
    return {
        "item": str(outcome.item_id),
        "version": outcome.version,
        "decision": outcome.decision or None,
        "basis": outcome.basis,
        "disposition": outcome.disposition,
        "final": _final_as_written(outcome),
        "changed": outcome.changed,
        "severity": outcome.severity or None,
        "cause": outcome.cause or None,
        "reason_codes": outcome.reason_codes,
        "follow_up": outcome.follow_up,
        "settled_at": shown(outcome.settled_at),
        "published_at": shown(publication.published_at),
        "reviewers": outcome.reviewers,
        "late": outcome.late,
        "supersedes": _published_before(publication),
    }


def was_answered(item_id: UUID, *, before: int | None = None) -> bool:
    """Return whether a publication (before a position, if one is given) gave somebody an answer."""
    found = Publication.objects.filter(item_id=item_id, outcome__disposition=Outcome.Disposition.FINAL)
    return (found if before is None else found.filter(position__lt=before)).exists()


def follow_ups_visible_to(viewer: Viewer) -> QuerySet[FollowUp]:
    """Return the workspace's follow-ups, or those of a reviewer: their own, and what their reviews asked for."""
    found = FollowUp.objects.filter(workspace_id=viewer.workspace_id)
    found = found.select_related("item__source", "outcome__content", "owner", "done_by", "content")
    if viewer.source_slug:
        found = found.filter(item__source__slug=viewer.source_slug)
    if viewer.user is None or viewer.may("lead") or viewer.may("see_items"):
        return found
    me = viewer.user
    return found.filter(Q(owner=me) | Q(done_by=me) | Q(owner=None, outcome__review__user=me))


def follow_ups_calling(viewer: Viewer) -> int:
    """Return how many open follow-ups call for this person: their own, and for a lead those that nobody has."""
    theirs = Q(owner=viewer.user) | Q(owner=None) if viewer.may("lead") else Q(owner=viewer.user)
    return FollowUp.objects.filter(theirs, workspace_id=viewer.workspace_id, done_at=None).count()


def follow_ups_waiting(viewer: Viewer, *, at: datetime) -> dict[str, int]:
    """Return how many follow-ups nobody has, and how many are overdue."""
    waiting = FollowUp.objects.filter(workspace_id=viewer.workspace_id, done_at=None)
    return waiting.aggregate(unowned=Count("pk", filter=Q(owner=None)), late=Count("pk", filter=Q(due_at__lt=at)))


def final_of(outcome: Outcome) -> Any:
    """Return the final output of an outcome, its numbers with their digits (exactjson.Number).

    None when nothing goes out, or its words were erased.
    """
    text = _final_text(outcome)
    return None if text is None else numbered(text)


def _final_as_written(outcome: Outcome) -> orjson.Fragment | None:
    """Return the final output for an answer's JSON: nothing is parsed to be written again."""
    text = _final_text(outcome)
    return None if text is None else orjson.Fragment(text)


def _final_text(outcome: Outcome) -> str | None:
    content = getattr(outcome, "content", None)
    return content.final if content and not content.redacted_at else None


def _published_before(publication: Publication) -> int | None:
    """Return the version that the outside knew before: versions undone in time were never seen by anyone."""
    if publication.outcome.version == 1:
        return None
    earlier = Publication.objects.filter(item_id=publication.item_id, position__lt=publication.position)
    return earlier.order_by("-position").values_list("outcome__version", flat=True).first()


def shown(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC."""
    return moment.isoformat().replace("+00:00", "Z")


_PACE = """
SELECT percentile_cont(0.5) WITHIN GROUP (
         ORDER BY extract(epoch FROM r.submitted_at - coalesce(a.begun_at, a.opened_at)))
FROM (SELECT id FROM triage_queueentry
      WHERE queue_id = %(queue)s AND ended_at > %(since)s AND ended_at <= %(now)s AND end_reason = 'settled'
      ORDER BY ended_at DESC LIMIT 50) e
JOIN review_review r ON r.entry_id = e.id
JOIN assignment_assignment a ON a.id = r.assignment_id AND (a.how = 'claimed' OR a.begun_at IS NOT NULL)
"""


def seconds_per_review(*, queue_id: UUID, now: datetime) -> float | None:
    """Return how long a person has an item of this queue until they submit: the median of the last 50 settled.

    None when nothing was settled within a day.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PACE, {"queue": queue_id, "since": now - timedelta(days=1), "now": now})
        return cursor.fetchone()[0]


def workspaces_due(*, now: datetime) -> list[UUID]:
    """Return the workspaces in which something waits to be published."""
    return list(DuePublication.objects.filter(due_at__lte=now).values_list("workspace_id", flat=True).distinct())
