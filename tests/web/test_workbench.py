"""The workbench as a person without JavaScript uses it: every step is a whole page; htmx gets the next turn alone."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reviewqueue import pipeline
from reviewqueue.assignment.models import Assignment, AssignmentNote, Draft, Slot
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import database_now, now
from reviewqueue.intake.actions import declare
from reviewqueue.intake.models import Item, ItemState
from reviewqueue.review.models import DuePublication, Escalation, Outcome, Review
from reviewqueue.web.workbench import views
from tests.cast import NOW, Cast
from tests.steps import queued

Browser = Callable[[str], Client]
HTMX = {"hx-request": "true"}


def take(client: Client) -> Assignment:
    """Take the next item and return the turn."""
    client.post(reverse("claim"), follow=True)
    return Assignment.objects.filter(ended_at=None).latest("opened_at")


def fields(turn: Assignment, **more: Any) -> dict[str, Any]:
    return {"fence": turn.fence, "correction": "It will arrive on Friday.", **more}


def edited(turn: Assignment, text: str = "It will arrive on Monday.", **more: Any) -> dict[str, Any]:
    return fields(turn, decision="edit", severity="major", **{"correction": text, **more})


def post(client: Client, turn: Assignment, step: str, data: dict[str, Any], **more: Any):
    return client.post(reverse(f"turn_{step}", args=[turn.pk]), data, **more)


# --- taking ------------------------------------------------------------------------------------------------------


def test_taking_the_next_shows_evidence_answer_and_why(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now(), attributes={"customer_tier": "gold"})
    page = browser("reviewer").post(reverse("claim"), follow=True)
    words = page.content.decode()
    for said in ("Where is my parcel?", "It will arrive on Friday.", "gold", "Name the last day.", "wrong fact"):
        assert said in words
    assert page.redirect_chain[-1][0] == reverse("turn", args=[Assignment.objects.get().pk])


def test_nothing_is_chosen_beforehand(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    page = browser("reviewer").post(reverse("claim"), follow=True).content.decode()
    form = page[page.index('<form class="dock"') :]
    assert "checked" not in form[: form.index("</form>")]


def test_the_confidence_stays_hidden_where_the_queue_says_so(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    page = browser("reviewer").post(reverse("claim"), follow=True).content.decode()
    assert "Confidence is below 0.60 (rule 2, policy 1)" in page
    assert "0.42" not in page


def test_the_confidence_is_shown_where_the_queue_does_not_hide_it(cast: Cast, browser: Browser) -> None:
    type(cast.support).objects.update(hides_confidence=False)
    queued(cast, now=now())
    page = browser("reviewer").post(reverse("claim"), follow=True).content.decode()
    assert "AI confidence 0.42" in page


def test_taking_again_goes_on_with_what_one_holds(cast: Cast, browser: Browser) -> None:
    queued(cast, 2, now=now())
    client = browser("reviewer")
    first = take(client)
    assert client.post(reverse("claim")).url == reverse("turn", args=[first.pk])
    assert client.get(reverse("workbench")).url == reverse("turn", args=[first.pk])
    assert Assignment.objects.count() == 1


def test_an_empty_line_says_so(cast: Cast, browser: Browser) -> None:
    page = browser("reviewer").post(reverse("claim"), follow=True)
    assert b"Nothing waits for you." in page.content


def test_taking_from_one_queue_stays_with_it(cast: Cast, browser: Browser) -> None:
    queued(cast, 1, now=now(), risk={"level": "high"})
    client = browser("reviewer")
    assert b"Nothing waits for you." in client.post("/queues/support/next/", follow=True).content
    assert client.post("/queues/careful/next/").status_code == 302
    assert Assignment.objects.get().entry.queue == cast.careful
    assert client.post("/queues/unknown/next/").status_code == 404


def test_reading_a_page_takes_nothing(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    client.get(reverse("workbench"))
    client.get("/my-queue/")
    assert client.get(reverse("claim")).status_code == 405
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("name", ["ml", "auditor"])
def test_those_who_do_not_review_take_nothing(cast: Cast, browser: Browser, name: str) -> None:
    queued(cast, now=now())
    assert browser(name).post(reverse("claim")).status_code == 403
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("name", ["reviewer2", "lead", "stranger"])
@pytest.mark.parametrize("step", ["turn", "turn_draft", "turn_review", "turn_return", "turn_snooze", "turn_escalate"])
def test_nobody_opens_anothers_turn(cast: Cast, browser: Browser, name: str, step: str) -> None:
    queued(cast, now=now())
    turn = take(browser("reviewer"))
    other = browser(name)
    address = reverse(step, args=[turn.pk])
    answer = other.get(address) if step == "turn" else other.post(address, edited(turn))
    assert answer.status_code == 404
    assert not Review.objects.exists()


# --- deciding ----------------------------------------------------------------------------------------------------


def test_a_correction_settles_the_item_and_shows_the_next(cast: Cast, browser: Browser) -> None:
    queued(cast, 2, now=now())
    client = browser("reviewer")
    turn = take(client)
    data = edited(turn, cause="knowledge", reason_codes=["wrong-fact", "tone"], follow_up="1", note="Late again.")
    page = post(client, turn, "review", data | {"active_ms": "41000"}, follow=True)
    review = Review.objects.select_related("content").get()
    assert (review.decision, review.severity, review.cause) == ("edit", "major", "knowledge")
    assert (review.reason_codes, review.follow_up, review.train) == (["tone", "wrong-fact"], True, True)
    assert (review.content.correction, review.content.note) == (
        '{"content":"It will arrive on Monday."}',
        "Late again.",
    )
    assert review.shown == {"confidence": False, "rubric": 1, "active_seconds": 41}
    assert b"conv-0 submitted, sent in 10 s" in page.content
    assert b"conv-1" in page.content


def test_an_approval_leaves_out_what_was_chosen_about_a_fault(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    data = fields(turn, decision="approve", severity="major", cause="model", reason_codes=["tone"], follow_up="1")
    post(client, turn, "review", data)
    review = Review.objects.get()
    assert (review.decision, review.severity, review.cause, review.reason_codes) == ("approve", "none", "", [])
    assert review.follow_up is False


def test_line_ends_of_the_browser_do_not_count_as_a_change(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now(), output={"content": "One.\nTwo."})
    client = browser("reviewer")
    turn = take(client)
    answer = post(client, turn, "review", edited(turn, "One.\r\nTwo."))
    assert answer.status_code == 422
    assert post(client, turn, "review", edited(turn, "One.\r\nThree.")).status_code == 302
    assert Outcome.objects.get().content.final == '{"content":"One.\\nThree."}'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "Choose approve, edit or reject first."),
        ({"decision": "maybe"}, "Choose approve, edit or reject first."),
        ({"decision": "reject"}, "Say how bad it was"),
        ({"decision": "reject", "severity": "none"}, "A rejected answer is at least a minor fault."),
        ({"decision": "edit", "severity": "minor"}, "The text is still the AI&#x27;s."),
        ({"decision": "edit", "severity": "minor", "correction": " "}, "The text is still the AI&#x27;s."),
        ({"decision": "reject", "severity": "minor", "cause": "weather"}, "The cause is one of"),
        ({"decision": "reject", "severity": "minor", "reason_codes": ["made-up"]}, "not known: made-up"),
    ],
)
def test_what_is_missing_is_said_in_its_place_and_nothing_is_lost(
    cast: Cast, browser: Browser, data: dict[str, Any], said: str
) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    answer = post(client, turn, "review", fields(turn, note="My note stays.", **data) | data)
    words = answer.content.decode()
    assert answer.status_code == 422
    shown = [part.split("</p>")[0] for part in words.split('<p class="error"')[1:]]
    visible = [part for part in shown if " hidden" not in part.split(">")[0]]
    assert len(visible) == 1
    assert said.replace("&#x27;", "'") in visible[0].replace("&#x27;", "'")
    assert "My note stays." in words
    assert not Review.objects.exists()


@pytest.mark.parametrize("fence", ["", "x", "-1", "99999999999", "²"])
def test_a_form_without_its_fence_is_refused(cast: Cast, browser: Browser, fence: str) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    assert post(client, turn, "review", edited(turn) | {"fence": fence}).status_code == 422
    assert not Review.objects.exists()


def test_text_no_database_can_hold_is_cleaned_not_an_error(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    nasty = "It\x00 will arrive \u202e on Monday\ud800.".encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    assert post(client, turn, "draft", edited(turn, nasty, note="\x00")).status_code == 200
    assert post(client, turn, "review", edited(turn, nasty, note="a\x00b")).status_code == 302
    assert Review.objects.get().content.note == "ab"


def test_a_label_is_corrected_by_choosing_another(cast: Cast, browser: Browser) -> None:
    declare(source=cast.source, labels=["refund", "delivery", "other"], by=SYSTEM, now=NOW)
    queued(cast, now=now(), kind="classification", input={"text": "Where is it?"}, output={"label": "refund"})
    client = browser("reviewer")
    page = client.post(reverse("claim"), follow=True).content.decode()
    turn = Assignment.objects.get()
    assert "Where is it?" in page
    assert page.count('name="correction"') == 3
    assert post(client, turn, "review", edited(turn, "elsewhere")).status_code == 422
    post(client, turn, "review", edited(turn, "delivery"))
    assert Outcome.objects.get().content.final == '{"label":"delivery"}'


def test_htmx_gets_the_next_turn_alone_with_its_address(cast: Cast, browser: Browser) -> None:
    queued(cast, 2, now=now())
    client = browser("reviewer")
    turn = take(client)
    answer = post(client, turn, "review", edited(turn), headers=HTMX)
    following = Assignment.objects.get(ended_at=None)
    assert answer.content.startswith(b"<title>conv-1")
    assert answer.headers["HX-Replace-Url"] == reverse("turn", args=[following.pk])
    assert b"<!doctype" not in answer.content
    last = post(client, following, "review", edited(following), headers=HTMX)
    assert b"Nothing waits for you." in last.content
    assert last.headers["HX-Replace-Url"] == reverse("workbench")


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


# --- what the AI wrote -------------------------------------------------------------------------------------------


def test_what_the_ai_wrote_cannot_act(cast: Cast, browser: Browser) -> None:
    nasty = '<script>alert(1)</script> ![x](https://evil.example/p.png) [a](javascript:alert(1)) "onload=x\u202e'
    message = [{"role": "user", "content": nasty, "name": nasty}, {"role": "tool", "content": nasty}]
    queued(
        cast,
        now=now(),
        input={"messages": message, "documents": [{"id": nasty, "title": nasty, "text": nasty}]},
        output={"content": nasty},
        attributes={"tier": nasty},
        links=[{"title": nasty, "url": "https://helpdesk.example/1"}],
    )
    page = browser("reviewer").post(reverse("claim"), follow=True).content.decode()
    assert "<script>alert" not in page
    assert "<img" not in page
    assert 'href="javascript:' not in page
    assert not re.search(r"<[a-z][^>]* onload", page)
    assert "\u202e" not in page.split("<h2>Answer</h2>")[0]
    assert "U+202E" in page


def test_redacted_content_is_shown_as_gone(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    content = Item.objects.get().content
    content.body, content.redacted_at = "", now()
    content.save()
    assert client.get(reverse("turn", args=[turn.pk])).status_code == 200


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


def test_a_draft_that_arrives_after_the_submit_does_not_hide_it_from_undo(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    client = browser("reviewer")
    turn = take(client)
    post(client, turn, "review", edited(turn, "The last word."))
    answer = post(client, turn, "draft", edited(turn, "An earlier wor"))
    assert (answer.status_code, answer.json()["why"]) == (409, "You submitted this item.")
    page = client.post(f"/undo/{Outcome.objects.get().pk}/", follow=True)
    assert b"The last word." in page.content
