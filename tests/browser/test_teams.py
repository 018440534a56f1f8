"""Teams in a browser: the pages fit and are accessible, and an open page hears of what was dealt to its person."""

from datetime import time, timedelta

import pytest
from playwright.sync_api import expect

from reviewqueue import pipeline
from reviewqueue.accounts import actions as accounts
from reviewqueue.accounts.models import Team
from reviewqueue.accounts.working_time import Stretch
from reviewqueue.common.clock import now
from tests.browser.conftest import Opened
from tests.browser.test_looks import check
from tests.cast import Cast
from tests.steps import queued

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def team(cast: Cast) -> Team:
    """A team with everything that its page shows."""
    lead, at = cast.viewer("lead"), now()
    made = accounts.create_team(
        name="Lisbon", site="Rua Augusta", time_zone="Europe/Lisbon", lead_id=cast.lead.user_id, by=lead, now=at
    )
    for who in (cast.reviewer, cast.reviewer2):
        accounts.join_team(team=made, user_id=who.user_id, by=lead, now=at)
    week = [Stretch(day, time(0), time(12), 4) for day in range(7)] + [
        Stretch(day, time(12), time(0)) for day in range(6)
    ]
    accounts.set_shifts(team=made, shifts=week, by=lead, now=at)
    accounts.close_day(team=made, day=(at + timedelta(days=40)).date(), name="A holiday", by=lead, now=at)
    accounts.add_absence(
        membership=cast.reviewer2, from_at=at - timedelta(hours=1), to_at=at + timedelta(days=3), by=lead, now=at
    )
    note = "Vouchers wait for the shop: no promise of a date.\nAsk the shop at nine."
    accounts.hand_over(from_team=made, to_team=made, text=note, by=lead, now=at)
    return made


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 320)])
def test_the_pages_of_teams(cast: Cast, team: Team, opened: Opened, scheme: str, width: int) -> None:
    shape = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    page = opened("lead", "/teams/", **shape)
    check(page)
    for path in (f"/teams/{team.pk}/", f"/teams/{team.pk}/week/", "/board/"):
        page.goto(page.url.split("/teams")[0] + path)
        check(page)


def test_an_open_page_hears_of_what_was_dealt(cast: Cast, team: Team, opened: Opened) -> None:
    accounts.set_shifts(team=team, shifts=[], by=cast.viewer("lead"), now=now())
    accounts.begin_dealing(team=team, by=cast.viewer("lead"), now=now())
    queued(cast, 2, now=now())
    page = opened("reviewer", "/my-queue/")
    assert pipeline.deal(workspace_id=cast.workspace.pk) == 2
    page.evaluate("document.getElementById('presence').dispatchEvent(new Event('rq:here'))")
    expect(page.locator("#dealt")).to_contain_text("2 items were dealt to you.")
    check(page)
    page.get_by_role("link", name="Begin").click()
    page.wait_for_selector(".wb[data-turn]")
    expect(page.locator("#dealt")).to_be_hidden()
