"""Here for held answers: the switch, the sign of life, what the workbench shows, and who may take what."""

from collections.abc import Callable
from datetime import timedelta

from django.test import Client
from django.urls import reverse

from reviewqueue import pipeline
from reviewqueue.assignment.models import Assignment, Draft, Duty
from reviewqueue.assignment.queries import duty_of
from reviewqueue.common.clock import now
from reviewqueue.review.models import Publication
from tests.cast import Cast
from tests.steps import claim, edit, held_item, hold, on_duty, queued, settle

Browser = Callable[[str], Client]
HTMX = {"hx-request": "true"}


def here(cast: Cast, client: Client) -> None:
    assert client.post("/duty/", {"here": "1", "next": "/my-queue/"}).url == "/my-queue/"
    assert duty_of(viewer=cast.viewer("reviewer"), now=now()) is not None


def held_by_reviewer(cast: Cast) -> Assignment:
    return Assignment.objects.filter(user=cast.reviewer.user, ended_at=None).latest("opened_at")


def test_one_click_says_that_one_is_here_and_another_that_one_is_not(cast: Cast, browser: Browser) -> None:
    client = browser("reviewer")
    assert 'aria-pressed="false"' in client.get("/my-queue/").content.decode()
    here(cast, client)
    assert 'id="beat"' in client.get("/my-queue/").content.decode()
    client.post("/duty/", {"here": "0", "next": "https://elsewhere.example/"})
    assert Duty.objects.get().end_reason == "left"


def test_signing_out_ends_it(cast: Cast, browser: Browser) -> None:
    client = browser("reviewer")
    here(cast, client)
    client.post("/sign-out/")
    assert Duty.objects.get().end_reason == "signed_out"


def test_who_reviews_nothing_has_no_switch(cast: Cast, browser: Browser) -> None:
    assert "/duty/" not in browser("auditor").get("/board/").content.decode()
    assert browser("auditor").post("/duty/", {"here": "1"}).status_code == 403


def test_a_page_that_is_silent_for_a_minute_counts_no_more(cast: Cast, browser: Browser) -> None:
    client = browser("reviewer")
    here(cast, client)
    Duty.objects.update(seen_at=now() - timedelta(seconds=59))
    assert client.post("/duty/beat/", headers=HTMX).status_code == 204
    assert Duty.objects.get().seen_at > now() - timedelta(seconds=5)
    Duty.objects.update(seen_at=now() - timedelta(seconds=61))
    assert client.post("/duty/beat/", headers=HTMX).status_code == 286  # and asks no more
    here(cast, client)
    assert list(Duty.objects.order_by("begun_at").values_list("end_reason", flat=True)) == ["unseen", ""]


def test_a_page_that_is_closed_says_so_and_another_goes_on(cast: Cast, browser: Browser) -> None:
    client = browser("reviewer")
    here(cast, client)
    client.post("/duty/beat/", {"leaving": "1"})
    assert duty_of(viewer=cast.viewer("reviewer"), now=now() + timedelta(seconds=6)) is None
    client.post("/duty/beat/")  # the next page of the same person
    assert duty_of(viewer=cast.viewer("reviewer"), now=now() + timedelta(seconds=50)) is not None


def test_a_held_answer_is_announced_once_with_its_time(cast: Cast, browser: Browser) -> None:
    client = browser("reviewer")
    here(cast, client)
    hold(cast, held_item(), now=now())
    first = client.post("/duty/beat/", headers=HTMX)
    words = first.content.decode()
    assert first.headers["HX-Trigger"] == "rq:held"
    assert "A held answer waits" in words
    known = words.partition('name="known" value="')[2].partition('"')[0]
    assert client.post("/duty/beat/", {"known": known}, headers=HTMX).status_code == 204
    claim(cast, cast.reviewer2, now=now())
    gone = client.post("/duty/beat/", {"known": known}, headers=HTMX)
    assert (gone.status_code, gone.content.strip()) == (200, b"")


def test_an_idle_workbench_takes_it_by_itself(cast: Cast, browser: Browser) -> None:
    client = browser("reviewer")
    here(cast, client)
    assert "rq:held from:body" in client.get(reverse("workbench")).content.decode()
    assert client.post(reverse("held_take"), headers=HTMX).status_code == 204
    queued(cast, now=now())
    hold(cast, held_item(), now=now())
    words = client.post(reverse("held_take"), headers=HTMX).content.decode()
    assert "An AI system waits for you" in words
    assert "A colleague will answer shortly." in words
    assert "Submit, sent at once" in words
    assert "goes out at once and cannot be undone" in words
    assert "What should a lead decide?" in words
    assert ">Snooze" not in words
    assert client.post(reverse("held_take"), headers=HTMX).status_code == 204  # never an ordinary item


def test_it_can_be_taken_in_the_middle_of_another_whose_text_is_kept(cast: Cast, browser: Browser) -> None:
    client = browser("reviewer")
    queued(cast, now=now())
    here(cast, client)
    client.post(reverse("claim"))
    present = held_by_reviewer(cast)
    hold(cast, held_item(), now=now())
    typed = {"assignment": present.pk, "fence": present.fence, "decision": "edit", "correction": "Half a thou"}
    went = client.post(reverse("held_take"), typed)
    taken = held_by_reviewer(cast)
    assert (taken.item.external_id, went.url) == ("held-1", reverse("turn", args=[taken.pk]))
    assert Draft.objects.get(assignment=present).body["correction"] == "Half a thou"
    done = client.post(reverse("turn_review", args=[taken.pk]), {"fence": taken.fence, "decision": "approve"})
    assert Publication.objects.count() == 1  # at once
    assert done.url == reverse("turn", args=[present.pk])  # and back to the first
    assert "Half a thou" in client.get(done.url).content.decode()


def test_after_the_present_item_the_held_answer_comes_first(cast: Cast, browser: Browser) -> None:
    client = browser("reviewer")
    queued(cast, 2, now=now())
    here(cast, client)
    client.post(reverse("claim"))
    present = held_by_reviewer(cast)
    hold(cast, held_item(), now=now())
    client.post(reverse("turn_review", args=[present.pk]), {"fence": present.fence, "decision": "approve"})
    assert held_by_reviewer(cast).item.external_id == "held-1"


def test_after_its_timeout_the_page_says_that_the_decision_is_late(cast: Cast, browser: Browser) -> None:
    client = browser("reviewer")
    on_duty(cast.reviewer, now=now())
    hold(cast, held_item(), now=now())
    client.post(reverse("claim"))
    taken = held_by_reviewer(cast)
    pipeline.time_out_due(now=now() + timedelta(seconds=121))
    words = client.get(reverse("turn", args=[taken.pk])).content.decode()
    assert "The AI system was answered without you." in words
    assert ">Snooze" in words


def test_the_board_says_who_is_here_and_how_the_last_hour_went(cast: Cast, browser: Browser) -> None:
    lead = browser("lead")
    assert "Held answers" not in lead.get("/board/").content.decode().partition("<main")[2]
    on_duty(cast.reviewer, now=now())
    hold(cast, held_item("a"), held_item("b"), now=now())
    words = lead.get("/board/").content.decode()
    assert "2 AI systems wait" in words
    assert "Here for them:" in words
    Duty.objects.update(seen_at=now() - timedelta(minutes=2))
    pipeline.time_out_due(now=now())
    words = lead.get("/board/").content.decode()
    assert "Nobody is here for them" in words
    assert "0 decided in time, 0 at their deadline, 2 with nobody there" in words


def test_the_items_page_tells_of_the_timeout_and_of_the_late_decision(cast: Cast, browser: Browser) -> None:
    on_duty(cast.reviewer, now=now())
    (received,) = hold(cast, held_item(), now=now())
    pipeline.time_out_due(now=now() + timedelta(seconds=121))
    settle(cast, cast.reviewer, edit(), now=now())
    page = browser("lead").get(f"/items/{received.id}/")
    assert page.status_code == 200
    assert "A colleague will answer shortly." in page.content.decode()
    assert "Nobody decided in time" in page.content.decode()
