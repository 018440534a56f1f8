"""Changing where items wait, on pages: chosen in the list, foreseen, done, and taken back."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from reviewqueue import pipeline
from reviewqueue.assignment.models import Assignment, BulkAction, Hold
from reviewqueue.common.clock import now
from reviewqueue.pipeline import bulk as doing
from reviewqueue.triage.models import QueueEntry
from tests.cast import Cast
from tests.steps import claim, edit, queued, settle

Browser = Callable[[str], Client]
WHY = "The strike is over."


def waiting(cast: Cast, count: int = 3) -> list[str]:
    return [str(one.id) for one in queued(cast, count, now=now())]


def words(answer, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()[:800]
    return re.sub(r"\s+", " ", answer.content.decode())


def preview(client: Client, **asked) -> str:
    return words(client.get("/items/+change/", asked))


def do(client: Client, **asked):
    return client.post("/items/+change/", {"reason": WHY, **asked})


def test_the_list_offers_it_to_leads_alone(cast: Cast, browser: Browser) -> None:
    waiting(cast)
    assert "/items/+change/" in words(browser("lead").get("/items/"))
    assert "/items/+change/" not in words(browser("ml").get("/items/"))
    for who in ("reviewer", "ml", "auditor"):
        assert browser(who).get("/changes/").status_code == 403
        assert do(browser(who), verb="raise", minutes=60, item=waiting(cast, 1)).status_code == 403


def test_a_lead_sees_what_would_change_and_why_the_rest_would_not(cast: Cast, browser: Browser) -> None:
    ids = waiting(cast)
    settle(cast, cast.reviewer, edit(), now=now())
    shown = preview(browser("lead"), verb="move", queue_to="careful", item=ids)
    assert "2 items would move to Careful." in shown
    assert "It waits for nobody any more" in shown
    assert not BulkAction.objects.exists()


def test_it_is_done_shown_and_taken_back(cast: Cast, browser: Browser) -> None:
    ids = waiting(cast)
    client = browser("lead")
    answer = do(client, verb="move", queue_to="careful", item=ids)
    shown = words(client.get(answer["Location"]))
    assert "3 items moved to Careful." in shown
    assert WHY in shown
    assert "3 items moved to Careful." in words(client.get("/changes/"))
    claim(cast, cast.reviewer, queue="careful", now=now())
    action = BulkAction.objects.get()
    after = words(client.post(f"/changes/{action.pk}/undo/", follow=True))
    assert "took it back: 2 are as they were before" in after
    assert "It is no longer as it was left." in after
    assert QueueEntry.objects.filter(queue=cast.support, ended_at=None).count() == 2


def test_all_that_fit_are_those_that_were_there_when_it_was_shown(cast: Cast, browser: Browser) -> None:
    waiting(cast)
    client = browser("lead")
    shown = preview(client, verb="raise", all="1", queue="support")
    assert "3 items would go 1 h ahead." in shown
    (newest,) = set(re.findall(r'name="newest" value="([0-9a-f-]+)"', shown))
    queued(cast, 5, now=now())
    do(client, verb="raise", minutes=60, all="1", queue="support", newest=newest)
    assert QueueEntry.objects.filter(ahead_minutes=60).count() == 3
    assert QueueEntry.objects.count() > 3


def test_a_reason_is_asked_for_where_somebody_waits_longer(cast: Cast, browser: Browser) -> None:
    ids = waiting(cast, 2)
    client = browser("lead")
    shown = words(do(client, verb="lower", minutes=30, item=ids, reason=" "), 422)
    assert "Say why" in shown
    assert do(client, verb="reassign", to=cast.reviewer2.user_id, item=ids, reason="").status_code == 302
    assert Assignment.objects.filter(user=cast.reviewer2.user).count() == 2


@pytest.mark.parametrize(
    "asked",
    [
        {"verb": "move", "queue_to": "nowhere"},
        {"verb": "reassign", "to": "nobody"},
        {"verb": "raise", "minutes": "x" * 50},
        {"verb": "raise", "minutes": "0"},
        {"verb": "hold", "until": "0001-01-01T00:00"},
        {"verb": "explode"},
    ],
)
def test_nonsense_is_asked_about_and_never_done(cast: Cast, browser: Browser, asked: dict) -> None:
    ids = waiting(cast, 1)
    client = browser("lead")
    assert client.get("/items/+change/", {**asked, "item": ids}).status_code == 200
    do(client, **asked, item=[*ids, "not-an-id"])
    assert not BulkAction.objects.exclude(verb="raise").exists()


def test_nothing_chosen_says_so(cast: Cast, browser: Browser) -> None:
    assert "No item is chosen." in preview(browser("lead"), verb="raise")


def test_nobody_changes_what_is_not_theirs(cast: Cast, browser: Browser) -> None:
    ids = waiting(cast)
    stranger = Client()
    stranger.force_login(cast.stranger.user)
    assert do(stranger, verb="raise", minutes=60, item=ids).status_code == 422
    assert not BulkAction.objects.exists()


def test_from_its_page_one_item_is_held_with_a_reason_and_let_go(cast: Cast, browser: Browser) -> None:
    (pk,) = waiting(cast, 1)
    client = browser("lead")
    page = f"/items/{pk}/"
    assert "Lift the hold" not in words(client.get(page))
    shown = words(client.post("/items/+change/", {"verb": "hold", "item": pk, "reason": WHY}, follow=True))
    assert "One item is kept from everybody until somebody lifts that." in shown
    assert "Lift the hold" in shown
    assert WHY in shown
    after = words(client.post(f"/changes/{BulkAction.objects.get().pk}/undo/", follow=True))
    assert "Taken back." in after
    assert "Off hold" in after
    assert not Hold.objects.filter(ended_at=None).exists()


def test_a_reviewer_reads_on_its_page_where_it_waits_and_can_do_nothing_about_it(
    cast: Cast, browser: Browser
) -> None:
    (one,) = queued(cast, 1, now=now(), risk={"level": "high"})
    turn = claim(cast, cast.reviewer, queue="careful", now=now())
    pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, judgement=edit(), now=now()
    )
    shown = words(browser("reviewer").get(f"/items/{one.id}/"))
    assert "Where it waits" in shown
    assert "/items/+change/" not in shown


def test_what_is_refused_on_its_page_is_said_there(cast: Cast, browser: Browser) -> None:
    (pk,) = waiting(cast, 1)
    claim(cast, cast.reviewer, now=now())
    shown = words(browser("lead").post("/items/+change/", {"verb": "hold", "item": pk, "reason": WHY}, follow=True))
    assert "Somebody has it in hand at this moment." in shown


def test_many_go_on_by_themselves_and_the_page_says_how_far(
    cast: Cast, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doing, "AT_ONCE", 1)
    ids = waiting(cast, 3)
    client = browser("lead")
    place = do(client, verb="raise", minutes=60, item=ids)["Location"]
    pipeline.do_bulk(now=now(), most=2)
    shown = words(client.get(place))
    assert "2 of 3." in shown
    assert 'hx-trigger="every 2s"' in shown
    pipeline.do_bulk(now=now())
    assert 'hx-trigger="every 2s"' not in words(client.get(place))


def test_a_hold_until_a_time_is_in_the_readers_own_zone(cast: Cast, browser: Browser) -> None:
    cast.lead.user.time_zone = "Asia/Tokyo"
    cast.lead.user.save()
    (pk,) = waiting(cast, 1)
    at = (now() + timedelta(days=1)).replace(second=0, microsecond=0)
    typed = (at + timedelta(hours=9)).strftime("%Y-%m-%dT%H:%M")
    do(browser("lead"), verb="hold", until=typed, item=pk)
    assert Hold.objects.get().until_at == at


def test_the_queue_leads_to_its_items_and_to_how_it_works(cast: Cast, browser: Browser) -> None:
    shown = words(browser("lead").get("/board/queues/support/"))
    assert f"{reverse('items')}?queue=support" in shown
    assert reverse("settings_queue", args=["support"]) in shown
