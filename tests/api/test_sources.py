"""A program declares what a source's outputs look like."""

from collections.abc import Callable

import pytest

from reviewqueue.audit.models import Event
from reviewqueue.intake.models import Declaration, Item
from tests.api.conftest import Api
from tests.cast import Cast, item
from tests.kinds import ORDER, of_kind

SCHEMA = {"type": "object", "properties": {"z": {"type": "string"}, "a": {"type": "number"}}, "required": ["z"]}


@pytest.fixture
def admin(acting_as: Callable[..., Api]) -> Api:
    """A program that may change the workspace."""
    return acting_as(scopes=["admin", "items:read", "items:write"])


def declare(admin: Api, body: dict, slug: str = "support-chatbot"):
    return admin.send("PUT", f"sources/{slug}/declaration", body)


def test_a_source_is_added_with_what_it_declares(cast: Cast, admin: Api) -> None:
    made = admin.post("sources", {"slug": "orders", "name": "Order reader", "json_schema": SCHEMA})
    assert made.status_code == 201
    assert made.json()["declaration"]["version"] == 1
    assert admin.get("sources/orders").json() == made.json()
    assert admin.post("sources", {"slug": "orders"}).status_code == 409
    listed = {one["slug"]: one["declaration"] for one in admin.get("sources").json()["results"]}
    assert listed["support-chatbot"] is None
    assert list(listed["orders"]["json_schema"]["properties"]) == ["z", "a"]  # in the order in which it was written


def test_a_declaration_is_the_next_version_and_the_same_again_is_none(cast: Cast, admin: Api) -> None:
    assert declare(admin, {"labels": ["a"]}).json()["version"] == 1
    assert declare(admin, {"labels": ["a", "b"], "tools": {"close": None}}).json()["version"] == 2
    assert declare(admin, {"labels": ["a", "b"], "tools": {"close": None}}).json()["version"] == 2
    assert Declaration.objects.count() == 2
    events = Event.objects.filter(verb="declare", subject_kind="declaration").order_by("id")
    assert [one.data["version"] for one in events] == [1, 2]


def test_whoever_read_an_older_version_is_told(cast: Cast, admin: Api) -> None:
    declare(admin, {"labels": ["a"]})
    declare(admin, {"labels": ["b"]})
    assert declare(admin, {"labels": ["c"], "instead_of": 1}).status_code == 409
    assert declare(admin, {"labels": ["c"], "instead_of": 2}).json()["version"] == 3


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"labels": ["a", "a"]}, "#/labels/1"),
        ({"labels": "a"}, "#/labels"),
        ({"json_schema": {"type": "strin"}}, "#/json_schema/type"),
        ({"json_schema": {"$ref": "https://evil.example/"}}, "#/json_schema/$ref"),
        ({"json_schema": []}, "#/json_schema"),
        ({"tools": {"refund": {"pattern": "(?!a)"}}}, "#/tools/refund/pattern"),
        ({"tools": {"refund": 3}}, "#/tools/refund"),
        ({"lables": ["a"]}, "#/lables"),
        ({"instead_of": -1}, "#/instead_of"),
    ],
)
def test_what_cannot_be_declared_is_refused_at_its_place(cast: Cast, admin: Api, body: dict, place: str) -> None:
    answer = declare(admin, body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, place)
    assert not Declaration.objects.exists()


def test_only_an_administering_key_declares(cast: Cast, api: Api, acting_as: Callable[..., Api]) -> None:
    assert declare(api, {"labels": ["a"]}).status_code == 403
    assert declare(acting_as(cast.lead, scopes=["admin"]), {"labels": ["a"]}).status_code == 403
    assert declare(acting_as(cast.admin, scopes=["admin"]), {"labels": ["a"]}).status_code == 200
    assert Declaration.objects.get().created_by == cast.admin.user


def test_a_key_of_one_source_declares_that_one_alone(cast: Cast, admin: Api, acting_as: Callable[..., Api]) -> None:
    admin.post("sources", {"slug": "other"})
    bound = acting_as(scopes=["admin", "items:read"], source="support-chatbot")
    assert [one["slug"] for one in bound.get("sources").json()["results"]] == ["support-chatbot"]
    assert declare(bound, {"labels": ["a"]}).status_code == 200
    assert declare(bound, {"labels": ["a"]}, "other").status_code == 404
    assert bound.post("sources", {"slug": "third"}).status_code == 403


def test_an_item_is_held_against_the_version_current_when_it_came(cast: Cast, admin: Api) -> None:
    declare(admin, {"json_schema": ORDER})
    assert admin.post("items", item("o-1", **of_kind("extraction"))).status_code == 201
    declare(admin, {"json_schema": {"type": "object", "required": ["customer"]}})
    refused = admin.post("items", item("o-2", **of_kind("extraction")))
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/output/customer")
    again = admin.post("items", item("o-3", **of_kind("extraction", output={"customer": "Ines"})))
    assert again.status_code == 201
    versions = Item.objects.order_by("id").values_list("external_id", "declaration__version")
    assert dict(versions) == {"o-1": 1, "o-3": 2}


def test_each_item_of_a_batch_is_held_against_the_declaration(cast: Cast, admin: Api) -> None:
    declare(admin, {"json_schema": ORDER, "tools": {"close": None}})
    batch = [
        item("b-1", **of_kind("extraction")),
        item("b-2", **of_kind("extraction", output={"order": "none", "total": 1, "lines": []})),
        item("b-3", **of_kind("action")),
        item("b-4"),
    ]
    results = admin.post("items/batch", {"items": batch}).json()["results"]
    assert [one["status"] for one in results] == [201, 422, 422, 201]
    places = [one["error"]["errors"][0]["pointer"] for one in results if one["status"] == 422]
    assert places == ["#/output/order", "#/output/tool"]


def test_a_batch_cannot_buy_time_with_a_costly_schema(cast: Cast, admin: Api) -> None:
    steps = {f"s{n}": {"allOf": [{"$ref": f"#/$defs/s{n + 1}"}] * 2} for n in range(13)}
    costly = {"properties": {"a": {"$ref": "#/$defs/s0"}}, "$defs": {**steps, "s13": {}}}
    assert declare(admin, {"json_schema": costly}).status_code == 200
    batch = [item(f"c-{n}", **of_kind("extraction", output={"a": 1})) for n in range(60)]
    results = admin.post("items/batch", {"items": batch}).json()["results"]
    statuses = [one["status"] for one in results]
    assert statuses == sorted(statuses)
    assert set(statuses) == {201, 422}
