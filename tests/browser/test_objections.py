"""Reports and follow-ups: no WCAG violation axe finds, no sideways scroll, in both themes, also at 320 px."""

from datetime import timedelta
from typing import Any

import pytest

from reviewqueue import pipeline
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now
from reviewqueue.intake.models import Item
from reviewqueue.review.models import FollowUp
from reviewqueue.triage.models import Signal
from tests.browser.conftest import Opened, take_the_next
from tests.browser.test_looks import check
from tests.cast import Cast, item
from tests.steps import edit, publish, queued, settle, submit, triage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDE = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"}
NARROW = {"viewport": {"width": 320, "height": 700}, "color_scheme": "dark"}


def follow_up(cast: Cast, *, ago: timedelta) -> None:
    at = now() - ago
    queued(cast, 3, now=at)
    for _number in range(3):
        settle(cast, cast.reviewer, edit(follow_up=True), now=at)
    publish(cast, now=at)


def complaint(cast: Cast) -> Item:
    submit(cast, item("conv-9", confidence=0.99), now=now())
    triage(now=now())
    found = Item.objects.get(external_id="conv-9")
    pipeline.signal(
        item=found,
        kind=Signal.Kind.COMPLAINT,
        said_by="customer-5512",
        note="I was promised Friday, and nobody came. I waited the whole day.",
        by=SYSTEM,
        now=now(),
    )
    return found


@pytest.mark.parametrize("shape", [WIDE, NARROW], ids=["wide", "narrow"])
def test_follow_ups_from_the_board_to_made_good(cast: Cast, opened: Opened, shape: dict[str, Any]) -> None:
    follow_up(cast, ago=timedelta(days=2))
    first, second, _third = FollowUp.objects.order_by("pk")
    pipeline.take_follow_up(follow_up=first, to=cast.lead.user, by=cast.viewer("lead"), now=now())
    pipeline.finish_follow_up(
        follow_up=second, by=SYSTEM, user=cast.lead.user, note="Called her, and sent a voucher.", now=now()
    )
    page = opened("lead", "/board/", **shape)
    check(page)
    page.get_by_role("link", name="has nobody").click()
    page.wait_for_url("**/follow-ups/")
    check(page)
    page.get_by_text("It is made good").first.click()
    check(page)
    page.get_by_label("What was done?").first.fill("Wrote to her.")
    page.get_by_role("button", name="Done").first.click()
    page.get_by_text("is made good.").wait_for()
    check(opened("reviewer2", "/follow-ups/", **shape))


@pytest.mark.parametrize("shape", [NARROW], ids=["narrow"])
def test_a_report_from_the_items_page_to_its_thanks(cast: Cast, opened: Opened, shape: dict[str, Any]) -> None:
    found = complaint(cast)
    page = opened("lead", f"/items/{found.pk}/", **shape)
    check(page)
    page.get_by_role("link", name="Report this answer").click()
    page.get_by_label("What is wrong with it?").fill("The carrier does not deliver on Fridays.")
    check(page)
    page.get_by_role("button", name="Report this answer").click()
    page.get_by_text("What happens next").wait_for()
    check(page)
    page = opened("lead", "/report/?q=nothing", **shape)
    check(page)


@pytest.mark.parametrize("shape", [NARROW], ids=["narrow"])
def test_a_reviewer_reads_what_was_said_against_the_answer(cast: Cast, opened: Opened, shape: dict[str, Any]) -> None:
    complaint(cast)
    page = opened("reviewer", "/my-queue/", **shape)
    take_the_next(page)
    check(page)
    assert page.get_by_text("I waited the whole day.").count() == 1
