"""My queue: what waits, what one holds, what came back, the day; for leads, what was escalated."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from reviewqueue import pipeline
from reviewqueue.assignment.models import Assignment, Slot
from reviewqueue.common.clock import now
from reviewqueue.intake.models import ItemState
from reviewqueue.review.models import Escalation
from reviewqueue.review.rules import Judgement
from tests.cast import Cast
from tests.steps import claim, edit, queued

Browser = Callable[[str], Client]


def page(client: Client) -> str:
    return client.get("/my-queue/").content.decode()


def submit(cast: Cast, name: str, judgement: Judgement) -> None:
    who = getattr(cast, name)
    turn = claim(cast, who, now=now())
    pipeline.submit_review(assignment=turn.assignment, fence=turn.fence, by=who.user, judgement=judgement)


def escalated(cast: Cast, question: str = "Is this allowed?") -> Escalation:
    queued(cast, now=now())
    turn = claim(cast, cast.reviewer, now=now())
    return pipeline.escalate(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, question=question)


def test_what_waits_is_counted_for_the_person_who_asks(cast: Cast, browser: Browser) -> None:
    queued(cast, 3, now=now())
    assert "3 items wait for you." in page(browser("reviewer"))
    turn = claim(cast, cast.reviewer, now=now())
    pipeline.give_back(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, reason="")
    assert "2 items wait for you." in page(browser("reviewer"))
    assert "3 items wait for you." in page(browser("reviewer2"))


def test_nothing_waits_in_a_new_workspace(cast: Cast, browser: Browser) -> None:
    words = page(browser("reviewer"))
    assert "Nothing waits for you." in words
    assert "Take from" not in words


def test_what_one_holds_is_first_and_says_what_it_is_about(cast: Cast, browser: Browser) -> None:
    queued(cast, 2, now=now())
    turn = claim(cast, cast.reviewer, now=now())
    words = page(browser("reviewer"))
    assert "You hold one item." in words
    assert "One more waits." in words
    assert reverse("turn", args=[turn.assignment.pk]) in words
    assert "Where is my parcel?" in words
    assert reverse("turn", args=[turn.assignment.pk]) not in page(browser("lead"))


def test_what_a_lead_gave_says_so(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    pipeline.assign(slot=Slot.objects.get(), to=cast.reviewer.user, by=cast.viewer("lead"), now=now())
    assert "from Lead" in page(browser("reviewer"))


def test_what_is_put_aside_shows_until_when(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    turn = claim(cast, cast.reviewer, now=now())
    until = now() + timedelta(days=2)
    pipeline.snooze(assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, until=until)
    words = page(browser("reviewer"))
    assert "Snoozed" in words
    assert until.isoformat()[:16] in words


def test_the_day_counts_what_stands(cast: Cast, browser: Browser) -> None:
    queued(cast, 3, now=now())
    submit(cast, "reviewer", edit())
    submit(cast, "reviewer", Judgement(decision="approve"))
    submit(cast, "reviewer2", edit())
    words = page(browser("reviewer"))
    numbers = [part.split("</dd>")[0] for part in words.split("<dd>")[1:5]]
    assert (numbers[0], numbers[1], numbers[3]) == ("2", "1", "2 / 2")
    assert numbers[2].endswith(" s")


def test_an_undone_review_is_not_counted_twice(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now())
    turn = claim(cast, cast.reviewer, now=now())
    done = pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, judgement=edit()
    )
    assert done.outcome is not None
    again = pipeline.undo(outcome=done.outcome, by=cast.reviewer.user, now=now())
    pipeline.submit_review(
        assignment=again.assignment,
        fence=again.fence,
        by=cast.reviewer.user,
        judgement=Judgement(decision="approve"),
    )
    words = page(browser("reviewer"))
    assert [part.split("</dd>")[0] for part in words.split("<dd>")[1:3]] == ["1", "0"]


# --- questions and leads -----------------------------------------------------------------------------------------


def test_a_lead_takes_a_question_and_lands_in_the_workbench(cast: Cast, browser: Browser) -> None:
    escalation = escalated(cast)
    lead = browser("lead")
    assert "Is this allowed?" in page(lead)
    answer = lead.post(f"/escalations/{escalation.pk}/take/")
    turn = Assignment.objects.get(ended_at=None)
    assert answer.url == reverse("turn", args=[turn.pk])
    assert turn.user == cast.lead.user


def test_a_lead_hands_a_question_on(cast: Cast, browser: Browser) -> None:
    escalation = escalated(cast)
    lead = browser("lead")
    lead.post(f"/escalations/{escalation.pk}/take/")
    lead.post(f"/escalations/{escalation.pk}/hand-on/", {"to": str(cast.admin.user.pk)})
    assert Assignment.objects.get(ended_at=None).user == cast.admin.user
    assert "Admin has it" in page(lead)


@pytest.mark.parametrize("name", ["reviewer2", "stranger"])
def test_a_question_is_only_handed_to_leads_of_this_workspace(cast: Cast, browser: Browser, name: str) -> None:
    escalation = escalated(cast)
    to = str(getattr(cast, name).user.pk)
    assert browser("lead").post(f"/escalations/{escalation.pk}/hand-on/", {"to": to}).status_code == 404
    assert not Assignment.objects.filter(ended_at=None).exists()


def test_a_lead_sends_it_back_and_the_reviewer_is_told(cast: Cast, browser: Browser) -> None:
    escalation = escalated(cast)
    browser("lead").post(f"/escalations/{escalation.pk}/hand-back/")
    assert ItemState.objects.get().state == "queued"
    assert "Lead sent it back to its queue." in page(browser("reviewer"))


def test_a_question_dealt_with_twice_is_refused_in_words(cast: Cast, browser: Browser) -> None:
    escalation = escalated(cast)
    lead = browser("lead")
    lead.post(f"/escalations/{escalation.pk}/hand-back/")
    assert lead.post(f"/escalations/{escalation.pk}/take/").status_code == 404


@pytest.mark.parametrize("name", ["reviewer", "reviewer2", "ml", "auditor"])
@pytest.mark.parametrize("step", ["take", "hand-on", "hand-back"])
def test_only_leads_deal_with_questions(cast: Cast, browser: Browser, name: str, step: str) -> None:
    escalation = escalated(cast)
    assert browser(name).post(f"/escalations/{escalation.pk}/{step}/").status_code == 403


def test_a_stranger_sees_no_question(cast: Cast, browser: Browser) -> None:
    escalation = escalated(cast)
    stranger = browser("stranger")
    assert "Is this allowed?" not in page(stranger)
    assert stranger.post(f"/escalations/{escalation.pk}/take/").status_code == 404


@pytest.mark.parametrize("name", ["ml", "auditor"])
def test_those_who_do_not_review_have_no_queue(cast: Cast, browser: Browser, name: str) -> None:
    assert browser(name).get("/my-queue/").status_code == 403
