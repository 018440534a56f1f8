"""Pages on which a lead changes where items wait, and how a queue works: nothing axe finds, no sideways scroll."""

from datetime import timedelta

import pytest
from django.urls import reverse

from reviewqueue import pipeline
from reviewqueue.assignment.standing import Asked
from reviewqueue.common.clock import now
from reviewqueue.intake.models import Item
from reviewqueue.queues.models import Queue
from tests.browser.conftest import Opened
from tests.browser.test_looks import check
from tests.cast import Cast, item
from tests.steps import claim, edit, queued, submit, triage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def differed(cast: Cast) -> str:
    """Let two of three reviewers outvote the third; return the item."""
    Queue.objects.filter(pk=cast.careful.pk).update(reviews_required=3, agreement="majority", blind=False)
    cast.careful.refresh_from_db()
    queued(cast, 1, risk={"level": "high"}, now=now())
    turns = [claim(cast, who, queue="careful", now=None) for who in (cast.reviewer, cast.reviewer2, cast.lead)]
    for turn, text in zip(turns, ("Monday.", "Tuesday.", "Monday."), strict=True):
        pipeline.submit_review(
            assignment=turn.assignment, fence=turn.fence, by=turn.assignment.user, judgement=edit(text)
        )
    return str(turns[0].assignment.item_id)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 320)])
def test_a_lead_moves_many_takes_it_back_and_sets_a_queue(
    cast: Cast, opened: Opened, scheme: str, width: int
) -> None:
    settled = differed(cast)
    submit(cast, *[item(f"more-{number}") for number in range(5)], now=now())
    triage(now())
    by, ids = (
        cast.viewer("lead"),
        list(Item.objects.filter(external_id__startswith="more").values_list("pk", flat=True)),
    )
    reason = "The carrier says by noon."
    pipeline.begin_bulk(
        asked=Asked("hold", until=now() + timedelta(hours=3)), item_ids=ids[:2], reason=reason, by=by, now=now()
    )
    shape = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    page = opened("lead", "/items/?queue=support", **shape)
    check(page)
    for box in page.locator("[name=item]").all():
        box.check()
    page.select_option("#change-verb", "move")
    page.get_by_role("button", name="Preview").click()
    check(page)
    page.select_option("#queue_to", "careful")
    page.get_by_role("button", name="Preview").click()
    page.fill("#reason", "They ask for a refund.")
    check(page)
    page.get_by_role("button", name="Change 3 items").click()
    page.wait_for_selector("#change")
    check(page)
    page.get_by_role("button", name="Take it back").click()
    page.get_by_text("took it back").wait_for()
    check(page)
    for path in ("/changes/", f"/items/{ids[0]}/", f"/items/{settled}/", "/settings/queues/careful/"):
        page.goto("/".join(page.url.split("/")[:3]) + path)
        check(page)


def test_the_second_reviewer_sees_the_first_beside_the_work(cast: Cast, opened: Opened) -> None:
    Queue.objects.filter(pk=cast.careful.pk).update(blind=False)
    queued(cast, 1, risk={"level": "high"}, now=now())
    first = claim(cast, cast.reviewer, queue="careful", now=None)
    pipeline.submit_review(
        assignment=first.assignment, fence=first.fence, by=cast.reviewer.user, judgement=edit("On Sunday.")
    )
    second = claim(cast, cast.reviewer2, queue="careful", now=None)
    page = opened("reviewer2", reverse("turn", args=[second.assignment.pk]))
    page.get_by_text("What was decided before you").wait_for()
    check(page)
