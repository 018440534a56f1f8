"""Sign-in, my queue and workbench for everybody: no WCAG violation axe finds, no sideways scroll, in both themes."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from reviewqueue import pipeline
from reviewqueue.common.clock import now
from reviewqueue.triage.models import QueueEntry
from tests.browser.conftest import Opened, arrive, take_the_next
from tests.cast import Cast
from tests.steps import claim, queued

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = [(1440, 900), (820, 1180), (640, 450), (390, 844)]


def check(page: Page) -> None:
    """Assert what must hold on every page, once it is there."""
    arrive(page)
    found = [(one["id"], [node["target"] for node in one["nodes"]]) for one in Axe().run(page).response["violations"]]
    assert found == []
    width = page.viewport_size["width"]  # type: ignore[index]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_the_pages_of_a_reviewer(cast: Cast, opened: Opened, scheme: str, size: tuple[int, int]) -> None:
    queued(cast, 2, now=now())
    shape = {"viewport": {"width": size[0], "height": size[1]}, "color_scheme": scheme}
    check(opened("", "/sign-in/", **shape))
    page = opened("reviewer", "/my-queue/", **shape)
    check(page)
    take_the_next(page)
    check(page)
    page.check("[name=decision][value=edit]", force=True)
    page.fill("#correction", "It will arrive on Monday.")
    check(page)
    page.click(".aside summary >> nth=0")
    check(page)


def test_a_long_due_time_in_german_has_room_on_a_small_phone(cast: Cast, opened: Opened) -> None:
    queued(cast, now=now())
    claim(cast, cast.reviewer, now=now())
    QueueEntry.objects.update(due_at=now() + timedelta(days=3))
    page = opened("reviewer", "/my-queue/", viewport={"width": 320, "height": 700})
    page.eval_on_selector("button[name=language][value=de]", "button => button.click()")
    page.wait_for_selector("html[lang=de]")
    assert page.locator(".turns .tag").inner_text().startswith("fällig")
    check(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_a_lead(cast: Cast, opened: Opened, scheme: str) -> None:
    queued(cast, now=now())
    turn = claim(cast, cast.reviewer, now=now())
    pipeline.escalate(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, question="Is this allowed?"
    )
    page = opened("lead", "/my-queue/", color_scheme=scheme)
    check(page)
    page.get_by_role("button", name="Take it").click()
    page.wait_for_selector(".wb[data-turn]")
    check(page)


def test_no_page_asks_another_server(cast: Cast, opened: Opened) -> None:
    queued(cast, now=now())
    page = opened("reviewer", "/my-queue/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    take_the_next(page)
    assert {url.split("/")[2] for url in asked} == {page.url.split("/")[2]}


def test_the_first_page_is_small(cast: Cast, opened: Opened) -> None:
    page = opened("", "/sign-in/")
    sizes = page.evaluate("performance.getEntries().map(one => one.transferSize ?? 0)")
    assert sum(sizes) < 120_000
