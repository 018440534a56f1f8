"""Sources in the settings: added, and what they declare, version by version."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from reviewqueue.common.clock import now
from reviewqueue.intake.models import Declaration, Source
from tests.cast import Cast
from tests.kinds import ORDER, REFUND, declare_all, of_kind
from tests.steps import queued

Browser = Callable[[str], Client]
PAGE = "/settings/sources/support-chatbot/"


def form(**changes: Any) -> dict[str, Any]:
    """Return the form as it is sent."""
    whole = {
        "version": "0",
        "labels": "refund\r\n\r\n delivery ",
        "json_schema": json.dumps(ORDER),
        "tool": ["refund", "close", ""],
        "tool_schema": [json.dumps(REFUND), "", ""],
    }
    return {**whole, **changes}


def test_an_admin_adds_a_source(cast: Cast, browser: Browser) -> None:
    client = browser("admin")
    answer = client.post("/settings/sources/", {"slug": "orders", "name": "Order reader"}, follow=True)
    assert "Order reader may send items now." in answer.content.decode()
    assert Source.objects.get(slug="orders").workspace == cast.workspace
    for slug, status in (("orders", 409), ("no spaces", 422), ("", 422)):
        assert client.post("/settings/sources/", {"slug": slug}).status_code == status


def test_an_admin_declares_and_everything_reads_as_it_was_written(cast: Cast, browser: Browser) -> None:
    client = browser("admin")
    page = client.post(PAGE, form(), follow=True).content.decode()
    assert "Version 1 counts" in page
    made = Declaration.objects.get()
    assert (made.labels, made.json_schema) == (["refund", "delivery"], ORDER)
    assert made.tools == {"refund": REFUND, "close": None}
    assert made.created_by == cast.admin.user
    assert page.index("&quot;order&quot;") < page.index("&quot;total&quot;") < page.index("&quot;express&quot;")
    for words in ("2 labels", "a JSON Schema", "2 tools", "Admin"):
        assert words in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": "a\na"}, "This label stands here twice."),
        ({"json_schema": "{"}, "not JSON"),
        ({"json_schema": '{"type": "strin"}'}, "/type:"),
        ({"json_schema": '{"$ref": "https://evil.example/"}'}, "Nothing is fetched."),
        ({"tool_schema": ['{"pattern": "(?=a)"}', "", ""]}, "/pattern: This pattern cannot be run"),
        ({"tool_schema": ["{", "", ""]}, "not JSON"),
        ({"tool": ["refund", "refund", ""]}, "A tool stands here twice."),
        ({"tool": ["", "close", ""]}, "A tool&#x27;s name has at most 200 characters."),
        ({"version": "7"}, "Version 0 has been declared meanwhile"),
    ],
)
def test_what_cannot_be_declared_is_told_in_its_place_and_kept(
    cast: Cast, browser: Browser, change: dict[str, Any], words: str
) -> None:
    answer = browser("admin").post(PAGE, form(**change))
    page = answer.content.decode()
    assert answer.status_code in {409, 422}
    assert words in page
    assert "delivery" in page or "labels" in change
    assert not Declaration.objects.exists()


def test_versions_tell_which_items_came_under_them(cast: Cast, browser: Browser) -> None:
    declare_all(cast.source)
    queued(cast, 2, now=now(), **of_kind("extraction"))
    declare_all(cast.source, labels=["other"])
    page = browser("lead").get(PAGE).content.decode()
    rows = page[page.index("Versions, newest first") :].split("<tr>")[2:]
    assert [row.count('<td class="r">0</td>') for row in rows] == [1, 0]
    assert '<td class="r">2</td>' in rows[1]


def test_a_lead_reads_and_changes_nothing(cast: Cast, browser: Browser) -> None:
    client = browser("lead")
    page = client.get(PAGE).content.decode()
    assert "Declare the next version" not in page
    assert client.post(PAGE, form()).status_code == 403
    assert client.post("/settings/sources/", {"slug": "x"}).status_code == 403
    assert browser("reviewer").get(PAGE).status_code == 403


def test_another_workspaces_source_is_not_there(cast: Cast, browser: Browser) -> None:
    Source.objects.filter(workspace=cast.stranger.workspace).update(slug="theirs")
    client = browser("admin")
    assert client.get("/settings/sources/theirs/").status_code == 404
    assert client.post("/settings/sources/theirs/", form()).status_code == 404
