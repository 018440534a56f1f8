"""What leads and admins set up, as they meet it: no WCAG violation axe finds, no sideways scroll, in both themes."""

import pytest
from playwright.sync_api import expect

from reviewqueue.accounts.models import User
from tests.browser.conftest import Opened
from tests.browser.test_looks import check
from tests.browser.test_masking import picture
from tests.cast import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 320), ("dark", 320)])
def test_a_lead_sets_up_a_queue_its_people_and_reasons(cast: Cast, opened: Opened, scheme: str, width: int) -> None:
    User.objects.filter(pk=cast.reviewer.user_id).update(language="de")
    shape = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    page = opened("lead", "/settings/sources/", **shape)
    check(page)
    page.fill("#queue-name", "Gift cards")
    page.locator("form:has(#queue-name) button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Gift cards")
    page.get_by_label("Reviewer", exact=True).check()
    page.fill("#guidelines", "Name what is left on the card.")
    page.get_by_label("The same in Deutsch").fill("Nenne das Guthaben.")
    picture(page, f"queue-{scheme}-{width}")
    check(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Gift cards works like this for what comes from now on.")).to_be_visible()
    expect(page.get_by_label("Reviewer", exact=True)).to_be_checked()
    page.get_by_role("link", name="Members").click()
    page.get_by_role("link", name="Reviewer", exact=True).click()
    expect(page.get_by_label("Gift cards")).to_be_checked()
    page.get_by_label("Skills").fill("refunds, gift cards")
    check(page)
    picture(page, f"member-{scheme}-{width}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("That holds for what Reviewer takes from now on.")).to_be_visible()
    page.get_by_role("link", name="Reasons").click()
    check(page)
    picture(page, f"reasons-{scheme}-{width}")
    page.get_by_role("button", name="Down wrong fact").click()
    expect(page.locator(".reasons [name=label]").first).to_have_value("wrong amount")
    page.get_by_role("button", name="Retire wrong amount").click()
    expect(page.get_by_role("button", name="Bring back wrong amount")).to_be_visible()
    check(page)
