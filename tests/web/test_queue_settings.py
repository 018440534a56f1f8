"""How a queue works, on a page: reviews, who sees whom, who decides, guidelines."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from reviewqueue import pipeline
from reviewqueue.accounts.models import User
from reviewqueue.assignment.models import Assignment
from reviewqueue.audit.models import Event
from reviewqueue.common.clock import now
from reviewqueue.queues.models import Queue, Rubric
from reviewqueue.queues.queries import takers_of
from reviewqueue.review.models import Review
from tests.cast import NOW, Cast
from tests.detectors.steps import activate, rule
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


def test_guidelines_are_read_in_the_reviewers_language(cast: Cast, browser: Browser) -> None:
    User.objects.filter(pk=cast.reviewer.user_id).update(language="de")
    lead = browser("lead")
    assert "The same in Deutsch" in words(lead.get(PAGE))
    lead.post(PAGE, filled(cast, guidelines="Name the last day.", guidelines_de="Nenne den letzten Tag.\n"))
    rubric = Rubric.objects.filter(queue=cast.careful).latest("version")
    assert (rubric.version, rubric.in_languages) == (2, {"de": ["Nenne den letzten Tag."]})
    assert (rubric.lines("de"), rubric.lines("fr")) == (["Nenne den letzten Tag."], ["Name the last day."])
    lead.post(PAGE, filled(cast))  # from a page that asked for no other language
    assert Rubric.objects.filter(queue=cast.careful).latest("version").version == 2
    queued(cast, now=now(), risk={"level": "high"})
    shown = {}
    for name, language in (("reviewer", "de"), ("reviewer2", "en")):
        client = browser(name)
        client.post(reverse("preferences"), {"language": language})
        client.post(reverse("claim"))
        turn = Assignment.objects.get(user=getattr(cast, name).user, ended_at=None)
        shown[language] = words(client.get(reverse("turn", args=[turn.pk])))
    assert "Nenne den letzten Tag." in shown["de"]
    assert "Name the last day." in shown["en"]


def test_who_takes_from_it_is_ticked(cast: Cast, browser: Browser) -> None:
    lead, before = browser("lead"), takers(cast)
    assert before == {cast.lead.user_id, cast.reviewer.user_id, cast.reviewer2.user_id}
    lead.post(PAGE, filled(cast, taker=[cast.admin.user_id, cast.reviewer.user_id], took=[*before]))
    assert takers(cast) == {cast.admin.user_id, cast.reviewer.user_id}
    lead.post(PAGE, filled(cast, name="Another", taker=[*before], took=[*before]))  # from a page made before
    assert takers(cast) == {cast.admin.user_id, cast.reviewer.user_id}
    lead.post(PAGE, filled(cast, taker=[cast.stranger.user_id], took=[]))
    assert cast.stranger.user_id not in takers(cast)


def test_the_one_who_decides_cannot_stop_taking_from_it_in_the_same_breath(cast: Cast, browser: Browser) -> None:
    before = takers(cast)
    took = {"took": [*before], "taker": [cast.reviewer.user_id]}
    answer = browser("lead").post(PAGE, filled(cast, adjudicator=cast.reviewer2.user_id, **took))
    assert "takes items from this queue" in words(answer, 422)
    assert takers(cast) == before


def takers(cast: Cast) -> set:
    return {one.user_id for one in takers_of(cast.careful)}


def test_a_lead_adds_a_queue_lets_people_in_and_rules_send_to_it(cast: Cast, browser: Browser) -> None:
    lead = browser("lead")
    page = words(lead.post("/settings/queues/", {"name": "Gift cards"}, follow=True))
    assert "Gift cards is there. Say how it works, and who takes from it." in page
    queue = Queue.objects.get(slug="gift-cards")
    given = filled(cast, name="Gift cards", reviews_required=1, taker=[cast.reviewer.user_id])
    lead.post(f"/settings/queues/{queue.slug}/", given)
    activate(cast, rule("Gift cards", [{"field": "confidence", "op": "below", "value": 0.9}], queue))
    queued(cast)
    assert pipeline.claim_next(membership=cast.reviewer, queues=[queue], now=NOW) is not None


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ({"name": "Careful"}, 409, "There is a queue “careful” already."),
        ({"name": "", "slug": "x"}, 422, "A queue has a name"),
        ({"name": "!!!"}, 422, "letters, digits"),
        ({"name": "Fine", "slug": "not fine"}, 422, "letters, digits"),
    ],
)
def test_a_queue_that_cannot_be_added_is_told_why(
    cast: Cast, browser: Browser, typed: dict, status: int, said: str
) -> None:
    before = Queue.objects.count()
    assert said in words(browser("lead").post("/settings/queues/", typed), status)
    assert Queue.objects.count() == before


@pytest.mark.parametrize("who", ["reviewer", "ml", "auditor"])
def test_others_do_not(cast: Cast, browser: Browser, who: str) -> None:
    assert browser(who).get(PAGE).status_code == 403
    assert browser(who).post(PAGE, filled(cast)).status_code == 403
    assert browser(who).post("/settings/queues/", {"name": "Mine"}).status_code == 403


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
