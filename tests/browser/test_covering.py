"""Covers over hurting words by keyboard: lifted one after another, or never wanted."""

import pytest
from playwright.sync_api import expect

from reviewqueue.common.clock import now
from tests.browser.conftest import Opened, take_the_next
from tests.browser.test_looks import check
from tests.browser.test_masking import picture
from tests.cast import Cast
from tests.detectors.steps import switch
from tests.steps import queued

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ANGRY = [
    {"role": "user", "content": "You idiot. Where is my parcel?"},
    {"role": "assistant", "content": "It is on its way."},
    {"role": "user", "content": "I will kill you all."},
]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 320)])
def test_one_letter_lifts_them_one_after_another(cast: Cast, opened: Opened, scheme: str, width: int) -> None:
    switch(cast, "abuse")
    queued(cast, 2, now=now(), input={"messages": ANGRY})
    page = opened("reviewer", "/my-queue/", viewport={"width": width, "height": 900}, color_scheme=scheme)
    take_the_next(page)
    check(page)
    picture(page, f"covered-{scheme}")
    expect(page.get_by_text("You idiot.")).to_be_hidden()
    page.keyboard.press("l")
    expect(page.get_by_text("You idiot.")).to_be_visible()
    expect(page.get_by_text("I will kill you all.")).to_be_hidden()
    page.keyboard.press("l")
    expect(page.get_by_text("I will kill you all.")).to_be_visible()
    check(page)
    picture(page, f"lifted-{scheme}")


def test_who_would_rather_have_none_has_none_from_then_on(cast: Cast, opened: Opened) -> None:
    switch(cast, "abuse")
    queued(cast, 2, now=now(), input={"messages": ANGRY})
    page = opened("reviewer", "/my-queue/")
    take_the_next(page)
    page.keyboard.press("?")
    page.uncheck("#covers-on", force=True)
    expect(page.get_by_text("You idiot.")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.keyboard.press("Control+Enter")
    expect(page).to_have_title("conv-1 · Review Queue")
    expect(page.get_by_text("I will kill you all.")).to_be_visible()
