"""The API's page as people read it: no violation that axe finds, no sideways scroll, nothing from elsewhere."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Opened

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: One of each sort of part: axe would take half a minute over every operation and shape.
PARTS = [[".contents"], ["[aria-labelledby=start]"], ["#submit_item"], ["#problem-422"], ["#shape-Submission"]]
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 320, "height": 640}


@pytest.mark.parametrize(("viewport", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_it_can_be_read_on_any_screen(opened: Opened, viewport: Any, scheme: Any) -> None:
    page = opened("", "/api/v1/docs", viewport=viewport, color_scheme=scheme)
    found = Axe().run(page, context={"include": PARTS}).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
    asked = page.evaluate("performance.getEntriesByType('resource').map(one => new URL(one.name).origin)")
    assert set(asked) == {page.evaluate("location.origin")}
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_the_contents_lead_to_an_operation_and_get_out_of_the_way(opened: Opened) -> None:
    page = opened("", "/api/v1/docs", viewport=NARROW)
    contents = page.get_by_role("navigation", name="Contents")
    assert not contents.is_visible()
    page.get_by_role("button", name="Contents").click()
    contents.get_by_role("link", name="Submit a review").click()
    assert not contents.is_visible()
    top = page.locator("#submit_review").bounding_box()
    assert top is not None
    assert 0 <= top["y"] < NARROW["height"] / 2


def test_an_example_is_copied_with_one_press(opened: Opened) -> None:
    page = opened("", "/api/v1/docs", viewport=WIDE, permissions=["clipboard-read", "clipboard-write"])
    page.locator("#submit_item").get_by_role("button", name="Copy").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").startswith('curl -s -X POST "$URL/api/v1/items"')
