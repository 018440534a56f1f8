"""The steps of dealing for each failpoint: a hand filled, and what an absent person holds taken back."""

from datetime import timedelta

from reviewqueue import pipeline
from reviewqueue.accounts import actions as accounts
from reviewqueue.accounts.models import Workspace
from reviewqueue.assignment.models import Presence
from tests.cast import NOW, Cast
from tests.steps import queued


def somebody_here(cast: Cast) -> None:
    """Two items wait, and somebody is here whose hand holds one."""
    queued(cast, 2)
    lead = cast.viewer("lead")
    team = accounts.create_team(name="Days", by=lead, now=NOW)
    accounts.join_team(team=team, user_id=cast.reviewer.user_id, by=lead, now=NOW)
    accounts.limit_hands(team=team, hand_limit=1, by=lead, now=NOW)
    accounts.begin_dealing(team=team, by=lead, now=NOW)
    Presence.objects.create(workspace=cast.workspace, user=cast.reviewer.user, seen_at=NOW)


def dealt(cast: Cast) -> None:
    """It has been dealt to them."""
    somebody_here(cast)
    deal()


def deal() -> None:
    assert pipeline.deal(workspace_id=Workspace.objects.get(slug="acme").pk, now=NOW) == 1


def take_back() -> None:
    assert pipeline.take_back_absent(now=NOW + timedelta(hours=1)) == 1
