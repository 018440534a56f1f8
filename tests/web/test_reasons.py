"""Reasons, on a page: a lead adds, names in every language people use, orders and retires them."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from reviewqueue.accounts.models import User
from reviewqueue.assignment.models import Assignment
from reviewqueue.audit.models import Event
from reviewqueue.common.clock import now
from reviewqueue.queues.actions.reasons import MOST
from reviewqueue.queues.models import ReasonCode
from reviewqueue.queues.queries import reason_codes
from reviewqueue.review.models import Review
from tests.cast import Cast
from tests.steps import queued

Browser = Callable[[str], Client]
PAGE = "/settings/reasons/"


def in_order(cast: Cast) -> list[str]:
    return [one.slug for one in reason_codes(cast.viewer("lead"))]


def code(slug: str) -> ReasonCode:
    return ReasonCode.objects.get(slug=slug, workspace__slug="acme")


def at(slug: str, what: str = "") -> str:
    return f"{PAGE}{code(slug).pk}/{what}"


def shown_turn(client: Client) -> str:
    client.post(reverse("claim"), follow=True)
    turn = Assignment.objects.filter(ended_at=None).latest("opened_at")
    return client.get(reverse("turn", args=[turn.pk])).content.decode()


def speak(cast: Cast, language: str) -> None:
    User.objects.filter(pk=cast.reviewer.user_id).update(language=language)


def test_what_a_lead_adds_reviewers_can_choose(cast: Cast, browser: Browser) -> None:
    page = browser("lead").post(PAGE, {"label": "  Not   answered "}, follow=True).content.decode()
    assert "Reviewers can choose “Not answered” from now on." in page
    assert in_order(cast)[-1] == "not-answered"
    queued(cast, now=now())
    client = browser("reviewer")
    assert "Not answered" in shown_turn(client)
    turn = Assignment.objects.get(ended_at=None)
    said = {"decision": "reject", "severity": "major", "reason_codes": "not-answered"}
    client.post(reverse("turn_review", args=[turn.pk]), {"fence": turn.fence, **said})
    assert Review.objects.get().reason_codes == ["not-answered"]


def test_each_reads_them_in_their_language_as_far_as_they_are_written(cast: Cast, browser: Browser) -> None:
    speak(cast, "de")
    lead = browser("lead")
    assert "Deutsch" in lead.get(PAGE).content.decode()
    lead.post(at("wrong-fact"), {"label": "wrong fact", "label_de": "falsche Tatsache"})
    queued(cast, now=now())
    client = browser("reviewer")
    client.post(reverse("preferences"), {"language": "de"})
    page = shown_turn(client)
    assert "falsche Tatsache" in page
    assert "wrong fact" not in page
    assert "wrong amount" in page, "what nobody has translated is read as it was written first"


def test_a_language_that_nobody_uses_any_more_is_not_asked_for_and_not_lost(cast: Cast, browser: Browser) -> None:
    speak(cast, "de")
    lead = browser("lead")
    lead.post(at("wrong-fact"), {"label": "wrong fact", "label_de": "falsche Tatsache"})
    speak(cast, "en")
    assert "Deutsch</label>" not in lead.get(PAGE).content.decode()
    lead.post(at("wrong-fact"), {"label": "false"})
    one = code("wrong-fact")
    assert (one.label, one.in_languages) == ("false", {"de": "falsche Tatsache"})


def test_they_change_places_and_so_do_their_keys(cast: Cast, browser: Browser) -> None:
    before = in_order(cast)
    lead = browser("lead")
    lead.post(at(before[1], "move/"), {"up": "1"})
    assert in_order(cast) == [before[1], before[0], *before[2:]]
    lead.post(at(before[1], "move/"), {"up": "1"})  # at the top already
    lead.post(at(before[-1], "move/"))  # at the bottom already
    assert in_order(cast) == [before[1], before[0], *before[2:]]
    lead.post(at(before[1], "move/"))
    assert in_order(cast) == before


def test_a_retired_one_is_offered_no_more_and_can_come_back(cast: Cast, browser: Browser) -> None:
    before, lead = in_order(cast), browser("lead")
    lead.post(at(before[0], "retire/"))
    assert in_order(cast) == before[1:]
    assert "Bring back" in lead.get(PAGE).content.decode()
    lead.post(at(before[0], "retire/"), {"back": "1"})
    assert in_order(cast) == [*before[1:], before[0]]
    verbs = Event.objects.filter(subject_kind="reason_code").order_by("at").values_list("verb", "actor_id")
    assert list(verbs) == [("retire", cast.lead.user_id), ("bring_back", cast.lead.user_id)]


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ({"label": " "}, 422, "A reason has a name."),
        ({"label": "x" * 81}, 422, "At most 80 characters"),
        ({"label": "fine", "label_de": "x" * 81}, 422, "At most 80 characters"),
        ({"label": "fine", "slug": "no good"}, 422, "letters, digits"),
        ({"label": "日本語"}, 422, "letters, digits"),
        ({"label": "Other words", "slug": "wrong-fact"}, 409, "There is a reason “wrong-fact” already"),
    ],
)
def test_what_cannot_be_added_is_said_and_stays_typed(
    cast: Cast, browser: Browser, typed: dict, status: int, said: str
) -> None:
    before = in_order(cast)
    answer = browser("lead").post(PAGE, typed)
    assert answer.status_code == status
    assert said in answer.content.decode()
    assert f'value="{" ".join(typed["label"].split())}"' in answer.content.decode()
    assert in_order(cast) == before


def test_there_are_not_more_than_one_can_look_through(cast: Cast, browser: Browser) -> None:
    lead = browser("lead")
    for number in range(MOST - len(in_order(cast))):
        lead.post(PAGE, {"label": f"reason {number}"})
    answer = lead.post(PAGE, {"label": "one too many"})
    assert (answer.status_code, len(in_order(cast))) == (409, MOST)
    assert "Retire one first" in answer.content.decode()


@pytest.mark.parametrize("who", ["reviewer", "ml", "auditor"])
def test_others_do_not(cast: Cast, browser: Browser, who: str) -> None:
    before = in_order(cast)
    assert browser(who).get(PAGE).status_code == 403
    assert browser(who).post(PAGE, {"label": "Mine"}).status_code == 403
    assert browser(who).post(at(before[0], "retire/")).status_code == 403
    assert in_order(cast) == before
