"""Personal data is not in a page until somebody asks for it, and whoever asks is on record."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reviewqueue.assignment.models import Assignment, Draft
from reviewqueue.audit.models import Event
from reviewqueue.common import clock
from reviewqueue.common.clock import now
from reviewqueue.intake.models import Item
from reviewqueue.review.models import Review, ReviewContent
from tests.cast import Cast
from tests.detectors.steps import IBAN, switch
from tests.kinds import declare_all, of_kind
from tests.steps import edit, queued, settle

Browser = Callable[[str], Client]
MAIL = "anna.schmidt@example.com"
SECRETS = (IBAN, IBAN.replace(" ", ""), "anna.schmidt", "4111 1111", "41111111")
ASKED = {"messages": [{"role": "user", "content": f"I am {MAIL}, my card is 4111 1111 1111 1111."}]}
ANSWER = f"We send it to {IBAN}."
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _looked_at(cast: Cast) -> None:
    switch(cast, "personal_data")


def private(cast: Cast, **more: Any) -> Item:
    """Return an item that waits and that holds personal data in what was asked, answered, and known."""
    given = {"input": ASKED, "output": {"content": ANSWER}, "attributes": {"mail": MAIL}, **more}
    [received] = queued(cast, now=now(), **given)
    return Item.objects.get(pk=received.id)


def take(client: Client) -> Assignment:
    client.post(reverse("claim"), follow=True)
    return Assignment.objects.filter(ended_at=None).latest("opened_at")


def left_in(page: str) -> list[str]:
    """Return what of the personal data stands in a page."""
    return [one for one in SECRETS if one in page]


def looks(item: Item) -> list[Any]:
    return list(Event.objects.filter(item_id=item.pk, verb="unmask").values_list("actor_id", flat=True))


# --- the workbench ------------------------------------------------------------------------------------------------


def test_the_workbench_hides_it_until_asked_and_records_who_looked(cast: Cast, browser: Browser) -> None:
    item, client = private(cast), browser("reviewer")
    turn = take(client)
    page = client.get(reverse("turn", args=[turn.pk])).content.decode()
    assert left_in(page) == []
    assert "⟨IBAN 1⟩" in page
    assert "Personal data is hidden" in page
    assert looks(item) == []
    client.post(reverse("turn_unmask", args=[turn.pk]), {"fence": turn.fence}, follow=True)
    page = client.get(reverse("turn", args=[turn.pk])).content.decode()
    assert (IBAN in page, MAIL in page, "⟨IBAN" in page) == (True, True, False)
    assert looks(item) == [cast.reviewer.user_id]


def test_one_look_shows_nothing_to_anybody_else(cast: Cast, browser: Browser) -> None:
    item, client = private(cast), browser("reviewer")
    turn = take(client)
    client.post(reverse("turn_unmask", args=[turn.pk]), {"fence": turn.fence})
    assert left_in(browser("lead").get(f"/items/{item.pk}/").content.decode()) == []


def test_the_next_turn_alone_is_shown_to_htmx(cast: Cast, browser: Browser) -> None:
    private(cast)
    client = browser("reviewer")
    turn = take(client)
    part = client.post(reverse("turn_unmask", args=[turn.pk]), {"fence": turn.fence}, headers=HTMX).content.decode()
    assert IBAN in part
    assert "<html" not in part


def test_the_editor_is_closed_until_the_data_is_shown(cast: Cast, browser: Browser) -> None:
    private(cast)
    client = browser("reviewer")
    turn = take(client)
    page = client.get(reverse("turn", args=[turn.pk])).content.decode()
    assert 'textarea id="correction"' not in page
    assert 'name="closed"' in page
    wrong = {"fence": turn.fence, "closed": "1", "decision": "edit", "severity": "major"}
    answer = client.post(reverse("turn_review", args=[turn.pk]), wrong)
    assert answer.status_code == 422
    assert "Show the personal data first" in answer.content.decode()
    assert left_in(answer.content.decode()) == []
    assert not Review.objects.exists()
    client.post(reverse("turn_unmask", args=[turn.pk]), {"fence": turn.fence})
    assert f"{ANSWER}</textarea>" in client.get(reverse("turn", args=[turn.pk])).content.decode()


def test_an_answer_can_be_approved_unseen_as_it_is(cast: Cast, browser: Browser) -> None:
    item, client = private(cast), browser("reviewer")
    turn = take(client)
    client.post(reverse("turn_review", args=[turn.pk]), {"fence": turn.fence, "closed": "1", "decision": "approve"})
    assert Review.objects.get().decision == "approve"
    assert looks(item) == []


def test_where_only_the_question_holds_some_the_answer_can_be_edited(cast: Cast, browser: Browser) -> None:
    private(cast, output={"content": "We send it today."})
    client = browser("reviewer")
    turn = take(client)
    page = client.get(reverse("turn", args=[turn.pk])).content.decode()
    assert left_in(page) == []
    assert 'textarea id="correction"' in page


def test_what_was_typed_stays_while_the_editor_is_closed(cast: Cast, browser: Browser) -> None:
    private(cast)
    client = browser("reviewer")
    turn = take(client)
    client.post(reverse("turn_unmask", args=[turn.pk]), {"fence": turn.fence})
    mine = f"We send it to {IBAN} on Monday."
    client.post(reverse("turn_draft", args=[turn.pk]), {"fence": turn.fence, "correction": mine, "note": "one"})
    client.post(reverse("turn_draft", args=[turn.pk]), {"fence": turn.fence, "closed": "1", "note": "two"})
    draft = Draft.objects.get().body
    assert (draft["correction"], draft["note"]) == (mine, "two")
    client.post(reverse("turn_unmask", args=[turn.pk]), {"fence": turn.fence, "closed": "1", "note": "three"})
    assert Draft.objects.get().body["correction"] == mine


def test_a_draft_with_personal_data_is_hidden_from_a_later_turn(cast: Cast, browser: Browser) -> None:
    private(cast, output={"content": "We send it today."})
    client = browser("reviewer")
    turn = take(client)
    client.post(reverse("turn_draft", args=[turn.pk]), {"fence": turn.fence, "correction": f"Send it to {IBAN}."})
    page = client.get(reverse("turn", args=[turn.pk])).content.decode()
    assert left_in(page) == []
    assert 'name="closed"' in page


def test_the_look_lasts_as_long_as_the_turn(cast: Cast, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    item, client = private(cast), browser("reviewer")
    turn = take(client)
    client.post(reverse("turn_unmask", args=[turn.pk]), {"fence": turn.fence})
    client.post(f"/items/{item.pk}/unmask/")
    later = now() + timedelta(minutes=16)
    monkeypatch.setattr("reviewqueue.web.masking.clock_now", lambda: later)
    assert IBAN in client.get(reverse("turn", args=[turn.pk])).content.decode()
    assert left_in(client.get(f"/items/{item.pk}/").content.decode()) == []


@pytest.mark.parametrize("kind", ["extraction", "action", "comparison", "text"])
def test_every_kind_of_answer_is_hidden(cast: Cast, browser: Browser, kind: str) -> None:
    declare_all(cast.source)
    whole = of_kind(kind)
    output = {
        "extraction": {**whole["output"], "order": "AB-1207", "note": IBAN},
        "action": {**whole["output"], "arguments": {"order": IBAN, "amount": 9}},
        "comparison": {"candidates": [{"id": "a", "content": IBAN}, {"id": "b", "content": f"x {MAIL}"}]},
        "text": {"content": f"{IBAN} and {MAIL}"},
    }[kind]
    private(cast, **{**whole, "output": output, "confidence": 0.1})
    client = browser("reviewer")
    turn = take(client)
    assert left_in(client.get(reverse("turn", args=[turn.pk])).content.decode()) == []


def test_it_is_shown_where_the_detector_is_off(cast: Cast, browser: Browser) -> None:
    switch(cast, "personal_data", on=False)
    private(cast)
    client = browser("reviewer")
    turn = take(client)
    assert IBAN in client.get(reverse("turn", args=[turn.pk])).content.decode()


# --- lists and the item's page -----------------------------------------------------------------------------------


def test_the_items_page_hides_it_in_everything_that_was_said(cast: Cast, browser: Browser) -> None:
    item = private(cast)
    settle(cast, cast.reviewer, edit(f"We send it to {IBAN} on Monday.", note=f"asked {MAIL}"), now=now())
    client = browser("lead")
    page = client.get(f"/items/{item.pk}/").content.decode()
    assert left_in(page) == []
    assert "unchanged since it came" in page, "the evidence is checked as it is"
    assert "Download the exact bytes" not in page
    assert client.get(f"/items/{item.pk}/raw/").status_code == 409
    shown = client.post(f"/items/{item.pk}/unmask/", follow=True).content.decode()
    assert IBAN in shown
    assert "Looked at the personal data" in shown
    assert looks(item) == [cast.lead.user_id]
    assert IBAN in client.get(f"/items/{item.pk}/raw/").content.decode()
    assert IBAN in ReviewContent.objects.get().correction, "what is kept is kept as it was"


def test_lists_never_show_it(cast: Cast, browser: Browser) -> None:
    item = private(cast)
    take(browser("reviewer"))
    browser("lead").post(f"/items/{item.pk}/unmask/")
    for who, address in (
        ("lead", "/items/"),
        ("lead", "/items/?q=anna"),
        ("reviewer", "/my-queue/"),
        ("reviewer", f"/report/?q={item.external_id}"),
    ):
        page = browser(who).get(address).content.decode()
        assert item.external_id in page
        assert left_in(page.replace('value="anna"', "")) == [], address


def test_the_same_account_has_the_same_number_in_question_and_answer(cast: Cast, browser: Browser) -> None:
    words = f"Mine is {IBAN.replace(' ', '')}, not AT61 1904 3002 3457 3201."
    private(cast, input={"messages": [{"role": "user", "content": words}]})
    client = browser("reviewer")
    turn = take(client)
    page = client.get(reverse("turn", args=[turn.pk])).content.decode()
    assert re.findall(r"⟨IBAN (\d)⟩", page).count("2") == 1
    assert "We send it to ⟨IBAN 1⟩." in page


def test_who_may_not_see_an_item_cannot_ask_for_its_data(cast: Cast, browser: Browser) -> None:
    item = private(cast)
    for who in ("reviewer2", "stranger"):
        assert browser(who).post(f"/items/{item.pk}/unmask/").status_code == 404
    turn = take(browser("reviewer"))
    assert browser("reviewer2").post(reverse("turn_unmask", args=[turn.pk]), {"fence": turn.fence}).status_code == 404
    assert looks(item) == []
    assert clock.now() >= turn.opened_at
