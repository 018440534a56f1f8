"""The walk as people see it, in a real Chromium, by keyboard alone."""

import json

import pytest
from playwright.sync_api import Browser, Page

from tests.cast import item
from tests.walk.product import Product, until

pytestmark = pytest.mark.browser

CORRECTED = "Monday, the 30th. "


def test_a_reviewer_corrects_an_answer_without_a_mouse_and_it_stands_in_the_release(
    chrome: Browser, product: Product
) -> None:
    bot = product.client("bot")
    sent = bot.post("/items", json=item("conv-keyboard-1")).json()
    bot.post("/items", json=item("conv-keyboard-2"))
    until(lambda: bot.get(f"/items/{sent['id']}").json()["state"] == "queued")
    context = chrome.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    _sign_in(page, product, "reviewer")
    first = _take_the_next(page)
    second = _correct(page, first)
    assert second != first
    context.close()
    outcome = bot.get(f"/items/{sent['id']}/outcome", params={"wait": 30}).json()
    assert outcome["final"]["content"].startswith(CORRECTED)
    assert (outcome["severity"], outcome["reason_codes"]) == ("major", ["wrong-fact"])
    assert any(CORRECTED in line for line in _release(product))


def _sign_in(page: Page, product: Product, who: str) -> None:
    page.goto(f"{product.url}/sign-in/")
    page.keyboard.type(f"{who}@acme.example")
    page.keyboard.press("Tab")
    page.keyboard.type(product.passwords[who])
    page.keyboard.press("Enter")
    page.wait_for_url("**/my-queue/")


def _take_the_next(page: Page) -> str:
    """Press the page's one primary action, which has the focus, and return the item's own number."""
    page.wait_for_function("document.activeElement?.matches('.btn.primary')")
    page.keyboard.press("Enter")
    page.wait_for_selector(".wb[data-turn]")
    return page.url


def _correct(page: Page, first: str) -> str:
    page.keyboard.press("e")
    page.keyboard.press("Control+Home")
    page.keyboard.type(CORRECTED)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    page.wait_for_function("first => location.href !== first", arg=first)
    return page.url


def _release(product: Product) -> list[str]:
    training = product.client("ml")
    slug = "by-keyboard"
    assert training.post("/datasets", json={"slug": slug, "name": slug, "format": "sft"}).status_code == 201
    version = training.post(f"/datasets/{slug}/releases", json={}).json()["version"]
    address = f"/datasets/{slug}/releases/{version}"
    until(lambda: training.get(address).json()["state"] == "ready")
    lines = training.get(f"{address}/files/data.jsonl").text.splitlines()
    return [json.loads(line)["messages"][-1]["content"] for line in lines]
