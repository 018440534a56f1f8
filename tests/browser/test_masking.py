"""Hidden personal data by keyboard and by mouse: shown when asked for, then edited; nothing that axe finds."""

import os

import pytest
from playwright.sync_api import Page

from reviewqueue.audit.models import Event
from reviewqueue.common.clock import now
from reviewqueue.intake.models import Item
from reviewqueue.review.models import ReviewContent
from tests.browser.conftest import Opened, take_the_next
from tests.browser.test_looks import check
from tests.cast import Cast
from tests.detectors.steps import IBAN, switch
from tests.steps import queued

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ASKED = {"messages": [{"role": "user", "content": "I am anna@example.com. Where does my money go?"}]}


def wait_for(cast: Cast) -> Item:
    switch(cast, "personal_data", "abuse")
    [received] = queued(cast, now=now(), input=ASKED, output={"content": f"It goes to {IBAN} today."})
    return Item.objects.get(pk=received.id)


def picture(page: Page, name: str) -> None:
    """Keep a picture where somebody wants to look at them."""
    folder = os.environ.get("PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 320)])
def test_hidden_data_is_shown_by_a_key_and_the_answer_edited(
    cast: Cast, opened: Opened, scheme: str, width: int
) -> None:
    item = wait_for(cast)
    page = opened("reviewer", "/my-queue/", viewport={"width": width, "height": 900}, color_scheme=scheme)
    take_the_next(page)
    assert IBAN not in page.content()
    check(page)
    picture(page, f"hidden-{scheme}")
    page.keyboard.press("e")
    page.wait_for_selector(".editor.closed", state="visible")
    check(page)
    picture(page, f"closed-{scheme}")
    page.keyboard.press("v")
    page.wait_for_selector("textarea#correction", state="attached")
    assert page.input_value("textarea#correction") == f"It goes to {IBAN} today."
    assert page.is_checked("[name=decision][value=edit]"), "what was chosen stays"
    assert Event.objects.filter(verb="unmask", item_id=item.pk).count() == 1
    page.fill("textarea#correction", f"It goes to {IBAN} on Monday.")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=Nothing waits for you.")
    assert "on Monday" in ReviewContent.objects.get().correction


def test_the_pages_of_detectors_look_right(cast: Cast, opened: Opened) -> None:
    item = wait_for(cast)
    page = opened("lead", f"/items/{item.pk}/", color_scheme="light")
    start = "/".join(page.url.split("/")[:3])
    for name, path in (
        ("item", f"/items/{item.pk}/"),
        ("source", "/settings/sources/support-chatbot/"),
        ("tried", "/settings/sources/support-chatbot/detectors/personal_data/"),
    ):
        for scheme, width in (("light", 1440), ("dark", 320)):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(start + path)
            check(page)
            picture(page, f"{name}-{scheme}")
