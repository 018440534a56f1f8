"""The pages of edge cases, owners and knowledge: nothing axe finds, no sideways scroll, at two widths and themes."""

from datetime import timedelta

import pytest

from reviewqueue import pipeline
from reviewqueue.common.clock import now
from tests.browser.conftest import Opened
from tests.browser.test_looks import check
from tests.cast import Cast
from tests.edgecases.steps import REJECT, asked, items
from tests.edgecases.steps import opened as case_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 320)])
def test_a_lead_rules_and_sees_who_answers(cast: Cast, opened: Opened, scheme: str, width: int) -> None:
    long_ago = now() - timedelta(hours=5)
    escalations = asked(cast, *items(5, risk={"level": "low", "tags": ["refund"]}), now=long_ago)
    case = case_of(cast, escalations[:2], now=long_ago)
    done = case_of(cast, escalations[2:3], now=long_ago)
    pipeline.rule(case=done, said=REJECT, by=cast.viewer("lead"), now=now())
    pipeline.settle_ruled(now=now())
    pipeline.climb(workspace_id=cast.workspace.pk, now=now())
    pipeline.note_knowledge(
        item=escalations[0].item, problem="missing", title="Holidays", by=cast.viewer("lead"), now=now()
    )
    shape = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    page = opened("lead", f"/edge-cases/{case.pk}/", **shape)
    page.check("[name=decision][value=reject]")
    page.select_option("#severity", "major")
    page.fill("#words-en", "Send them to the shop.")
    page.get_by_role("button", name="Show what it would do").click()
    page.wait_for_selector("[name=confirm]")
    check(page)
    for path in (
        "/edge-cases/",
        f"/edge-cases/{done.pk}/",
        "/ownership/",
        "/knowledge/",
        "/my-queue/",
        f"/items/{escalations[0].item_id}/",
    ):
        page.goto(_at(page.url, path))
        check(page)


def _at(url: str, path: str) -> str:
    return "/".join(url.split("/")[:3]) + path
