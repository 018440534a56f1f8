"""Every kind on the workbench, in a real browser: by keyboard alone, in both themes, and narrow."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from reviewqueue.common.clock import now
from reviewqueue.review.models import Outcome
from tests.browser.conftest import Opened, take_the_next
from tests.browser.test_looks import check
from tests.cast import Cast
from tests.kinds import declare_all, of_kind
from tests.steps import queued

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHAPES = {"light": (1440, 900), "dark": (1440, 900), "narrow": (320, 844)}


def at_work(cast: Cast, opened: Opened, kind: str, shape: str = "light") -> Page:
    """Take an item of a kind."""
    declare_all(cast.source)
    queued(cast, now=now(), **of_kind(kind))
    width, height = SHAPES[shape]
    scheme = "dark" if shape == "dark" else "light"
    page = opened("reviewer", "/my-queue/", viewport={"width": width, "height": height}, color_scheme=scheme)
    take_the_next(page)
    return page


def picture(page: Page, name: str) -> None:
    """Keep a picture for people to look at, when PICTURES names a folder."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["text", "extraction", "action", "comparison"])
def test_each_kind_looks_well(cast: Cast, opened: Opened, kind: str, shape: str) -> None:
    page = at_work(cast, opened, kind, shape)
    check(page)
    picture(page, f"{kind}-{shape}")
    page.eval_on_selector("[name=decision][value=edit]", "radio => radio.click()")  # wherever it is scrolled to
    check(page)
    picture(page, f"{kind}-{shape}-edit")


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_source_declares_looks_well(cast: Cast, opened: Opened, shape: str) -> None:
    declare_all(cast.source)
    width, height = SHAPES[shape]
    look = {"viewport": {"width": width, "height": height}, "color_scheme": "dark" if shape == "dark" else "light"}
    page = opened("admin", "/settings/sources/support-chatbot/", **look)
    check(page)
    picture(page, f"source-{shape}")
    page.fill("#json_schema", '{"type": "strin"}')
    page.click("text=Declare the next version")
    expect(page.locator(".error")).to_contain_text("/type")
    check(page)


@pytest.mark.parametrize("kind", ["extraction", "comparison"])
def test_the_page_of_a_settled_item_looks_well(cast: Cast, opened: Opened, kind: str) -> None:
    page = at_work(cast, opened, kind)
    if kind == "comparison":
        press(page, "1", "Control+Enter")
    else:
        press(page, "e", "Tab", "Control+A", "9", "Escape", "m", "Control+Enter")
    expect(page.locator(".wb.idle")).to_be_visible()
    shown = opened("lead", f"/items/{Outcome.objects.get().item_id}/")
    check(shown)
    picture(shown, f"item-{kind}")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def settled(page: Page) -> str:
    """Wait for the submit and return what stands in the end."""
    expect(page.locator(".wb.idle")).to_be_visible()
    return Outcome.objects.get().content.final


def test_a_fact_is_corrected_by_keyboard(cast: Cast, opened: Opened) -> None:
    page = at_work(cast, opened, "extraction")
    press(page, "e", "Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("412.5")
    expect(page.locator(".field.changed .was")).to_have_text("AI: 421.5")
    assert '"total": 412.5' in page.input_value("#correction")
    press(page, "Escape", "m", "Control+Enter")
    assert '"total":412.5' in settled(page)


def test_a_candidate_is_preferred_by_its_digit(cast: Cast, opened: Opened) -> None:
    page = at_work(cast, opened, "comparison")
    press(page, "2")
    expect(page.locator(".candidate:has(:checked)")).to_have_count(1)
    preferred = page.locator("[name=decision]:checked").get_attribute("value") or ""
    press(page, "Control+Enter")
    assert f'"preferred":"{preferred.removeprefix("prefer:")}"' in settled(page)


def test_an_action_is_refused_by_keyboard(cast: Cast, opened: Opened) -> None:
    page = at_work(cast, opened, "action")
    press(page, "r", "j", "Control+Enter")
    expect(page.locator(".wb.idle")).to_be_visible()
    assert Outcome.objects.get().disposition == "withheld"


def test_every_digit_of_a_long_number_stays_while_others_are_corrected(cast: Cast, opened: Opened) -> None:
    long = "123456789012345678901234567890"
    declare_all(cast.source, json_schema={"type": "object"})
    queued(cast, now=now(), kind="extraction", input={"text": "?"}, output={"id": int(long), "count": 1})
    page = opened("reviewer", "/my-queue/")
    take_the_next(page)
    press(page, "e", "Tab", "Control+A")
    page.keyboard.type("98765432109876543210")
    shown = f'{{\n  "id": {long},\n  "count": 98765432109876543210\n}}'
    assert page.input_value("#correction") == shown
    press(page, "Escape", "m", "Control+Enter")
    assert settled(page) == f'{{"id":{long},"count":98765432109876543210}}'
