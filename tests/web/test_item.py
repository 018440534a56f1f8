"""The item's page: the whole story for those who may see it, nothing for others, nothing that colours a judgement."""

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from reviewqueue import pipeline
from reviewqueue.assignment.actions import Turn
from reviewqueue.delivery.actions import add_webhook
from reviewqueue.delivery.models import Delivery
from reviewqueue.intake.models import Item
from reviewqueue.review.rules import Judgement
from tests.cast import NOW, Cast, item
from tests.steps import claim, edit, publish, queued, settle, submit, triage

Browser = Callable[[str], Client]


def page(client: Client, status: int = 200) -> str:
    answer = client.get(f"/items/{Item.objects.get().pk}/")
    assert answer.status_code == status
    return answer.content.decode()


def judge(turn: Turn, who, judgement: Judgement) -> None:
    pipeline.submit_review(assignment=turn.assignment, fence=turn.fence, by=who.user, judgement=judgement, now=NOW)


def test_a_corrected_answer_is_told_from_receipt_to_publication(cast: Cast, browser: Browser) -> None:
    queued(cast)
    settle(cast, cast.reviewer, edit(reason_codes=["wrong-fact"], note="Friday is a holiday."))
    publish(cast)
    words = page(browser("lead"))
    for expected in (
        "A person corrected the answer: a major fault.",
        "Received",
        "Triaged: a person decides",
        "confidence 0.42 is below 0.60 (rule 2, policy 1)",
        "Taken",
        "decided: edit",
        "Outcome, version 1",
        "Published",
        "<del>Friday</del> <ins>Monday</ins>",
        "wrong fact",
        "Friday is a holiday.",
    ):
        assert expected in words
    order = [words.index(f"<b>{step}</b>") for step in ("Received", "Taken", "Reviewed", "Published")]
    assert order == sorted(order)


def test_two_reviews_stand_side_by_side(cast: Cast, browser: Browser) -> None:
    queued(cast, risk={"level": "high"})
    for who, judgement in ((cast.reviewer, edit()), (cast.reviewer2, Judgement(decision="approve"))):
        judge(claim(cast, who, queue="careful"), who, judgement)
    words = page(browser("auditor"))
    assert "It waits for a lead&#x27;s decision." in words
    assert "Reviews differ: to a lead" in words
    assert words.index("<h2>Reviewer</h2>") < words.index("<h2>Reviewer2</h2>")


def test_a_question_and_its_words_are_on_the_timeline(cast: Cast, browser: Browser) -> None:
    queued(cast)
    turn = claim(cast, cast.reviewer)
    pipeline.escalate(
        assignment=turn.assignment,
        fence=turn.fence,
        by=cast.reviewer.user,
        question="Is <b>this</b> allowed?",
        now=NOW,
    )
    words = page(browser("lead"))
    assert "Asked a lead" in words
    assert "Is &lt;b&gt;this&lt;/b&gt; allowed?" in words


def test_an_undone_outcome_stays_on_the_page(cast: Cast, browser: Browser) -> None:
    queued(cast)
    outcome = settle(cast, cast.reviewer, edit())
    pipeline.undo(outcome=outcome, by=cast.reviewer.user, now=NOW + timedelta(seconds=2))
    words = page(browser("lead"))
    assert "Somebody is judging it." in words
    assert "Undone by Reviewer." in words


def test_deliveries_are_told_with_the_endpoints_answer(cast: Cast, browser: Browser) -> None:
    viewer = cast.viewer("admin")
    add_webhook(
        workspace_id=cast.workspace.pk, url="https://bot.example/hook", by=viewer.user, actor=viewer.actor, now=NOW
    )
    queued(cast)
    settle(cast, cast.reviewer, edit())
    publish(cast)
    Delivery.objects.update(delivered_at=NOW + timedelta(seconds=12), last_status=204, attempts=1)
    words = page(browser("lead"))
    assert "Webhook delivered" in words
    assert "bot.example answered 204" in words


def test_the_exact_bytes_can_be_taken_away_and_match_their_fingerprint(cast: Cast, browser: Browser) -> None:
    queued(cast)
    one = Item.objects.get()
    words = page(browser("auditor"))
    raw = browser("auditor").get(f"/items/{one.pk}/raw/")
    fingerprint = hashlib.sha256(raw.content).hexdigest()
    assert raw.content.decode() == one.content.body
    assert fingerprint in words
    assert "unchanged since it came" in words


def test_what_an_ai_wrote_is_never_markup(cast: Cast, browser: Browser) -> None:
    evil = '<script>alert(1)</script><img src="https://elsewhere.example/x.png">'
    submit(cast, item(output={"content": evil}, input={"messages": [{"role": "user", "content": evil}]}))
    triage()
    words = page(browser("lead"))
    assert "<script>alert" not in words
    assert "<img" not in words


# --- who sees what ------------------------------------------------------------------------------------------------


def test_a_reviewer_sees_only_what_they_hold_or_have_reviewed(cast: Cast, browser: Browser) -> None:
    queued(cast)
    page(browser("reviewer"), 404)
    turn = claim(cast, cast.reviewer)
    page(browser("reviewer"))
    page(browser("reviewer2"), 404)
    judge(turn, cast.reviewer, edit())
    assert "A person corrected the answer" in page(browser("reviewer"))


@pytest.mark.parametrize("name", ["stranger"])
def test_another_workspace_sees_nothing(cast: Cast, browser: Browser, name: str) -> None:
    queued(cast)
    page(browser(name), 404)
    assert browser(name).get(f"/items/{Item.objects.get().pk}/raw/").status_code == 404


def test_who_judges_sees_neither_confidence_nor_the_other_review(cast: Cast, browser: Browser) -> None:
    queued(cast, risk={"level": "high"}, confidence=0.97)
    first = claim(cast, cast.reviewer, queue="careful")
    judge(first, cast.reviewer, edit(note="The first one's opinion."))
    claim(cast, cast.reviewer2, queue="careful")
    words = page(browser("reviewer2"))
    assert "AI confidence hidden until you have judged" in words
    for secret in ("0.97", "opinion", "decided: edit", "It will arrive on Monday."):
        assert secret not in words
    assert browser("reviewer2").get(f"/items/{Item.objects.get().pk}/raw/").status_code == 404


def test_a_reviewer_of_two_sees_their_own_review_and_not_the_other(cast: Cast, browser: Browser) -> None:
    queued(cast, risk={"level": "high"})
    judge(claim(cast, cast.reviewer, queue="careful"), cast.reviewer, edit(note="mine"))
    judge(claim(cast, cast.reviewer2, queue="careful"), cast.reviewer2, Judgement(decision="approve", note="theirs"))
    words = page(browser("reviewer"))
    assert "mine" in words
    assert "theirs" not in words
