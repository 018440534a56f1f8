"""Insults and threats stay under a cover until the reader lifts it, where the lead has that looked for."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reviewqueue.assignment.models import Assignment
from reviewqueue.common.clock import now
from reviewqueue.intake.models import Item
from tests.cast import Cast
from tests.detectors.steps import switch
from tests.kinds import declare_all, of_kind
from tests.steps import queued

Browser = Callable[[str], Client]
COVER = re.compile(r"<details class=\"cover\".*?</details>", re.DOTALL)


def talk(*said: tuple[str, str]) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": text} for role, text in said]}


def shown_to(client: Client) -> str:
    """Take the next item and return the workbench with it."""
    client.post(reverse("claim"), follow=True)
    turn = Assignment.objects.filter(ended_at=None).latest("opened_at")
    return client.get(reverse("turn", args=[turn.pk])).content.decode()


def covers(page: str) -> list[str]:
    return COVER.findall(page)


def test_only_what_hurts_is_covered(cast: Cast, browser: Browser) -> None:
    switch(cast, "abuse")
    said = [("user", "Where is my parcel?"), ("assistant", "On its way."), ("user", "You idiot, I will kill you.")]
    queued(cast, now=now(), input=talk(*said), output={"content": "I understand."})
    [cover] = covers(shown_to(browser("reviewer")))
    assert "Covered: insult, threat." in cover
    assert "You idiot" in cover
    assert '<details class="cover" open' not in cover


def test_a_curse_at_nobody_stays_in_sight(cast: Cast, browser: Browser) -> None:
    switch(cast, "abuse")
    queued(cast, now=now(), input=talk(("user", "Where is my damn fucking parcel?")))
    page = shown_to(browser("reviewer"))
    assert "damn" in page
    assert covers(page) == []


def test_where_nobody_asked_for_it_nothing_is_covered(cast: Cast, browser: Browser) -> None:
    queued(cast, now=now(), input=talk(("user", "You idiot.")), output={"content": "You idiot."})
    assert covers(shown_to(browser("reviewer"))) == []


def test_the_answer_has_a_cover_of_its_own_on_every_page(cast: Cast, browser: Browser) -> None:
    switch(cast, "abuse")
    [received] = queued(cast, now=now(), input=talk(("user", "Hello")), output={"content": "Hello, **idiot**."})
    item = Item.objects.get(pk=received.id)
    pages = [
        shown_to(browser("reviewer")),
        browser("lead").get(reverse("item", args=[item.pk])).content.decode(),
        browser("lead").get(reverse("report"), {"item": str(item.pk)}).content.decode(),
    ]
    for page in pages:
        [cover] = covers(page)
        assert "Hello, <strong>idiot</strong>." in cover


def test_one_candidate_is_covered_and_can_still_be_chosen(cast: Cast, browser: Browser) -> None:
    switch(cast, "abuse")
    declare_all(cast.source)
    candidates = [{"id": "a", "content": "It comes on Monday."}, {"id": "b", "content": "Wait, idiot."}]
    queued(cast, now=now(), **of_kind("comparison", output={"candidates": candidates}))
    page = shown_to(browser("reviewer"))
    [cover] = covers(page)
    assert "Wait, idiot." in cover
    assert 'value="prefer:b"' in page.replace(cover, "")


def test_a_text_that_was_given_has_one_too(cast: Cast, browser: Browser) -> None:
    switch(cast, "abuse")
    declare_all(cast.source)
    queued(cast, now=now(), **of_kind("classification", input={"text": "Du Arschloch, wo ist mein Paket?"}))
    [cover] = covers(shown_to(browser("reviewer")))
    assert "Arschloch" in cover


@pytest.mark.parametrize("text", ["", "idiot " * 60_000])
def test_very_short_and_very_long_texts_are_shown(cast: Cast, browser: Browser, text: str) -> None:
    switch(cast, "abuse")
    queued(cast, now=now(), input=talk(("user", text)))
    assert len(covers(shown_to(browser("reviewer")))) == bool(text)
