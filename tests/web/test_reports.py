"""Somebody meets a bad answer anywhere and reports it by its link, whatever their role."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reviewqueue.audit.models import Event
from reviewqueue.intake.models import Item, Source
from reviewqueue.triage.models import Signal
from tests.cast import NOW, Cast, item
from tests.steps import edit, publish, queued, settle, submit, triage

Browser = Callable[[str], Client]


def passed(cast: Cast) -> Item:
    (received,) = submit(cast, item("conv 7/é", confidence=0.99))
    triage()
    return Item.objects.get(pk=received.id)


def words(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return answer.content.decode()


@pytest.mark.parametrize("who", ["reviewer", "lead", "ml", "auditor", "admin"])
def test_every_member_can_report_and_sees_just_enough_to_be_sure(cast: Cast, browser: Browser, who: str) -> None:
    found = passed(cast)
    client = browser(who)
    page = words(client.get("/report/", {"source": "support-chatbot", "external_id": "conv 7/é"}))
    assert "It will arrive on Friday." in page
    assert "Where is my parcel?" not in page
    thanks = client.post("/report/", {"item": str(found.pk), "note": "It never came."}, follow=True)
    assert "Thank you. Somebody looks at it." in words(thanks)
    assert "It waits for a reviewer." in words(thanks)
    told = Signal.objects.get()
    assert (told.kind, told.reported_by, told.content.note) == ("report", getattr(cast, who).user, "It never came.")
    assert Event.objects.get(verb="signal").actor_id == getattr(cast, who).user_id


def test_it_is_found_by_whatever_names_it(cast: Cast, browser: Browser) -> None:
    found = passed(cast)
    client = browser("reviewer")
    for asked in (
        {"q": str(found.pk)},
        {"item": f"http://testserver/items/{found.pk}/"},
        {"q": f"https://queue.example/api/v1/items/{found.pk}/outcome?wait=3"},
        {"q": " conv 7/é "},
        {"external_id": "conv 7/é", "source": "support-chatbot"},
    ):
        assert "What is wrong with this answer?" in words(client.get("/report/", asked)), asked


def test_what_is_not_found_is_said_and_asked_again(cast: Cast, browser: Browser) -> None:
    passed(cast)
    client = browser("reviewer")
    for asked in ({"q": "conv-8"}, {"q": "conv 7/é", "source": "nobody"}, {"q": "\x00'; --"}, {"q": "x" * 9_000}):
        page = words(client.get("/report/", asked), 404)
        assert "Nothing was found." in page
    assert "Which answer was wrong?" in words(client.get("/report/"))


def test_an_id_that_two_sources_use_asks_which_one(cast: Cast, browser: Browser) -> None:
    passed(cast)
    other = Source.objects.create(workspace=cast.workspace, slug="sales-bot", name="Sales bot", created_at=NOW)
    submit(
        Cast(**{**vars(cast), "source": other}), item("conv 7/é", source="sales-bot", output={"content": "Never."})
    )
    client = browser("reviewer")
    assert "More than one AI system uses this id." in words(client.get("/report/", {"q": "conv 7/é"}))
    assert "Never." in words(client.get("/report/", {"q": "conv 7/é", "source": "sales-bot"}))


def test_what_one_reported_is_listed_with_what_came_of_it(cast: Cast, browser: Browser) -> None:
    found = passed(cast)
    client = browser("reviewer")
    client.post("/report/", {"item": str(found.pk)})
    assert "It waits for a reviewer." in words(client.get("/report/"))
    from reviewqueue.common import clock

    settle(cast, cast.reviewer2, edit(), now=clock.now())
    assert "A person looked at it and corrected the answer." in words(client.get("/report/"))
    assert "What you reported" not in words(browser("reviewer2").get("/report/"))


def test_reported_twice_it_is_one_report(cast: Cast, browser: Browser) -> None:
    found = passed(cast)
    client = browser("reviewer")
    for _again in range(2):
        thanks = client.post("/report/", {"item": str(found.pk)}, follow=True)
    assert "You have reported this answer already." in words(thanks)
    assert Signal.objects.count() == 1


def test_another_workspaces_answer_is_not_there(cast: Cast, browser: Browser) -> None:
    found = passed(cast)
    stranger = browser("stranger")
    assert "Nothing was found." in words(stranger.get("/report/", {"q": str(found.pk)}), 404)
    assert stranger.post("/report/", {"item": str(found.pk)}).status_code == 404
    assert not Signal.objects.exists()
    browser("reviewer").post("/report/", {"item": str(found.pk)})
    for other in ("stranger", "lead"):
        assert browser(other).get(f"/report/{Signal.objects.get().pk}/").status_code == 404


def test_who_is_not_signed_in_signs_in_first_and_comes_back(cast: Cast) -> None:
    answer = Client().get("/report/", {"source": "support-chatbot", "external_id": "conv-1"})
    assert answer.status_code == 302
    assert "next=/report/%3Fsource%3Dsupport-chatbot%26external_id%3Dconv-1" in answer.headers["Location"]


def test_the_items_page_has_the_button_and_the_links_to_pass_on(cast: Cast, browser: Browser) -> None:
    found = passed(cast)
    page = words(browser("lead").get(f"/items/{found.pk}/"))
    assert "Report this answer" in page
    assert "/report/?source=support-chatbot&amp;external_id=conv+7%2F%C3%A9" in page
    assert f"http://testserver/items/{found.pk}/" in page


def test_the_items_timeline_tells_of_reports_and_reviewers_read_them(cast: Cast, browser: Browser) -> None:
    found = passed(cast)
    browser("auditor").post("/report/", {"item": str(found.pk), "note": "The parcel is lost."})
    page = words(browser("lead").get(f"/items/{found.pk}/"))
    assert "Reported as wrong" in page
    assert "The parcel is lost." in page
    client = browser("reviewer")
    turn = words(client.post(reverse("claim"), follow=True))
    assert "A colleague reported the answer as wrong" in turn
    assert "The parcel is lost." in turn


def test_a_settled_answer_says_that_people_look_again(cast: Cast, browser: Browser) -> None:
    queued(cast)
    outcome = settle(cast, cast.reviewer, edit())
    publish(cast)
    browser("lead").post("/report/", {"item": str(outcome.item_id)})
    page = words(browser("lead").get(f"/items/{outcome.item_id}/"))
    assert "It was decided, and people look at it again." in page
