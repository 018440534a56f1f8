"""The list of items: words, filters in the address, pages, and whose it is."""

from collections.abc import Callable

import pytest
from django.test import Client

from reviewqueue.intake.models import Item
from reviewqueue.web import items as listing
from tests.cast import Cast, item
from tests.steps import edit, queued, settle, submit, triage

Browser = Callable[[str], Client]


def page(client: Client, query: str = "") -> str:
    answer = client.get(f"/items/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def found(words: str) -> list[str]:
    return [one for number in range(200) if f">{(one := f'conv-{number}')}</a>" in words]


def test_words_and_ids_find_items(cast: Cast, browser: Browser) -> None:
    queued(cast, 3)
    submit(cast, item("conv-9", input={"messages": [{"role": "user", "content": "My lamp is broken"}]}))
    client = browser("lead")
    assert found(page(client, "?q=LAMP")) == ["conv-9"]
    assert found(page(client, "?q=conv-1")) == ["conv-1"]
    one = Item.objects.get(external_id="conv-2")
    assert found(page(client, f"?q={one.pk}")) == ["conv-2"]


def test_filters_live_in_the_address(cast: Cast, browser: Browser) -> None:
    queued(cast, 2)
    settle(cast, cast.reviewer, edit())
    submit(cast, item("conv-7", confidence=0.99, model={"name": "support-bot", "version": "2027-01-01"}))
    triage()
    client = browser("ml")
    assert len(found(page(client, "?state=settled"))) == 1
    assert found(page(client, "?state=passed")) == ["conv-7"]
    assert found(page(client, "?model_version=2027-01-01")) == ["conv-7"]
    assert len(found(page(client, "?source=support-chatbot"))) == 3
    assert len(found(page(browser("lead"), "?queue=support"))) == 1
    assert found(page(client, "?source=nowhere")) == []


def test_pages_lead_back_and_forth_without_losing_filters(
    cast: Cast, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    queued(cast, 5)
    client = browser("lead")
    first = page(client, "?state=queued")
    assert found(first) == ["conv-3", "conv-4"]
    second = client.get(_link(first, "next")).content.decode()
    assert found(second) == ["conv-1", "conv-2"]
    third = client.get(_link(second, "next")).content.decode()
    assert found(third) == ["conv-0"]
    assert 'rel="next"' not in third
    assert found(client.get(_link(third, "prev")).content.decode()) == ["conv-1", "conv-2"]
    assert "state=queued" in _link(third, "prev")


def _link(words: str, which: str) -> str:
    return words.split(f'rel="{which}" href="')[1].split('"')[0].replace("&amp;", "&")


def test_an_empty_list_says_why(cast: Cast, browser: Browser) -> None:
    assert "Nothing has come yet" in page(browser("lead"))
    assert "Nothing fits" in page(browser("lead"), "?q=unicorn")


def test_words_are_words_and_never_patterns_or_markup(cast: Cast, browser: Browser) -> None:
    queued(cast)
    for query in ("%25", "_", "%00", "%3Cscript%3E", "'", "before=zzz&after=1"):
        assert "<script>x" not in page(browser("lead"), f"?q={query}")
    assert found(page(browser("lead"), "?q=%25")) == []


def test_the_list_is_not_for_reviewers_and_holds_nothing_of_others(cast: Cast, browser: Browser) -> None:
    queued(cast)
    assert browser("reviewer").get("/items/").status_code == 403
    assert found(page(browser("stranger"))) == []
