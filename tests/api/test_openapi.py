"""The OpenAPI document is whole, true, and readable by people under the strict policy."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from reviewqueue.api.schema import document
from reviewqueue.api.shapes import EXAMPLES
from reviewqueue.api.urls import urlpatterns
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.intake.actions import declare
from reviewqueue.intake.models import Source
from tests.api.conftest import Api
from tests.cast import NOW, Cast, item
from tests.generating import generate
from tests.steps import edit, publish, queued, settle

NOT_DESCRIBED = {"openapi.json", "docs"}


def test_it_is_openapi_3_1_and_every_address_stands_in_it(db: None) -> None:
    answer = Client().get("/api/v1/openapi.json")
    assert answer.json()["openapi"].startswith("3.1")
    routes = {re.sub(r"<\w+:(\w+)>", r"{\1}", str(one.pattern)) for one in urlpatterns} - NOT_DESCRIBED
    assert {path.removeprefix("/api/v1/") for path in answer.json()["paths"]} == routes


def test_it_is_valid_under_the_schema_of_openapi_itself() -> None:
    OpenAPIV31SpecValidator(document()).validate()


def test_it_says_whose_it_is_and_where() -> None:
    info = document()["info"]
    assert info["license"] == {"name": "Apache License 2.0", "identifier": "Apache-2.0"}
    assert info["version"]
    assert all(server["url"].startswith("/") for server in document()["servers"])


#: Generated clients call operations by these names, so none of them ever changes; new ones may come.
NAMES = {
    *("list_items", "submit_item", "submit_items", "get_item", "get_outcome", "withdraw_item", "list_corrections"),
    *("signal_item", "appeal_item", "list_follow_ups", "finish_follow_up", "go_on_duty", "leave_duty"),
    *("claim_next", "claim_next_of_queue", "keep_turn", "submit_review", "return_item", "escalate_item"),
    *("list_datasets", "define_dataset", "make_release", "get_release", "download_release_file"),
    *("list_sources", "add_source", "get_source", "declare_outputs", "list_webhooks", "add_webhook", "get_webhook"),
    *("change_webhook", "delete_webhook", "rotate_webhook_secret", "test_webhook", "list_deliveries"),
    "replay_deliveries",
}


def test_names_of_operations_are_unique_speaking_and_stay() -> None:
    names = [operation["operationId"] for _where, operation in operations()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+){1,4}", name) for name in names), names
    assert set(names) >= NAMES


def test_every_operation_says_what_it_takes_gives_and_refuses() -> None:
    tags = {tag["name"] for tag in document()["tags"]}
    for where, operation in operations():
        assert operation["summary"], where
        assert operation["description"], where
        assert set(operation["tags"]) <= tags, where
        ((scheme, scopes),) = operation["security"][0].items()
        assert scheme == "key", where
        assert scopes, where
        assert f"`{scopes[0]}`" in operation["description"], where
        assert {"400", "401", "403", "429", "503"} <= operation["responses"].keys(), where
        assert any(status.startswith("2") for status in operation["responses"]), where


def test_answers_have_the_headers_that_programs_rely_on() -> None:
    for where, operation in operations():
        answers = operation["responses"]
        assert answers["401"]["headers"]["WWW-Authenticate"]["required"], where
        for status in ("429", "503"):
            assert answers[status]["headers"]["Retry-After"]["required"], where
        done = [answer for status, answer in answers.items() if status.startswith("2")]
        repeats = {"Idempotency-Replayed" in answer.get("headers", {}) for answer in done}
        assert repeats == {where.startswith("post")}, where


def test_every_link_leads_to_an_operation_and_names_its_parameters() -> None:
    parts = {operation["operationId"]: set(re.findall(r"{(\w+)}", where)) for where, operation in operations()}
    links = [
        link
        for _where, operation in operations()
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert links
    for link in links:
        assert link["parameters"].keys() == parts[link["operationId"]], link


def test_every_shape_is_a_sound_schema_and_every_reference_leads_somewhere() -> None:
    shapes = document()["components"]["schemas"]
    for shape in shapes.values():
        Draft202012Validator.check_schema(shape)
    named = set(re.findall(r"#/components/schemas/(\w+)", str(document())))
    assert named <= shapes.keys()
    assert shapes.keys() == named


def test_every_json_body_and_answer_has_examples_and_each_is_as_its_shape_says() -> None:
    for where, operation in operations():
        for holder in (operation.get("requestBody", {}), *operation["responses"].values()):
            for media_type, content in holder.get("content", {}).items():
                if "$ref" not in content["schema"]:
                    continue
                assert content.get("examples"), (where, media_type)
                for name, example in content["examples"].items():
                    wrong = errors(content["schema"]["$ref"].rpartition("/")[2], example["value"])
                    assert not wrong, (where, name, wrong)


@pytest.mark.parametrize("name", EXAMPLES["Submission"])
def test_every_example_of_a_submission_is_taken(cast: Cast, api: Api, name: str) -> None:
    example = EXAMPLES["Submission"][name]
    source, _new = Source.objects.get_or_create(
        workspace=cast.workspace, slug=example["source"], defaults={"name": "A bot", "created_at": NOW}
    )
    if example["kind"] == "classification":
        declare(source=source, labels=list(example["output"]["scores"]), by=SYSTEM, now=NOW)
    assert api.post("items", example).status_code == 201


def test_a_client_is_generated_from_it_without_a_warning(tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_text(json.dumps(document(), default=str))
    generate(tmp_path / "client", "--path", str(tmp_path / "openapi.json"))
    made = {path.stem for path in (tmp_path / "client" / "api").glob("*/*.py")}
    assert {operation["operationId"] for _where, operation in operations()} <= made


def test_what_is_answered_has_the_shape_that_was_promised(
    cast: Cast, api: Api, acting_as: Callable[..., Api]
) -> None:
    check("Received", api.post("items", item("other")))
    check("Problem", api.post("items", item(confidence=9)))
    check("BatchResult", api.post("items/batch", {"items": [item("b"), item("b", source="no")]}))
    first, _second = queued(cast, 2, risk={"level": "low", "tags": ["x"]}, attributes={"tier": "gold"})
    check("Item", api.get(f"items/{first.id}"))
    check("ItemPage", api.get("items?limit=2"))
    check("Waiting", api.get(f"items/{first.id}/outcome"))
    outcome = settle(cast, cast.reviewer2, edit())
    publish(cast)
    check("Outcome", api.get(f"items/{outcome.item_id}/outcome"))
    mine = acting_as(cast.reviewer)
    turn = mine.post("claims")
    check("Assignment", turn)
    path, fence = f"assignments/{turn.json()['id']}", turn.json()["fence"]
    check("Renewed", mine.patch(path, {"fence": fence}))
    check("Review", mine.post(f"{path}/review", {"fence": fence, "decision": "approve"}))
    check("Dataset", api.post("datasets", {"slug": "d", "format": "preference"}))
    check("DatasetPage", api.get("datasets"))
    check("Release", api.post("datasets/d/releases"))


@pytest.mark.parametrize("changes", [{}, {"risk": None, "model": None}, {"group": "g", "links": []}])
def test_a_submission_that_is_taken_has_the_shape_that_is_asked_for(api: Api, changes: dict[str, Any]) -> None:
    assert api.post("items", item(**changes)).status_code == 201
    assert not errors("Submission", item(**changes))
    assert errors("Submission", item(confidence=2))
    assert errors("Submission", item(input={}))
    assert errors("Submission", item(extra=1))


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every operation with its method and path."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def check(shape: str, answer: Any) -> None:
    """Check an answer against a component."""
    assert not errors(shape, answer.json()), (shape, answer.json())


def errors(shape: str, value: Any) -> list[str]:
    """Return what is wrong with a value under a component."""
    schema = {"$ref": f"#/components/schemas/{shape}", "components": document()["components"]}
    return [error.message for error in Draft202012Validator(schema).iter_errors(value)]
