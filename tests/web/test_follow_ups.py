"""Wrong answers that customers got: somebody takes each, makes it good, and says how."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.test import Client

from reviewqueue.common import clock
from reviewqueue.review.models import FollowUp
from tests.cast import Cast
from tests.steps import edit, publish, queued, settle

Browser = Callable[[str], Client]


def wrong(cast: Cast, *, ago: timedelta = timedelta()) -> FollowUp:
    at = clock.now() - ago
    queued(cast, now=at)
    settle(cast, cast.reviewer, edit(follow_up=True), now=at)
    publish(cast, now=at)
    return FollowUp.objects.get()


def words(client: Client, path: str = "/follow-ups/", status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.content.decode()


def test_what_the_customer_got_stands_beside_what_is_right(cast: Cast, browser: Browser) -> None:
    wrong(cast)
    page = words(browser("lead"))
    for expected in (
        "One person got a wrong answer and waits.",
        "Nobody has these yet",
        "It will arrive on Friday.",
        "It will arrive on Monday.",
        "Take it",
    ):
        assert expected in page


def test_one_takes_it_makes_it_good_and_takes_that_back(cast: Cast, browser: Browser) -> None:
    opened = wrong(cast)
    client = browser("reviewer")
    taken = client.post(f"/follow-ups/{opened.pk}/take/", follow=True).content.decode()
    assert "conv-0 is yours." in taken
    assert "Yours to make good" in taken
    done = client.post(f"/follow-ups/{opened.pk}/done/", {"note": "Called her."}, follow=True).content.decode()
    assert "Made good in the last 30 days" in done
    assert "Called her." in done
    again = client.post(f"/follow-ups/{opened.pk}/undo/", follow=True).content.decode()
    assert "conv-0 is open again." in again
    assert "Yours to make good" in again


def test_a_lead_hands_it_on_and_its_owner_sees_it_everywhere(cast: Cast, browser: Browser) -> None:
    opened = wrong(cast)
    browser("lead").post(f"/follow-ups/{opened.pk}/hand-on/", {"to": str(cast.reviewer2.user_id)})
    client = browser("reviewer2")
    assert "Yours to make good" in words(client)
    assert "One wrong answer that a customer got is to be made good." in words(client, "/my-queue/")
    assert '<span class="num count end">1</span>' in words(client, "/my-queue/")
    assert "With colleagues" in words(browser("lead"))
    refused = browser("reviewer").post(f"/follow-ups/{opened.pk}/take/")
    assert refused.status_code == 404


def test_nobody_else_is_handed_it(cast: Cast, browser: Browser) -> None:
    opened = wrong(cast)
    for to in (cast.ml.user_id, cast.stranger.user_id, "x", ""):
        assert browser("lead").post(f"/follow-ups/{opened.pk}/hand-on/", {"to": str(to)}).status_code == 404


def test_the_board_tells_the_lead_what_has_nobody_and_what_is_late(cast: Cast, browser: Browser) -> None:
    wrong(cast, ago=timedelta(days=2))
    page = words(browser("lead"), "/board/")
    assert "One wrong answer that a customer got has nobody." in page
    assert "One is overdue." in page
    assert "One of them is overdue." in words(browser("lead"))


def test_who_looks_on_changes_nothing(cast: Cast, browser: Browser) -> None:
    opened = wrong(cast)
    client = browser("auditor")
    page = words(client)
    assert "It will arrive on Friday." in page
    assert "Take it" not in page
    for step in ("take", "done", "undo"):
        assert client.post(f"/follow-ups/{opened.pk}/{step}/").status_code == 403


def test_with_nothing_to_do_it_says_when_there_will_be(cast: Cast, browser: Browser) -> None:
    page = words(browser("reviewer"))
    assert "Nobody waits for a wrong answer to be made good." in page
    assert "Nothing to make good" in page


def test_the_items_timeline_tells_of_it(cast: Cast, browser: Browser) -> None:
    opened = wrong(cast)
    browser("lead").post(f"/follow-ups/{opened.pk}/done/", {"note": "Sent a voucher."})
    page = words(browser("lead"), f"/items/{opened.item_id}/")
    assert "To be made good: the customer already got it" in page
    assert "Made good" in page
    assert "Sent a voucher." in page


def test_done_twice_says_so(cast: Cast, browser: Browser) -> None:
    opened = wrong(cast)
    client = browser("lead")
    answers: list[Any] = [client.post(f"/follow-ups/{opened.pk}/done/", follow=True) for _again in range(2)]
    assert "This follow-up is done already." in answers[1].content.decode()
