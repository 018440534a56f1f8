"""The workbench in a real browser: keys, drafts that are never lost, undo, and text that cannot act."""

import re

import pytest
from playwright.sync_api import Page, expect

from reviewqueue.assignment.models import Draft
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now
from reviewqueue.intake.actions import declare
from reviewqueue.review.models import EscalationContent, Outcome, Review
from tests.browser.conftest import Opened, take_the_next
from tests.cast import NOW, Cast
from tests.steps import queued

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def at_work(opened: Opened, name: str = "reviewer", **options) -> Page:
    """Open my queue and take the next item by its focused action."""
    page = opened(name, "/my-queue/", **options)
    take_the_next(page)
    return page


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def chosen(page: Page) -> str | None:
    return page.evaluate("document.querySelector('[name=decision]:checked')?.value ?? null")


# --- keys --------------------------------------------------------------------------------------------------------


def test_letters_sleep_while_one_types_and_escape_wakes_them(cast: Cast, opened: Opened) -> None:
    queued(cast, now=now())
    page = at_work(opened)
    press(page, "e")
    page.keyboard.type("arj1 ")
    assert chosen(page) == "edit"
    expect(page.locator("#correction")).to_have_value(re.compile("arj1"))
    press(page, "Escape", "r")
    assert chosen(page) == "reject"


def test_letters_can_be_switched_off_and_changed(cast: Cast, opened: Opened) -> None:
    queued(cast, now=now())
    page = at_work(opened)
    press(page, "?")
    page.click("[data-remap=A]")
    press(page, "q", "Escape", "a")
    assert chosen(page) is None
    press(page, "q")
    assert chosen(page) == "approve"
    press(page, "?")
    page.click("label:has(#keys-on)")
    press(page, "Escape", "r")
    assert chosen(page) == "approve"


def test_what_is_missing_is_said_before_anything_is_sent(cast: Cast, opened: Opened) -> None:
    queued(cast, now=now())
    page = at_work(opened)
    press(page, "r", "Control+Enter")
    expect(page.locator("[data-error=severity]")).to_be_visible()
    assert page.evaluate("document.activeElement.name") == "severity"
    assert not Review.objects.exists()


def test_the_letter_of_the_severity_that_was_asked_for_submits(cast: Cast, opened: Opened) -> None:
    queued(cast, 2, now=now())
    page = at_work(opened)
    press(page, "e", "Control+Home")
    page.keyboard.type("Sorry. ")
    press(page, "Control+Enter")
    expect(page.locator("[data-error=severity]")).to_contain_text("Its letter submits as well.")
    press(page, "ArrowRight", "Control+Enter")  # arrows choose, and send nothing by themselves
    expect(page).to_have_title(re.compile("conv-1"))
    press(page, "r", "Control+Enter", "j")
    expect(page.locator(".wb.idle")).to_be_visible()
    assert sorted(Review.objects.values_list("decision", "severity")) == [("edit", "minor"), ("reject", "major")]


def test_a_question_that_is_missing_is_asked_for_where_it_is_typed(cast: Cast, opened: Opened) -> None:
    queued(cast, now=now())
    page = at_work(opened)
    press(page, "x", "Control+Enter")
    expect(page.get_by_text("A lead needs your question to decide it.")).to_be_visible()
    page.keyboard.type("May we pay the taxi?")
    press(page, "Control+Enter")
    expect(page.locator(".wb.idle")).to_be_visible()
    assert EscalationContent.objects.get().question == "May we pay the taxi?"


def test_on_a_narrow_page_what_a_key_chooses_comes_into_view(cast: Cast, opened: Opened) -> None:
    queued(cast, now=now())
    page = at_work(opened, viewport={"width": 640, "height": 450})
    press(page, "r")
    expect(page.locator(".seg label:has([value=reject])")).to_be_in_viewport(ratio=1)
    press(page, "u")
    cause = page.locator(".seg label:has([value=unclear])")
    expect(cause).to_be_in_viewport(ratio=1)
    assert page.evaluate("label => label.getBoundingClientRect().bottom", cause.element_handle()) < 450 - 64
    expect(cause.locator("kbd")).to_be_visible()
    page.evaluate("scrollTo(0, 0)")
    press(page, "Control+Enter")
    error = page.locator("[data-error=severity]")
    expect(error).to_be_in_viewport(ratio=1)
    assert page.evaluate("error => error.getBoundingClientRect().bottom", error.element_handle()) < 450 - 64


def test_an_approved_answer_has_no_fault_to_describe(cast: Cast, opened: Opened) -> None:
    queued(cast, now=now())
    page = at_work(opened)
    press(page, "j", "a")
    expect(page.locator("[name=severity][value=major]")).to_be_disabled()
    press(page, "r")
    expect(page.locator("[name=severity][value=major]")).to_be_enabled()
    expect(page.locator("[name=severity][value=major]")).to_be_checked()


def test_submit_shows_the_next_and_undo_brings_it_back(cast: Cast, opened: Opened) -> None:
    queued(cast, 2, now=now())
    page = at_work(opened)
    press(page, "e", "Control+Home")
    page.keyboard.type("Sorry. ")
    press(page, "Escape", "m", "Control+Enter")
    expect(page).to_have_title(re.compile("conv-1"))
    expect(page.locator("#undo")).to_contain_text("conv-0 submitted, sent in")
    press(page, "Control+z")
    expect(page).to_have_title(re.compile("conv-0"))
    expect(page.locator("#correction")).to_have_value(re.compile("^Sorry"))
    expect(page.locator("#draft-state")).to_contain_text("Draft saved")


# --- nothing typed is lost ---------------------------------------------------------------------------------------


def test_text_is_kept_by_the_server_within_seconds(cast: Cast, opened: Opened) -> None:
    queued(cast, now=now())
    page = at_work(opened)
    press(page, "e")
    page.keyboard.type("Kept. ")
    expect(page.locator("#draft-state")).to_contain_text("Draft saved", timeout=10_000)
    assert "Kept." in Draft.objects.get().body["correction"]


def test_text_the_server_never_got_is_back_after_a_reload(cast: Cast, opened: Opened) -> None:
    queued(cast, now=now())
    page = at_work(opened)
    page.route("**/draft/", lambda route: route.abort())
    press(page, "e")
    page.keyboard.type("Only here. ")
    page.reload()
    expect(page.locator("#turn-notes")).to_contain_text("Your text is back.")
    expect(page.locator("#correction")).to_have_value(re.compile("Only here."))
    assert chosen(page) == "edit"


def test_an_unreachable_server_costs_nothing(cast: Cast, opened: Opened) -> None:
    queued(cast, now=now())
    page = at_work(opened)
    page.context.set_offline(True)
    press(page, "e")
    page.keyboard.type("Typed offline. ")
    press(page, "Escape", "m", "Control+Enter")
    expect(page.locator("#turn-notes")).to_contain_text("The server was not reached.")
    page.context.set_offline(False)
    press(page, "Control+Enter")
    expect(page.locator(".wb.idle")).to_be_visible()
    assert "Typed offline." in Outcome.objects.get().content.final
    assert page.evaluate("Object.keys(localStorage).length") == 0


def test_a_second_window_says_that_the_turn_was_submitted_in_the_first(cast: Cast, opened: Opened) -> None:
    queued(cast, now=now())
    first = at_work(opened)
    second = first.context.new_page()
    second.goto(first.url)
    press(first, "a", "Control+Enter")
    expect(first.locator(".wb.idle")).to_be_visible()
    press(second, "e", "Control+Home")
    second.keyboard.type("Too late. ")
    expect(second.locator("#turn-notes")).to_contain_text(
        "your text is kept. You submitted this item.", timeout=10_000
    )
    expect(second.locator("#turn-notes")).not_to_contain_text("Somebody else")
    expect(second.locator("#correction")).to_have_value(re.compile("^Too late"))


def test_an_ended_session_says_so_and_goes_on_after_signing_in(cast: Cast, opened: Opened) -> None:
    queued(cast, now=now())
    page = at_work(opened)
    cookies = page.context.cookies()
    page.context.clear_cookies(name="rq_session")
    press(page, "e")
    page.keyboard.type("Signed out. ")
    expect(page.locator("#turn-notes")).to_contain_text("You were signed out", timeout=10_000)
    page.context.add_cookies([one for one in cookies if one["name"] == "rq_session"])  # type: ignore[misc]
    press(page, "Escape", "m", "Control+Enter")
    expect(page.locator(".wb.idle")).to_be_visible()
    assert "Signed out." in Outcome.objects.get().content.final


def test_signing_out_leaves_no_text_in_the_browser(cast: Cast, opened: Opened) -> None:
    queued(cast, now=now())
    page = at_work(opened)
    press(page, "e")
    page.keyboard.type("A customer's words. ")
    assert page.evaluate("Object.keys(localStorage).length") == 1
    page.click(".me > summary")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in/")
    assert page.evaluate("Object.keys(localStorage).length") == 0


# --- what the AI wrote -------------------------------------------------------------------------------------------

PAYLOADS = [
    "<script>top.hit=1</script>",
    "<img src=/hit onerror='top.hit=1'>",
    "<svg onload='top.hit=1'>",
    "![x](https://evil.example/p.png)",
    "[x](javascript:top.hit=1)",
    "<style>*{display:none}</style>",
    '"><iframe src="javascript:top.hit=1"></iframe>',
    "</textarea></template><script>top.hit=1</script>",
]


def test_what_the_ai_wrote_cannot_act_in_the_browser(cast: Cast, opened: Opened) -> None:
    nasty = "\n\n".join(PAYLOADS)
    message = [{"role": "user", "content": nasty}, {"role": "assistant", "content": nasty}]
    documents = [{"id": "d", "title": nasty[:200], "text": nasty}]
    queued(
        cast,
        now=now(),
        input={"messages": message, "documents": documents},
        output={"content": nasty},
        attributes={"tier": nasty},
    )
    asked: list[str] = []
    page = opened("reviewer", "/my-queue/")
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    take_the_next(page)
    press(page, "e", "Control+Home", "x")
    page.wait_for_timeout(300)
    assert page.evaluate("top.hit") is None
    assert not [url for url in asked if "evil" in url or url.endswith("/hit")]
    expect(page.locator(".diff .text")).to_contain_text("<script>top.hit=1</script>")


def test_a_label_is_found_and_chosen_by_keyboard(cast: Cast, opened: Opened) -> None:
    declare(source=cast.source, labels=["refund", "delivery", "other"], by=SYSTEM, now=NOW)
    queued(cast, now=now(), kind="classification", input={"text": "Where is it?"}, output={"label": "refund"})
    page = at_work(opened)
    press(page, "e", "Control+Enter")
    expect(page.locator("[data-error=correction]")).to_be_visible()
    page.focus("#label-search")
    page.keyboard.type("deliv")
    press(page, "Enter", "Escape", "m", "Control+Enter")
    expect(page.locator(".wb.idle")).to_be_visible()
    assert Outcome.objects.get().content.final == '{"label":"delivery"}'
