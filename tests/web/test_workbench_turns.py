"""A turn at the workbench that is undone, kept, lost, or given to somebody else; every step is a whole page."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from reviewqueue import pipeline
from reviewqueue.assignment.models import Assignment, AssignmentNote, Draft, Slot
from reviewqueue.common.clock import database_now, now
from reviewqueue.intake.models import ItemState
from reviewqueue.review.models import DuePublication, Escalation, Outcome, Review
from reviewqueue.web.workbench import views
from tests.cast import Cast
from tests.steps import queued
from tests.web.turning import HTMX, edited, fields, post, take

Browser = Callable[[str], Client]


# --- undo --------------------------------------------------------------------------------------------------------


def test_undo_gives_the_item_back_as_it_was_submitted(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    post(client, turn, "review", edited(turn, reason_codes=["tone"], note="Look again."))
    outcome = Outcome.objects.get()
    page = client.post(f"/undo/{outcome.pk}/", follow=True).content.decode()
    assert "It will arrive on Monday." in page
    assert "Look again." in page
    assert 'value="edit" data-key="E" data-focus="#f-1, #correction, #label-search" checked' in page
    assert not DuePublication.objects.exists()
    again = Assignment.objects.get(ended_at=None)
    post(client, again, "review", fields(again, decision="approve"))
    assert Outcome.objects.order_by("-version").first().decision == "approve"  # type: ignore[union-attr]


def test_the_turn_after_an_undo_runs_on_the_databases_clock(
    cast: Cast, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    post(client, turn, "review", edited(turn))
    monkeypatch.setattr(views, "now", lambda: database_now() + timedelta(hours=1))  # this server's is wrong
    client.post(f"/undo/{Outcome.objects.get().pk}/")
    again = Assignment.objects.select_related("slot").get(ended_at=None)
    lease = timedelta(seconds=cast.support.lease_seconds)
    assert timedelta() < again.slot.expires_at - database_now() <= lease


def test_a_late_undo_is_refused_in_words(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    post(client, turn, "review", edited(turn))
    pipeline.publish(workspace_id=cast.workspace.pk, now=now() + timedelta(seconds=11))
    page = client.post(f"/undo/{Outcome.objects.get().pk}/", follow=True)
    assert b"too late to undo" in page.content


@pytest.mark.parametrize("name", ["reviewer2", "lead", "stranger"])
def test_nobody_undoes_what_another_decided(cast: Cast, browser: Browser, name: str) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    post(client, turn, "review", edited(turn))
    assert browser(name).post(f"/undo/{Outcome.objects.get().pk}/").status_code == 404
    assert DuePublication.objects.exists()


def test_a_draft_that_arrives_after_the_submit_does_not_hide_it_from_undo(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    post(client, turn, "review", edited(turn, "The last word."))
    answer = post(client, turn, "draft", edited(turn, "An earlier wor"))
    assert (answer.status_code, answer.json()["why"]) == (409, "You submitted this item.")
    page = client.post(f"/undo/{Outcome.objects.get().pk}/", follow=True)
    assert b"The last word." in page.content


# --- keeping -----------------------------------------------------------------------------------------------------


def test_a_draft_is_kept_and_comes_back(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    answer = post(client, turn, "draft", edited(turn, "Half a sent", reason_codes=["tone"], train_no="1"))
    assert answer.json()["expires_in"] in range(295, 301)
    page = client.get(reverse("turn", args=[turn.pk])).content.decode()
    assert "Half a sent" in page
    assert "Draft saved" in page
    assert 'name="train_no" value="1" data-key="O" checked' in page


def test_a_sign_of_life_renews_the_turn_and_keeps_nothing(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    Slot.objects.update(expires_at=now() + timedelta(seconds=5))
    assert post(client, turn, "draft", fields(turn, beat="1")).json()["saved_at"] == ""
    assert Slot.objects.get().expires_at > now() + timedelta(minutes=4)
    assert not Draft.objects.exists()


def test_a_lost_turn_says_so_and_keeps_the_text(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    pipeline.expire_due(now=now() + timedelta(hours=1))
    take(browser("reviewer2"))
    assert post(client, turn, "draft", edited(turn, "Almost done.")).status_code == 409
    answer = post(client, turn, "review", edited(turn, "All done."))
    assert answer.status_code == 409
    assert b"This turn is over, your text is kept." in answer.content
    assert b"All done." in answer.content
    assert b"All done." in client.get(reverse("turn", args=[turn.pk])).content
    assert not Review.objects.exists()


def test_the_text_of_a_lost_turn_comes_back_with_the_item(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    post(client, turn, "draft", edited(turn, "My earlier words."))
    pipeline.expire_due(now=now() + timedelta(hours=1))
    page = client.post(reverse("claim"), follow=True).content
    assert Assignment.objects.count() == 2
    assert b"My earlier words." in page


def test_a_turn_that_ran_out_still_counts_when_nobody_else_began(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    pipeline.expire_due(now=now() + timedelta(hours=1))
    assert post(client, turn, "review", edited(turn)).status_code == 302
    assert Outcome.objects.exists()


def test_a_submitted_turn_opened_again_says_so(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    post(client, turn, "review", edited(turn))
    assert b"You submitted this item." in client.get(reverse("turn", args=[turn.pk])).content
    assert post(client, turn, "review", edited(turn)).status_code == 409
    assert Review.objects.count() == 1


def test_a_script_whose_session_ended_is_told_and_not_sent_elsewhere(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    client.logout()
    assert post(client, turn, "review", edited(turn), headers=HTMX).status_code == 401
    assert post(client, turn, "draft", edited(turn), headers={"sec-fetch-mode": "cors"}).status_code == 401
    assert post(client, turn, "review", edited(turn)).url == "/sign-in/?next=/"


# --- other ways out ----------------------------------------------------------------------------------------------


def test_returning_gives_it_to_another_with_the_reason_kept(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    page = post(client, turn, "return", fields(turn, return_reason="I know the customer."), follow=True)
    assert b"conv-0 returned." in page.content
    assert AssignmentNote.objects.get().text == "I know the customer."
    assert b"Nothing waits for you." in client.post(reverse("claim"), follow=True).content
    assert take(browser("reviewer2")).user == cast.reviewer2.user


def test_snoozing_puts_it_aside_until_a_time(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    assert post(client, turn, "snooze", fields(turn, snooze="never")).status_code == 422
    post(client, turn, "snooze", fields(turn, snooze="120"))
    slot = Slot.objects.get()
    assert slot.held_until is not None
    assert timedelta(minutes=119) < slot.held_until - now() < timedelta(minutes=121)


def test_tomorrow_means_the_morning_where_the_person_is(cast: Cast, browser: Browser) -> None:
    type(cast.reviewer.user).objects.filter(pk=cast.reviewer.user.pk).update(time_zone="Asia/Tokyo")
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    post(client, turn, "snooze", fields(turn, snooze="tomorrow"))
    held_until = Slot.objects.get().held_until
    assert held_until is not None
    assert (held_until.hour, held_until.minute) == (23, 0)  # 8:00 in Tokyo, in UTC


def test_escalating_needs_a_question_and_puts_it_to_a_lead(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    empty = post(client, turn, "escalate", fields(turn, question="  "))
    assert empty.status_code == 422
    assert b"A lead needs your question" in empty.content
    page = post(client, turn, "escalate", fields(turn, question="Is this allowed?"), follow=True)
    assert b"conv-0 sent to a lead." in page.content
    assert Escalation.objects.get().content.question == "Is this allowed?"
    assert ItemState.objects.get().state == "escalated"


def test_what_waits_for_a_lead_is_not_escalated_again(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    post(client, turn, "escalate", fields(turn, question="Is this allowed?"))
    lead = browser("lead")
    assert b"Send to a lead" not in lead.post(reverse("claim"), follow=True).content
    turn = Assignment.objects.get(ended_at=None)
    answer = post(lead, turn, "escalate", fields(turn, question="You?"), headers=HTMX)
    assert answer.status_code == 422
    assert b"waits for a lead already" in answer.content


def test_the_lead_sees_the_question_and_decides(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    post(client, turn, "escalate", fields(turn, question="Is this allowed?"))
    lead = browser("lead")
    page = lead.post(reverse("claim"), follow=True).content.decode()
    assert "Is this allowed?" in page
    decided = Assignment.objects.get(ended_at=None)
    post(lead, decided, "review", edited(decided))
    assert Outcome.objects.get().basis == "adjudication"


def test_the_lead_sees_where_two_reviews_differ_and_the_reviewers_do_not(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now(), risk={"level": "high"})
    first, second = browser("reviewer"), browser("reviewer2")
    turn = take(first)
    post(first, turn, "review", edited(turn, "It will arrive on Tuesday."))
    page = second.post(reverse("claim"), follow=True).content.decode()
    assert "Tuesday" not in page
    turn = Assignment.objects.get(ended_at=None)
    answer = post(second, turn, "review", fields(turn, decision="approve"), follow=True)
    assert b"It is not settled yet." in answer.content
    page = browser("lead").post(reverse("claim"), follow=True).content.decode()
    assert "It will arrive on <del>Friday</del> <ins>Tuesday</ins>." in page
