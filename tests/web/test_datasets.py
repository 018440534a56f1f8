"""Datasets: define, release, look, take away; and who may."""

import hashlib
import json
from collections.abc import Callable

import pytest
from django.test import Client

from reviewqueue.common.clock import now
from reviewqueue.datasets.actions import build, take_due
from reviewqueue.datasets.models import Dataset, Release
from reviewqueue.web import datasets as pages
from tests.cast import Cast
from tests.steps import edit, publish, queued, settle

Browser = Callable[[str], Client]
NEW = {"slug": "corrections", "name": "Corrections", "format": "sft", "sources": ["support-chatbot"]}


def judged(cast: Cast, count: int = 2) -> None:
    queued(cast, count)
    for _number in range(count):
        settle(cast, cast.reviewer, edit())
    publish(cast)


def built() -> None:
    release = take_due(now=now())
    assert release is not None
    build(release=release, now=now())


def test_an_engineer_defines_a_dataset_releases_it_and_takes_the_file(cast: Cast, browser: Browser) -> None:
    judged(cast)
    client = browser("ml")
    words = client.post("/datasets/+define/", NEW, follow=True).content.decode()
    assert "Corrections: 2 rows if released now." in words
    assert "It will arrive on Monday." in words
    building = client.post("/datasets/corrections/releases/", follow=True).content.decode()
    assert "is being built" in building
    assert (
        "Waiting for a worker."
        in client.get("/datasets/corrections/releases/1/", HTTP_HX_REQUEST="true").content.decode()
    )
    built()
    done = client.get("/datasets/corrections/releases/1/", HTTP_HX_REQUEST="true")
    assert done["HX-Refresh"] == "true"
    words = client.get("/datasets/corrections/releases/1/").content.decode()
    file = client.get("/datasets/corrections/releases/1/data.jsonl")
    data = b"".join(file.streaming_content)
    assert hashlib.sha256(data).hexdigest() in words
    assert "corrections 1: 2 rows" in words
    assert "http://testserver/api/v1/datasets/corrections/releases/1/files/data.jsonl" in words
    assert json.loads(data.splitlines()[0])["messages"][-1]["content"] == "It will arrive on Monday."
    manifest = client.get("/datasets/corrections/releases/1/manifest.json")
    assert json.loads(b"".join(manifest.streaming_content))["rows"] == 2
    assert "2 rows" in client.get("/datasets/").content.decode()


def test_a_page_counts_so_many_rows_and_says_that_there_may_be_more(
    cast: Cast, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(cast)
    browser("ml").post("/datasets/+define/", NEW)
    monkeypatch.setattr(pages, "COUNTED", 2)
    words = browser("ml").get("/datasets/corrections/").content.decode()
    assert "2 rows or more if released now." in words
    assert "of the newest 2 rows" in words


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"slug": "two words"}, 422, "The short name has"),
        ({"format": "parquet"}, 422, "The format is not known."),
        ({"slug": "taken"}, 409, "There is a dataset of this short name already."),
    ],
)
def test_what_cannot_be_defined_is_said_and_what_was_typed_stays(
    cast: Cast, browser: Browser, change: dict, status: int, said: str
) -> None:
    browser("ml").post("/datasets/+define/", {**NEW, "slug": "taken"})
    answer = browser("ml").post("/datasets/+define/", {**NEW, "name": "Kept name", **change})
    assert answer.status_code == status
    assert said in answer.content.decode()
    assert "Kept name" in answer.content.decode()
    assert Dataset.objects.count() == 1


def test_a_release_of_nothing_is_refused_in_words(cast: Cast, browser: Browser) -> None:
    browser("ml").post("/datasets/+define/", NEW)
    answer = browser("ml").post("/datasets/corrections/releases/")
    assert answer.status_code == 409
    assert "Nothing has been published yet" in answer.content.decode()


def test_a_failed_release_says_so(cast: Cast, browser: Browser) -> None:
    judged(cast)
    browser("ml").post("/datasets/+define/", NEW)
    browser("ml").post("/datasets/corrections/releases/")
    Release.objects.update(failed_at=now(), last_error="OSError")
    words = browser("ml").get("/datasets/corrections/releases/1/").content.decode()
    assert "could not be built" in words
    assert browser("ml").get("/datasets/corrections/releases/1/data.jsonl").status_code == 404


def test_an_auditor_looks_and_makes_nothing(cast: Cast, browser: Browser) -> None:
    judged(cast)
    browser("ml").post("/datasets/+define/", NEW)
    words = browser("auditor").get("/datasets/corrections/").content.decode()
    assert "2 rows if released now" in words
    assert "Make a release" not in words
    assert browser("auditor").post("/datasets/corrections/releases/").status_code == 403
    assert browser("auditor").post("/datasets/+define/", {**NEW, "slug": "other"}).status_code == 403


def test_others_find_nothing(cast: Cast, browser: Browser) -> None:
    judged(cast)
    browser("ml").post("/datasets/+define/", NEW)
    browser("ml").post("/datasets/corrections/releases/")
    built()
    assert browser("reviewer").get("/datasets/").status_code == 403
    assert browser("lead").get("/datasets/corrections/").status_code == 403
    assert browser("ml").get("/datasets/corrections/releases/1/secret_key").status_code == 404
    assert browser("ml").get("/datasets/nowhere/").status_code == 404
