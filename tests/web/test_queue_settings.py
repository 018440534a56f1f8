"""How a queue works, on a page: reviews, who sees whom, who decides, guidelines."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from reviewqueue import pipeline
from reviewqueue.audit.models import Event
from reviewqueue.common.clock import now
from reviewqueue.queues.models import Queue, Rubric
from reviewqueue.review.models import Review
from tests.cast import Cast
from tests.steps import claim, edit, queued

Browser = Callable[[str], Client]
PAGE = "/settings/queues/careful/"


def filled(cast: Cast, **changes) -> dict:
    """Return the form as a browser sends it."""
    queue = Queue.objects.get(pk=cast.careful.pk)
    given = {
        "name": queue.name,
        "reviews_required": queue.reviews_required,
        "lease_seconds": queue.lease_seconds,
        "due_minutes": queue.due_minutes,
        "agreement": queue.agreement,
        "adjudicator": queue.adjudicator_id or "",
        "guidelines": "Name the last day.",
        **{name: "1" for name in ("blind", "hides_confidence") if getattr(queue, name)},
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


def words(answer, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()[:800]
    return re.sub(r"\s+", " ", answer.content.decode())


def test_a_lead_says_anew_how_it_works(cast: Cast, browser: Browser) -> None:
    client = browser("lead")
    given = filled(
        cast,
        reviews_required=3,
        agreement="majority",
        blind=None,
        adjudicator=cast.reviewer2.user_id,
        name="Careful!",
    )
    shown = words(client.post(PAGE, given, follow=True))
    assert "Careful! works like this for what comes from now on." in shown
    queue = Queue.objects.get(pk=cast.careful.pk)
    assert (queue.reviews_required, queue.agreement, queue.blind) == (3, "majority", False)
    assert queue.adjudicator_id == cast.reviewer2.user_id
    changed = Event.objects.get(verb="change", subject_kind="queue").data
    assert changed["agreement"] == {"was": "unanimous", "is": "majority"}
    assert "Careful!" not in str(changed)


def test_saying_the_same_again_changes_nothing(cast: Cast, browser: Browser) -> None:
    browser("lead").post(PAGE, filled(cast))
    assert not Event.objects.filter(verb="change").exists()
    assert Rubric.objects.filter(queue=cast.careful).count() == 1


def test_other_guidelines_are_the_next_version(cast: Cast, browser: Browser) -> None:
    browser("lead").post(PAGE, filled(cast, guidelines="Name the last day.\r\n\r\n Promise nothing. "))
    rubric = Rubric.objects.filter(queue=cast.careful).latest("version")
    assert (rubric.version, rubric.guidelines, rubric.created_by_id) == (
        2,
        ["Name the last day.", "Promise nothing."],
        cast.lead.user_id,
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"reviews_required": "0"}, "From 1 to 9 reviews."),
        ({"lease_seconds": "999999"}, "From 5 seconds to a day."),
        ({"name": " "}, "at most 200 characters"),
        ({"agreement": "most"}, "unanimous, majority"),
    ],
)
def test_what_does_not_fit_is_said_and_what_was_typed_stays(
    cast: Cast, browser: Browser, wrong: dict, said: str
) -> None:
    shown = words(browser("lead").post(PAGE, filled(cast, due_minutes=77, **wrong)), 422)
    assert said in shown
    assert 'value="77"' in shown
    assert Queue.objects.get(pk=cast.careful.pk).due_minutes == 120


@pytest.mark.parametrize("who", ["reviewer", "ml", "auditor"])
def test_others_do_not(cast: Cast, browser: Browser, who: str) -> None:
    assert browser(who).get(PAGE).status_code == 403
    assert browser(who).post(PAGE, filled(cast)).status_code == 403


def test_the_second_reviewer_reads_the_first_where_it_is_not_blind_and_that_is_kept(
    cast: Cast, browser: Browser
) -> None:
    browser("lead").post(PAGE, filled(cast, blind=None))
    first, second, shown = second_after_first(cast, browser)
    assert "What was decided before you" in shown
    assert "Sunday" in shown
    assert second.shown["reviews"] == [str(first.pk)]


def test_a_blind_reviewer_reads_nothing_of_the_first_and_cannot_claim_to_have(cast: Cast, browser: Browser) -> None:
    _first, second, shown = second_after_first(cast, browser)
    assert "Sunday" not in shown
    assert "decided before you" not in shown
    assert "reviews" not in second.shown


def second_after_first(cast: Cast, browser: Browser) -> tuple[Review, Review, str]:
    """Let two decide one item, the second saying that the first was read; return both and what the second saw."""
    queued(cast, 1, now=now(), risk={"level": "high"})
    turn = claim(cast, cast.reviewer, queue="careful", now=None)
    first = pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, judgement=edit("On Sunday.")
    ).review
    turn, client = claim(cast, cast.reviewer2, queue="careful", now=None), browser("reviewer2")
    shown = words(client.get(reverse("turn", args=[turn.assignment.pk])))
    client.post(
        reverse("turn_review", args=[turn.assignment.pk]),
        {"fence": turn.fence, "decision": "approve", "seen": str(first.pk)},
    )
    return first, turn.assignment.review, shown


def test_the_items_page_says_that_they_did_not_agree_but_not_to_who_is_judging_it(
    cast: Cast, browser: Browser
) -> None:
    browser("lead").post(PAGE, filled(cast, reviews_required=3, agreement="majority"))
    cast.careful.refresh_from_db()
    (one,) = queued(cast, 1, now=now(), risk={"level": "high"})
    turns = [claim(cast, who, queue="careful", now=None) for who in (cast.reviewer, cast.reviewer2, cast.lead)]
    for turn, text in zip(turns, ("Monday.", "Tuesday.", "Monday."), strict=True):
        pipeline.submit_review(
            assignment=turn.assignment, fence=turn.fence, by=turn.assignment.user, judgement=edit(text)
        )
    shown = words(browser("auditor").get(f"/items/{one.id}/"))
    assert "The reviewers did not agree." in shown
    assert "2 × edit (A), 1 × edit (B). More than half said the same, so that stands." in shown
