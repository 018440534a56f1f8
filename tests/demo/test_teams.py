"""The story's teams: formed once however often it is loaded, with weeks that cover what they should."""

from datetime import timedelta

from reviewqueue.accounts.access import viewer_of_member
from reviewqueue.accounts.models import Absence, HandOver, Membership, Team
from reviewqueue.accounts.queries import calendar_of
from reviewqueue.accounts.teams import members_of, unread_hand_overs
from reviewqueue.accounts.working_time import working_minutes
from reviewqueue.demo.story.teams import form_teams
from reviewqueue.demo.story.workspace import make_workspace
from tests.cast import NOW, PASSWORD


def test_two_teams_one_around_the_clock_and_one_to_which_items_are_dealt(db: None) -> None:
    workspace = make_workspace(password=PASSWORD, now=NOW)
    for _load in range(2):
        form_teams(workspace, now=NOW)
    hamburg, porto = Team.objects.order_by("name")
    week = [working_minutes(NOW, NOW + timedelta(days=7), calendar_of(one.pk)) / 60 for one in (hamburg, porto)]
    assert week == [168, 84]
    assert (hamburg.dealing_begun_at, porto.dealing_begun_at) == (None, NOW)
    assert members_of(porto).count() == 2
    assert (Absence.objects.count(), HandOver.objects.count()) == (1, 2)
    reviewer = Membership.objects.select_related("user").get(user__email="reviewer@demo.localhost")
    assert unread_hand_overs(viewer_of_member(reviewer), now=NOW).count() == 2
