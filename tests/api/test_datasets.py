"""Datasets and releases through the API."""

import json
from collections.abc import Callable

from reviewqueue.common import clock
from reviewqueue.datasets.actions import build, take_due
from tests.api.conftest import Api
from tests.cast import Cast
from tests.steps import edit, publish, queued, settle

DEFINITION = {
    "slug": "corrections",
    "name": "Corrections",
    "format": "sft",
    "query": {"sources": ["support-chatbot"]},
}


def built() -> None:
    release = take_due(now=clock.now())
    assert release is not None
    build(release=release, now=clock.now())


def test_a_release_is_made_built_and_read(cast: Cast, api: Api) -> None:
    queued(cast)
    settle(cast, cast.reviewer, edit())
    publish(cast)
    defined = api.post("datasets", DEFINITION)
    assert (defined.status_code, defined.json()["latest_version"]) == (201, None)
    made = api.post("datasets/corrections/releases")
    assert (made.status_code, made.json()["state"], made.json()["files"]) == (201, "building", [])
    built()
    ready = api.get("datasets/corrections/releases/1").json()
    assert (ready["state"], ready["rows"], ready["manifest"]["through_position"]) == ("ready", 1, 1)
    files = {one["name"]: one["url"].removeprefix("http://testserver") for one in ready["files"]}
    answer = api.get(files["data.jsonl"])
    (line,) = b"".join(answer.streaming_content).splitlines()
    assert json.loads(line)["messages"][-1]["content"] == "It will arrive on Monday."
    assert answer["Content-Type"] == "application/x-ndjson"
    assert "attachment" in answer["Content-Disposition"]
    manifest = json.loads(b"".join(api.get(files["manifest.json"]).streaming_content))
    assert manifest["sha256"] == ready["sha256"]
    assert api.get("datasets").json()["results"][0]["latest_version"] == 1


def test_the_releases_of_a_dataset_are_listed_newest_first(cast: Cast, api: Api, stranger: Api) -> None:
    queued(cast)
    settle(cast, cast.reviewer, edit())
    publish(cast)
    for slug in ("corrections", "others"):
        api.post("datasets", {**DEFINITION, "slug": slug})
        api.post(f"datasets/{slug}/releases")
    built()
    api.post("datasets/corrections/releases")
    first = api.get("datasets/corrections/releases?limit=1").json()
    rest = api.get(first["next"].removeprefix("http://testserver")).json()
    listed = [*first["results"], *rest["results"]]
    assert [(one["dataset"], one["version"], one["state"]) for one in listed] == [
        ("corrections", 2, "building"),
        ("corrections", 1, "ready"),
    ]
    assert (rest["next"], len(listed[1]["files"])) == (None, 2)
    assert listed[1] == api.get("datasets/corrections/releases/1").json()
    theirs, unknown = (stranger.get(f"datasets/{slug}/releases") for slug in ("corrections", "unknown"))
    assert (theirs.status_code, theirs.content) == (404, unknown.content)


def test_only_the_names_of_a_release_lead_to_files(cast: Cast, api: Api) -> None:
    queued(cast)
    settle(cast, cast.reviewer, edit())
    publish(cast)
    api.post("datasets", DEFINITION)
    api.post("datasets/corrections/releases")
    assert api.get("datasets/corrections/releases/1/files/data.jsonl").status_code == 404
    built()
    for name in ("..", "%2e%2e", ".data.jsonl", "data.jsonl%00", "..%2f..%2fsecret_key", "DATA.JSONL"):
        assert api.get(f"datasets/corrections/releases/1/files/{name}").status_code == 404


def test_a_slug_is_taken_once_and_an_empty_release_is_not_made(api: Api) -> None:
    assert api.post("datasets", DEFINITION).status_code == 201
    assert api.post("datasets", DEFINITION).status_code == 409
    nothing = api.post("datasets/corrections/releases")
    assert (nothing.status_code, nothing.json()["type"].rpartition("/")[2]) == (409, "nothing-published")


def test_another_workspaces_dataset_looks_exactly_like_none(api: Api, stranger: Api) -> None:
    api.post("datasets", DEFINITION)
    assert stranger.get("datasets").json()["results"] == []
    theirs, unknown = (stranger.post(f"datasets/{slug}/releases") for slug in ("corrections", "unknown"))
    assert (theirs.status_code, theirs.content) == (404, unknown.content)
    assert stranger.post("datasets", DEFINITION).status_code == 201


def test_a_persons_key_does_no_more_than_the_person_may(cast: Cast, acting_as: Callable[..., Api]) -> None:
    assert acting_as(cast.reviewer).get("datasets").status_code == 403
    assert acting_as(cast.auditor).get("datasets").status_code == 200
    assert acting_as(cast.auditor).post("datasets", DEFINITION).status_code == 403
    assert acting_as(cast.ml).post("datasets", DEFINITION).status_code == 201
