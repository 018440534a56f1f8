"""Routing for a lead: nothing axe finds, no sideways scroll down to 320 px, both themes; built by keyboard."""

import pytest
from playwright.sync_api import Page

from reviewqueue import pipeline
from reviewqueue.common.clock import now
from reviewqueue.triage.models import RoutingRule
from tests.browser.conftest import Opened
from tests.browser.test_looks import check
from tests.cast import Cast
from tests.steps import queued

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def build(page: Page) -> None:
    """Add a rule with the keyboard: each field by its label, and Enter."""
    page.get_by_label("Value").fill("0.8")
    page.get_by_label("Name of the rule").fill("Rather sure")
    page.get_by_label("Send it to").select_option("careful")
    page.get_by_label("Name of the rule").press("Enter")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 320), ("dark", 320)])
def test_a_lead_drafts_tries_and_activates(cast: Cast, opened: Opened, scheme: str, width: int) -> None:
    queued(cast, 6, now=now(), confidence=0.7)
    shape = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    page = opened("lead", "/policies/", **shape)
    check(page)
    page.get_by_role("button", name="Draft the next version").click()
    page.get_by_role("link", name="Add a rule").click()
    check(page)
    build(page)
    page.get_by_role("button", name="Try it").click()
    check(page)
    assert RoutingRule.objects.filter(name="Rather sure").exists()
    pipeline.replay_next(clock=now)
    page.wait_for_selector("text=more reviews a day")  # the page asks by itself
    check(page)
    page.get_by_role("link", name="Activate").click()
    check(page)
    page.get_by_role("button", name="Put it in force").click()
    page.get_by_role("link", name="Policy 1").click()
    check(page)
