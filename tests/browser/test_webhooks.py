"""The pages of webhooks in a browser: readable in every look, and a test that is answered in place."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opened
from tests.browser.test_kinds import SHAPES, picture
from tests.browser.test_looks import check
from tests.cast import NOW, Cast
from tests.delivery.receiver import Receiver, receiving
from tests.delivery.telling import after, hook, items, run, tell
from tests.steps import edit, publish, queued, settle

SEEN = {"light": ["replays"], "dark": ["delivery"], "narrow": ["webhooks", "webhook"]}
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def pages(cast: Cast, receiver: Receiver) -> dict[str, str]:
    """A webhook that fails, one that is well, one with a long address; returns their pages by name."""
    well = hook(cast, receiver.url, "outcome.settled", "outcome.superseded")
    queued(cast, 3)
    for _ in range(3):
        settle(cast, cast.reviewer, edit())
    publish(cast)
    run(after(seconds=20))
    failing = hook(cast, receiver.url.replace("/hook", "/failing"))
    tell(cast, items(cast, 9), now=after(minutes=1))
    receiver.answers = [(500, {})]
    run(after(minutes=1))
    hook(cast, "https://bot.example/hooks/a-rather-long-address/that-goes-on/and-on", source=cast.source)
    own = f"/settings/webhooks/{failing.pk}/"
    return {
        "webhooks": "/settings/webhooks/",
        "webhook": own,
        "replays": f"{own}replays/?which=all",
        "delivery": f"/settings/webhooks/{well.pk}/deliveries/{well.deliveries.latest('pk').pk}/",
    }


@pytest.mark.parametrize("shape", SHAPES)
def test_pages_of_webhooks_look_well(opened: Opened, pages: dict[str, str], shape: str) -> None:
    width, height = SHAPES[shape]
    look = {"viewport": {"width": width, "height": height}, "color_scheme": "dark" if shape == "dark" else "light"}
    for name in SEEN[shape]:
        page = opened("admin", pages[name], **look)
        check(page)
        picture(page, f"{name}-{shape}")


def test_a_test_is_answered_in_place(opened: Opened, cast: Cast, receiver: Receiver) -> None:
    webhook = hook(cast, receiver.url, now=NOW)
    page = opened("admin", f"/settings/webhooks/{webhook.pk}/")
    page.get_by_role("button", name="Send a test message").click()
    expect(page.locator("#tested")).to_contain_text("The test arrived:")
    assert page.url.endswith(f"/settings/webhooks/{webhook.pk}/")
    assert len(receiver.got) == 1
