"""The brake as people meet it: stopped and let go on with a few clicks, at every size, in both themes."""

import pytest
from playwright.sync_api import Page, expect

from reviewqueue.common.clock import now
from reviewqueue.queues.models import Stop
from tests.browser.conftest import Opened
from tests.browser.test_looks import check
from tests.cast import Cast
from tests.steps import queued

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("scheme", "size"), [("light", (1440, 900)), ("dark", (390, 844)), ("light", (320, 640))])
def test_a_lead_stops_a_queue_and_lets_it_go_on(
    cast: Cast, opened: Opened, scheme: str, size: tuple[int, int]
) -> None:
    queued(cast, 3, now=now())
    shape = {"viewport": {"width": size[0], "height": size[1]}, "color_scheme": scheme}
    page = opened("lead", "/board/", **shape)
    page.click("#stops-link")
    check(page)
    page.get_by_role("link", name="Stop Support", exact=True).click()
    expect(page.get_by_role("heading", name="Stop the queue Support?")).to_be_visible()
    check(page)
    page.get_by_label("the AI's answers are wrong").check()
    page.get_by_label("In your own words").fill("Promises refunds since noon.")
    page.get_by_role("button", name="Stop Support").click()
    expect(page.get_by_role("heading", name="One stop is at work.")).to_be_visible()
    check(page)
    meanwhile(opened("reviewer", "/my-queue/", **shape))
    page.goto(page.url.replace("/stops/", "/board/"))
    check(page)
    page.get_by_role("button", name="Let it go on").click()
    expect(page.get_by_role("heading", name="Nothing is stopped.")).to_be_visible()
    assert Stop.objects.get().ended_by == cast.lead.user


def meanwhile(page: Page) -> None:
    """A reviewer is told so, and gets nothing."""
    expect(page.get_by_text("The queue Support is stopped")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Take the next").click()
    expect(page.get_by_role("heading", name="Nothing waits for you.")).to_be_visible()
    expect(page.get_by_text("What is stopped is handed out to nobody")).to_be_visible()
    check(page)
