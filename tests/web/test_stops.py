"""The brake in the browser: what would happen, pulling it, what everybody sees meanwhile, and letting work go on."""

from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from reviewqueue.assignment.models import Assignment
from reviewqueue.intake.models import Gate
from reviewqueue.queues.models import Stop
from tests.cast import Cast
from tests.steps import claim, held_item, hold, on_duty, queued

Browser = Callable[[str], Client]


def page(client: Client, address: str, **data: str) -> str:
    answer = client.get(address, data)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def stop(client: Client, **more: str) -> None:
    answer = client.post("/stops/+begin/", {"why": "wrong_answers", "note": "Since noon.", **more})
    assert (answer.status_code, answer.url) == (302, "/stops/")


def test_a_lead_sees_what_would_happen_before_it_does(cast: Cast, browser: Browser) -> None:
    queued(cast, 3)
    claim(cast, cast.reviewer)
    on_duty(cast.reviewer)
    hold(cast, held_item())
    said = page(browser("lead"), "/stops/+begin/", queue="support")
    assert "Stop the queue Support?" in said
    assert "<b>4 items that wait</b>" in said
    assert "<b>One item in somebody's hands</b>" in said
    assert "<b>One AI system that waits</b>" in said
    assert "Nothing passes any more" in said
    assert "Nothing passes by way of this queue" in page(browser("lead"), "/stops/+begin/", queue="careful")
    assert not Stop.objects.exists()


def test_it_is_stopped_with_who_and_why_and_everybody_is_told(cast: Cast, browser: Browser) -> None:
    queued(cast)
    stop(browser("lead"), queue="support")
    made = Stop.objects.get()
    assert (made.queue, made.begun_by, made.why) == (cast.support, cast.lead.user, "wrong_answers")
    words = "The queue Support is stopped: the AI&#x27;s answers are wrong."
    for who, address in (("lead", "/board/"), ("reviewer", "/my-queue/"), ("auditor", "/items/")):
        assert words in page(browser(who), address)
    assert "Since noon." in page(browser("auditor"), "/stops/")
    assert "Since noon." not in page(browser("reviewer"), "/my-queue/")


def test_the_workbench_says_so_instead_of_the_next_item(cast: Cast, browser: Browser) -> None:
    queued(cast)
    stop(browser("lead"))
    client = browser("reviewer")
    shown = client.post(reverse("claim"), follow=True).content.decode()
    assert "Nothing is handed out at the moment." in shown
    assert "All work is stopped" in shown
    part = client.post(reverse("claim"), headers={"hx-request": "true"}).content.decode()
    assert "Nothing is handed out at the moment." in part
    assert not Assignment.objects.exists()


def test_who_holds_an_item_goes_on_with_it_also_on_duty(cast: Cast, browser: Browser) -> None:
    queued(cast)
    turn = claim(cast, cast.reviewer, now=None)
    client = browser("reviewer")
    client.post("/duty/", {"here": "1"})
    stop(browser("lead"))
    assert client.post(reverse("claim")).url == reverse("turn", args=[turn.assignment.pk])
    assert "Stopped: finish what you hold" in page(client, reverse("turn", args=[turn.assignment.pk]))
    said = {"fence": str(turn.fence), "decision": "approve"}
    shown = client.post(reverse("turn_review", args=[turn.assignment.pk]), said, follow=True).content.decode()
    assert "Nothing is handed out at the moment." in shown
    assert Assignment.objects.get().end_reason == "submitted"


def test_a_held_answer_cannot_be_taken_and_that_is_said(cast: Cast, browser: Browser) -> None:
    client = browser("reviewer")
    client.post("/duty/", {"here": "1"})
    stop(browser("lead"))
    assert "All work is stopped" in client.post(reverse("held_take"), follow=True).content.decode()


def test_letting_it_go_on(cast: Cast, browser: Browser) -> None:
    queued(cast)
    stop(browser("lead"), source="support-chatbot")
    made = Stop.objects.get()
    ended = browser("lead").post(f"/stops/{made.pk}/end/", follow=True).content.decode()
    assert "Work goes on: source support-chatbot." in ended
    made.refresh_from_db()
    assert made.ended_by == cast.lead.user
    assert "is stopped" not in page(browser("reviewer"), "/my-queue/")
    assert "Nothing is stopped." in page(browser("auditor"), "/stops/")
    again = browser("lead").post(f"/stops/{made.pk}/end/", follow=True).content.decode()
    assert "This stop has been ended already." in again


def test_a_reason_is_chosen_by_the_person(cast: Cast, browser: Browser) -> None:
    answer = browser("lead").post("/stops/+begin/", {"note": "Quick!"})
    assert answer.status_code == 422
    assert "Choose what people are told." in answer.content.decode()
    assert "Quick!" in answer.content.decode()
    assert not Stop.objects.exists()


def test_what_is_stopped_already_is_not_stopped_again(cast: Cast, browser: Browser) -> None:
    client = browser("lead")
    stop(client)
    stop(client)
    assert Stop.objects.count() == 1
    shown = page(client, "/stops/")
    assert "This is stopped already." in shown
    assert "Stop the whole workspace" not in shown


def test_only_leads_stop_and_let_go_on(cast: Cast, browser: Browser) -> None:
    stop(browser("admin"))
    made = Stop.objects.get()
    for who in ("reviewer", "ml", "auditor"):
        assert browser(who).get("/stops/+begin/").status_code == 403
        assert browser(who).post(f"/stops/{made.pk}/end/").status_code == 403
    assert browser("stranger").post(f"/stops/{made.pk}/end/").status_code == 404
    assert "stopped" not in page(browser("stranger"), "/my-queue/")
    assert "Let it go on" not in page(browser("auditor"), "/stops/")


def test_the_buttons_stand_where_they_are_needed(cast: Cast, browser: Browser) -> None:
    lead = browser("lead")
    assert 'href="/stops/"' in page(lead, "/board/")
    assert "/stops/+begin/?queue=support" in page(lead, "/board/queues/support/")
    assert "/stops/+begin/?source=support-chatbot" in page(lead, "/settings/sources/support-chatbot/")
    assert 'href="/stops/"' in page(lead, "/settings/")
    everything = page(lead, "/stops/")
    assert 'href="/stops/+begin/"' in everything
    assert Gate.objects.count() == 0
