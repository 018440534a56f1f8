"""The workbench as a person without JavaScript uses it: every step is a whole page; htmx gets the next turn alone."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reviewqueue.assignment.models import Assignment
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now
from reviewqueue.intake.actions import declare
from reviewqueue.intake.models import Item
from reviewqueue.review.models import Outcome, Review
from tests.cast import NOW, Cast
from tests.steps import queued
from tests.web.turning import HTMX, edited, fields, post, take

Browser = Callable[[str], Client]


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
