"""The steps of edge cases for each failpoint: asked, opened, ruled, settled, taken back, and told on the ladder."""

from datetime import timedelta

from reviewqueue import pipeline
from reviewqueue.accounts.access import Viewer, viewer_of_member
from reviewqueue.accounts.models import Membership, Workspace
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.delivery.actions import add_webhook
from reviewqueue.edgecases.mailing import send_due
from reviewqueue.edgecases.models import EdgeCase, Ruling
from reviewqueue.queues.actions import leave_queue
from reviewqueue.review.models import Escalation
from tests.cast import NOW, Cast
from tests.edgecases.steps import REJECT, asked, items, opened
from tests.steps import claim, queued

SOON = NOW + timedelta(seconds=5)
NEXT_DAY = NOW + timedelta(days=1)


# --- what must be there before -------------------------------------------------------------------------------


def questions(cast: Cast) -> None:
    """Two questions wait for the leads."""
    asked(cast, *items(2))


def unanswered(cast: Cast) -> None:
    """Two questions wait for the leads, and a receiver wants to hear of it when nobody answers."""
    questions(cast)
    add_webhook(
        workspace_id=cast.workspace.pk,
        url="https://example.com/hook",
        events=["alert.raised"],
        by=None,
        actor=SYSTEM,
        now=NOW,
    )


def to_mail(cast: Cast) -> None:
    """The ladder has reached people, whose e-mails are not out yet."""
    unanswered(cast)
    climb()


def nobody_left(cast: Cast) -> None:
    """An item was given back by two, and the third who might review it has gone."""
    queued(cast)
    for who in (cast.reviewer, cast.lead):
        turn = claim(cast, who)
        assert turn is not None
        pipeline.give_back(assignment=turn.assignment, fence=turn.fence, by=who.user, reason="", now=NOW)
    leave_queue(queue=cast.support, user=cast.reviewer2.user, by=SYSTEM, now=NOW)


def escalate_stranded() -> None:
    """Let leads decide what waits for nobody."""
    assert pipeline.escalate_stranded(now=SOON) == 1


def case_open(cast: Cast) -> None:
    """An edge case of two items waits for its ruling."""
    opened(cast, asked(cast, *items(2)))


def ruled(cast: Cast) -> None:
    """It is ruled, and none of its items is settled yet."""
    case_open(cast)
    rule()


def settled_by_ruling(cast: Cast) -> None:
    """Its ruling has settled both items, and can still be taken back."""
    ruled(cast)
    pipeline.settle_ruled(now=NOW)


# --- the steps -----------------------------------------------------------------------------------------------


def _lead() -> Viewer:
    return viewer_of_member(Membership.objects.select_related("user").get(user__email="lead@acme.localhost"))


def open_case() -> None:
    questions = list(Escalation.objects.all())
    pipeline.open_case(title="Refunds after 30 days", escalations=questions, by=_lead(), now=SOON)


def rule() -> None:
    pipeline.rule(case=EdgeCase.objects.get(), said=REJECT, by=_lead(), now=NOW)


def settle_ruled() -> None:
    pipeline.settle_ruled(now=SOON)


def take_back() -> None:
    assert pipeline.take_back(ruling=Ruling.objects.get(), by=_lead(), now=SOON) == 2


def climb() -> None:
    pipeline.climb(workspace_id=Workspace.objects.get(slug="acme").pk, now=NEXT_DAY)


def send_mails() -> None:
    """Send what is due, and later what somebody took who ended with it."""
    send_due(now=NEXT_DAY)
    send_due(now=NEXT_DAY + timedelta(hours=1))
