"""What the strike made unclear: questions grouped into edge cases, owned and not; articles that are wrong."""

from datetime import datetime, timedelta

from reviewqueue import pipeline
from reviewqueue.accounts.access import Viewer, viewer_of_member
from reviewqueue.accounts.models import Membership, Role, Workspace
from reviewqueue.edgecases.models import EdgeCase, KnowledgeFix, Ownership
from reviewqueue.pipeline.mending import articles_of
from reviewqueue.review.models import Cause, Escalation, Review

OWNED = ("Express fee during the strike", "May we waive it? The rules say nothing about a strike.")
UNOWNED = ("Refund for a parcel that is only late", "Some customers want their money back before the parcel is lost.")
#: How many questions of each kind the lead has grouped; those that came since wait beside them.
GROUPED = 3
MONEY = "refund-amount"
SPOILED = 6


def tell_of_unclear(workspace: Workspace, *, now: datetime) -> None:
    """Group the last questions, name an owner, note what articles were wrong; each part once."""
    lead = Membership.objects.select_related("user").filter(workspace=workspace, role=Role.LEAD, ended_at=None)
    viewer = viewer_of_member(lead.earliest("created_at"))
    if not EdgeCase.objects.filter(workspace=workspace, ruled_at=None).exists():
        _cases(workspace, viewer, now)
    if not Ownership.objects.filter(workspace=workspace).exists():
        _owner(workspace, viewer, now)
    if not KnowledgeFix.objects.filter(workspace=workspace).exists():
        _articles(workspace, viewer, now)


def _cases(workspace: Workspace, viewer: Viewer, now: datetime) -> None:
    assert viewer.user is not None
    questions = Escalation.objects.filter(workspace=workspace, ended_at=None, why=Escalation.Why.QUESTION)
    asked = questions.order_by("-opened_at")
    about_money = asked.filter(item__risk_tags__contains=[MONEY])
    about_fees = asked.exclude(item__risk_tags__contains=[MONEY])
    for (title, description), owner_id, some in (
        (OWNED, viewer.user.pk, about_fees[:GROUPED]),
        (UNOWNED, None, about_money[:GROUPED]),
    ):
        pipeline.open_case(
            title=title,
            description=description,
            escalations=list(some),
            owner_id=owner_id,
            due_at=now + timedelta(hours=3),
            by=viewer,
            now=now,
        )


def _owner(workspace: Workspace, viewer: Viewer, now: datetime) -> None:
    """Let somebody answer for one topic; the others are the gaps that the page shows."""
    assert viewer.user is not None
    tags = Escalation.objects.filter(workspace=workspace).values_list("item__risk_tags", flat=True)
    topics = sorted({topic for some in tags for topic in some} - {MONEY})
    for topic in topics[:1]:
        pipeline.set_owner(
            source=None, topic=topic, reason="", owner_id=viewer.user.pk, deputy_id=None, by=viewer, now=now
        )


def _articles(workspace: Workspace, viewer: Viewer, now: datetime) -> None:
    wrong = Review.objects.filter(workspace=workspace, cause=Cause.KNOWLEDGE).order_by("-submitted_at")
    for review in wrong.select_related("item__content")[:SPOILED]:
        for article in articles_of(review.item)[:1]:
            pipeline.note_knowledge(item=review.item, problem="wrong", article=article["id"], by=viewer, now=now)
