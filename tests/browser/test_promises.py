"""Promises, misses and the overload plan: nothing axe finds, no sideways scroll, at two widths and themes."""

from datetime import timedelta

import pytest

from reviewqueue import pipeline
from reviewqueue.common.clock import now
from tests.browser.conftest import Opened
from tests.browser.test_looks import check
from tests.cast import Cast
from tests.steps import queued

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 320)])
def test_a_lead_plans_for_too_much_and_begins(cast: Cast, opened: Opened, scheme: str, width: int) -> None:
    queued(cast, 60, now=now() - timedelta(hours=4))
    pipeline.find_misses(workspace_id=cast.workspace.pk, now=now())
    page = opened("lead", "/promises/", viewport={"width": width, "height": 900}, color_scheme=scheme)
    check(page)
    page.fill("#minutes", "45")
    page.get_by_role("button", name="Promise it").click()
    page.wait_for_selector("text=Promised.")
    page.get_by_role("link", name="one by one").click()
    page.wait_for_selector("text=still open")
    check(page)
    page.goto("/".join(page.url.split("/")[:3]) + "/overload/")
    check(page)
    page.get_by_role("link", name="Make the plan").click()
    page.get_by_label("Of Unsure people see, in per cent").fill("20")
    page.fill("#starts_waiting", "50")
    check(page)
    page.get_by_role("button", name="Save the plan").click()
    page.wait_for_selector("text=Both a beginning and an end")
    check(page)
    page.fill("#ends_waiting", "5")
    page.get_by_role("button", name="Save the plan").click()
    page.wait_for_selector("text=Rehearse it")
    page.get_by_role("link", name="Rehearse it").click()
    page.wait_for_selector("text=misses avoided")
    check(page)
    page.go_back()
    page.fill("#note", "a strike")
    page.get_by_role("button", name="Begin it now").click()
    page.wait_for_selector("text=Lead began it (a strike)")
    check(page)
    page.goto("/".join(page.url.split("/")[:3]) + "/board/")
    page.wait_for_selector("text=The overload plan is at work")
    check(page)
