"""On duty in a real browser: a held answer comes by itself, counts down, and interrupts only when it is asked to."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from reviewqueue.assignment.models import Draft
from reviewqueue.common.clock import now
from reviewqueue.review.models import Publication
from tests.browser.conftest import Opened, take_the_next
from tests.browser.test_looks import check
from tests.cast import Cast
from tests.steps import held_item, hold, queued

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

QUICK = 10_000


def on_duty(opened: Opened, **options) -> Page:
    """Open my queue and say that one is here for held answers."""
    page = opened("reviewer", "/my-queue/", **options)
    page.get_by_role("button", name="Here for held answers").click()
    expect(page.get_by_role("button", name="Here for held answers")).to_have_attribute("aria-pressed", "true")
    return page


def test_an_idle_workbench_takes_a_held_answer_by_itself(cast: Cast, opened: Opened) -> None:
    page = on_duty(opened)
    page.goto(page.url.replace(reverse("my_queue"), reverse("workbench")))
    hold(cast, held_item(), now=now())
    expect(page.locator("#gate")).to_contain_text("An AI system waits for you", timeout=QUICK)
    expect(page.locator("#gate [data-left]")).to_have_text(re.compile("^1:5"), timeout=QUICK)
    page.keyboard.press("a")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".wb.idle")).to_be_visible(timeout=QUICK)
    assert Publication.objects.count() == 1


def test_in_the_middle_of_an_item_it_is_announced_and_can_be_taken_now(cast: Cast, opened: Opened) -> None:
    queued(cast, now=now())
    page = on_duty(opened)
    take_the_next(page)
    page.keyboard.press("e")
    page.fill("#correction", "Half a thou")
    hold(cast, held_item(), now=now())
    expect(page.locator("#held")).to_contain_text("A held answer waits", timeout=QUICK)
    assert page.title().startswith("● A held answer waits")
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    expect(page.locator("#gate")).to_be_visible(timeout=QUICK)
    assert Draft.objects.get().body["correction"] == "Half a thou"
    page.keyboard.press("a")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#correction")).to_have_value("Half a thou", timeout=QUICK)


@pytest.mark.parametrize(("scheme", "size"), [("light", (1440, 900)), ("dark", (390, 844)), ("light", (320, 700))])
def test_what_it_shows_is_for_everybody(cast: Cast, opened: Opened, scheme: str, size: tuple[int, int]) -> None:
    page = on_duty(opened, viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    hold(cast, held_item(), held_item("held-2"), now=now())
    expect(page.locator("#held")).to_contain_text("A held answer waits", timeout=QUICK)
    check(page)
    page.get_by_role("button", name="Take it now").click()
    expect(page.locator("#gate")).to_be_visible(timeout=QUICK)
    expect(page.locator("#held")).to_contain_text("A held answer waits", timeout=QUICK)
    check(page)
