"""The workbench with each kind of item, as a person without JavaScript uses it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reviewqueue.common.clock import now
from reviewqueue.review.models import Outcome, Review
from tests.cast import Cast
from tests.kinds import KINDS, declare_all, of_kind
from tests.steps import queued
from tests.web.turning import post, take

Browser = Callable[[str], Client]


def begun(cast: Cast, browser: Browser, kind: str, **changes: Any) -> tuple[Client, Any, str]:
    """Take an item of a kind; return the browser, the turn and the page."""
    declare_all(cast.source)
    queued(cast, now=now(), **of_kind(kind, **changes))
    client = browser("reviewer")
    turn = take(client)
    return client, turn, client.get(reverse("turn", args=[turn.pk])).content.decode()


def final() -> Any:
    """Return what stands in the end."""
    return json.loads(Outcome.objects.latest("settled_at").content.final)


def sent(turn: Any, **fields: Any) -> dict[str, Any]:
    """Return a posted edit."""
    return {"fence": turn.fence, "decision": "edit", "severity": "major", "correction": "", **fields}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_shows_what_was_given_and_what_the_ai_made_of_it(cast: Cast, browser: Browser, kind: str) -> None:
    _client, _turn, page = begun(cast, browser, kind)
    for words in {
        "chat": ["Where is my parcel?", "It will arrive on Friday."],
        "text": ["Describe the chair Moor", "Oak, four legs", "<strong>red</strong>"],
        "classification": ["Where is my money?", "delivery"],
        "extraction": ["our order number is AB-1207".capitalize()[:3], "lines › 1 › sku", "LMP-7", "421.5"],
        "action": ["arrived broken", "look up the order", "refund", "AB-1207"],
        "comparison": ["without its box", "within 30 days", "<strong>30 days</strong>"],
    }[kind]:
        assert words in page


def test_facts_are_corrected_in_fields(cast: Cast, browser: Browser) -> None:
    client, turn, page = begun(cast, browser, "extraction")
    assert 'name="f:/total"' in page
    changed = {"f:/total": "412.50", "f:/lines/0/count": "4", "f:/express": "true", "f:/note": "call first"}
    assert post(client, turn, "review", sent(turn, **changed)).status_code == 302
    assert final() == {
        **KINDS["extraction"]["output"],
        "total": 412.5,
        "express": True,
        "note": "call first",
        "lines": [{"sku": "LMP-7", "count": 4}, {"sku": "TBL-2", "count": 1}],
    }


def test_a_field_that_may_be_empty_becomes_null(cast: Cast, browser: Browser) -> None:
    client, turn, _page = begun(cast, browser, "extraction")
    post(client, turn, "review", sent(turn, **{"f:/total": ""}))
    assert final()["total"] is None


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"f:/total": "much"}, "A number is required"),
        ({"f:/total": "-1"}, "At least 0 is required."),
        ({"f:/order": "1207"}, "A text of the form"),
        ({"f:/lines/0/count": ""}, "A number is required"),
        ({"f:/lines/0/count": "0"}, "At least 1 is required."),
        ({}, "Nothing was changed"),
    ],
)
def test_a_fact_that_does_not_fit_is_told_at_its_field(
    cast: Cast, browser: Browser, changed: dict[str, str], words: str
) -> None:
    client, turn, _page = begun(cast, browser, "extraction")
    answer = post(client, turn, "review", sent(turn, **changed))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert all(f'value="{value}"' in page for value in changed.values())
    assert not Review.objects.exists()


def test_facts_are_corrected_as_json_where_fields_do_not_do(cast: Cast, browser: Browser) -> None:
    client, turn, _page = begun(cast, browser, "extraction")
    whole = {**KINDS["extraction"]["output"], "lines": []}
    ignored = {"f:/total": "1"}
    data = sent(turn, as_json="1", correction=json.dumps(whole), **ignored)
    assert post(client, turn, "review", data).status_code == 302
    assert final() == whole


@pytest.mark.parametrize(("text", "words"), [("{", "not JSON"), ("[1]", "An object is required"), ("{}", "required")])
def test_json_that_is_none_is_told_and_given_back(cast: Cast, browser: Browser, text: str, words: str) -> None:
    client, turn, _page = begun(cast, browser, "extraction")
    answer = post(client, turn, "review", sent(turn, as_json="1", correction=text))
    page = answer.content.decode()
    assert (answer.status_code, words in page, f"\n{text}</textarea>" in page) == (422, True, True)


def test_what_was_typed_in_fields_is_kept_as_a_draft_and_after_undo(cast: Cast, browser: Browser) -> None:
    client, turn, _page = begun(cast, browser, "extraction")
    post(client, turn, "draft", sent(turn, **{"f:/total": "412.5"}))
    assert 'value="412.5"' in client.get(reverse("turn", args=[turn.pk])).content.decode()
    post(client, turn, "review", sent(turn, **{"f:/total": "412.5"}))
    page = client.post(f"/undo/{Outcome.objects.get().pk}/", follow=True).content.decode()
    assert "&quot;total&quot;: 412.5" in page


def test_a_correction_is_held_against_the_version_that_the_item_came_with(cast: Cast, browser: Browser) -> None:
    client, turn, _page = begun(cast, browser, "extraction")
    declare_all(cast.source, json_schema={"type": "object", "required": ["customer"]})
    assert post(client, turn, "review", sent(turn, **{"f:/total": "412.5"})).status_code == 302
    assert final()["total"] == 412.5


def test_an_action_is_done_with_other_arguments_or_refused(cast: Cast, browser: Browser) -> None:
    client, turn, page = begun(cast, browser, "action")
    assert "Refuse" in page
    answer = post(client, turn, "review", sent(turn, **{"f:/amount": "400"}))
    assert "At most 100 is allowed." in answer.content.decode()
    post(client, turn, "review", sent(turn, **{"f:/amount": "45"}))
    assert final() == {"tool": "refund", "arguments": {"order": "AB-1207", "amount": 45}}


def test_a_candidate_is_preferred_without_a_word_about_faults(cast: Cast, browser: Browser) -> None:
    client, turn, page = begun(cast, browser, "comparison")
    assert 'value="approve"' not in page
    assert "bot 14" not in page
    assert post(client, turn, "review", {"fence": turn.fence, "decision": "prefer:p15"}).status_code == 302
    assert final() == {"preferred": "p15", "content": "Yes. Wrap it well; you have **30 days**."}
    review = Review.objects.get()
    assert (review.decision, review.severity) == ("edit", "none")
    assert sorted(review.shown["candidates"]) == ["p14", "p15"]


def test_a_better_answer_than_all_candidates_is_written(cast: Cast, browser: Browser) -> None:
    client, turn, _page = begun(cast, browser, "comparison")
    assert post(client, turn, "review", sent(turn, correction="Yes, within 30 days.")).status_code == 422
    post(client, turn, "review", sent(turn, correction="Yes, for 30 days, in any box."))
    assert final() == {"content": "Yes, for 30 days, in any box."}


def test_a_candidate_that_is_none_and_an_approval_are_refused(cast: Cast, browser: Browser) -> None:
    client, turn, _page = begun(cast, browser, "comparison")
    for decision in ("prefer:p99", "approve"):
        assert post(client, turn, "review", {"fence": turn.fence, "decision": decision}).status_code == 422
    post(client, turn, "review", {"fence": turn.fence, "decision": "reject", "severity": "major"})
    assert Outcome.objects.get().disposition == "withheld"


def test_the_order_of_candidates_is_each_persons_own_and_stays(cast: Cast, browser: Browser) -> None:
    many = [{"id": f"c{n}", "content": f"Answer {n}."} for n in range(8)]
    given = of_kind("comparison", output={"candidates": many}, risk={"level": "high"})
    queued(cast, now=now(), **given)
    orders = []
    for who in ("reviewer", "reviewer2"):
        client = browser(who)
        turn = take(client)
        pages = [client.get(reverse("turn", args=[turn.pk])).content.decode() for _ in range(2)]
        found = [[part.split('"')[0] for part in page.split('value="prefer:')[1:]] for page in pages]
        assert found[0] == found[1]
        orders.append(found[0])
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


HOSTILE = '<script>top.hit=1</script>"><img src=x onerror=hit()>'


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("extraction", {"output": {HOSTILE: HOSTILE, "order": "AB-1", "total": None, "lines": []}}),
        ("action", {"output": {"tool": "close", "arguments": {HOSTILE: HOSTILE}}, "input": {"plan": [HOSTILE]}}),
        (
            "comparison",
            {"output": {"candidates": [{"id": HOSTILE, "content": HOSTILE}, {"id": "b", "content": "x"}]}},
        ),
        ("text", {"input": {"prompt": HOSTILE}, "output": {"content": HOSTILE}}),
    ],
)
def test_nothing_that_an_ai_wrote_is_markup(cast: Cast, browser: Browser, kind: str, changes: dict[str, Any]) -> None:
    client, turn, page = begun(cast, browser, kind, **changes)
    item_page = client.get(f"/items/{turn.item_id}/").content.decode()
    for one in (page, item_page):
        assert "top.hit" in one
        assert "<script>top.hit" not in one
        assert "<img src=x" not in one


@pytest.mark.parametrize(
    ("kind", "posted", "words"),
    [
        ("extraction", {"f:/total": "412.5"}, ["<del>421.5</del>", "<ins>412.5</ins>"]),
        ("action", {"f:/amount": "45"}, ["It wants to use", "<ins>45</ins>"]),
        ("comparison", {"decision": "prefer:p15", "severity": ""}, ["prefers p15"]),
        ("text", {"correction": "Moor is a light oak chair."}, ["<del>"]),
    ],
)
def test_the_items_page_tells_what_became_of_each_kind(
    cast: Cast, browser: Browser, kind: str, posted: dict[str, str], words: list[str]
) -> None:
    client, turn, _page = begun(cast, browser, kind)
    assert post(client, turn, "review", sent(turn, **posted)).status_code == 302
    page = client.get(f"/items/{turn.item_id}/").content.decode()
    for one in words:
        assert one in page


LONG = "123456789012345678901234567890"
NEXT = f"{LONG[:-1]}1"


def long_number(cast: Cast, browser: Browser) -> tuple[Client, Any, str]:
    """Take an item with an integer that 64 bits do not hold."""
    declare_all(cast.source, json_schema={"type": "object", "properties": {"of": {"enum": [7, 8]}}})
    output = {"id": int(LONG), "price": 1.5, "of": 7}
    queued(cast, now=now(), kind="extraction", input={"text": "?"}, output=output)
    client = browser("reviewer")
    turn = take(client)
    return client, turn, client.get(reverse("turn", args=[turn.pk])).content.decode()


def test_every_digit_of_a_long_number_is_shown_kept_and_sent(cast: Cast, browser: Browser) -> None:
    client, turn, page = long_number(cast, browser)
    assert f'value="{LONG}"' in page
    assert f"&quot;id&quot;: {LONG}" in page
    data = sent(turn, **{"f:/price": "1.50", "f:/of": "8"})
    assert post(client, turn, "review", data).status_code == 302
    assert Outcome.objects.get().content.final == f'{{"id":{LONG},"price":1.50,"of":8}}'
    item = client.get(reverse("item", args=[turn.item_id])).content.decode()
    assert LONG in item


@pytest.mark.parametrize(
    "changed", [{"f:/id": NEXT}, {"as_json": "1", "correction": f'{{"id":{NEXT},"price":1.5,"of":7}}'}]
)
def test_the_last_digit_alone_is_a_change(cast: Cast, browser: Browser, changed: dict[str, str]) -> None:
    client, turn, _page = long_number(cast, browser)
    same = sent(turn, as_json="1", correction=f'{{"id":{LONG},"price":1.50,"of":7}}')
    assert "Nothing was changed" in post(client, turn, "review", same).content.decode()
    assert post(client, turn, "review", sent(turn, **changed)).status_code == 302
    assert Outcome.objects.get().content.final == f'{{"id":{NEXT},"price":1.5,"of":7}}'
