"""The API's page: every operation can be found, tried and understood from it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from reviewqueue_client import ReviewQueue

from reviewqueue.api.reading import _resources
from reviewqueue.api.schema import document
from tests.cast import Cast

OPERATIONS = {one["name"]: one for resource in _resources() for one in resource["operations"]}


@pytest.fixture
def page(db: None, settings: Any) -> str:
    """The page as it is sent."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    answer = Client().get("/api/v1/docs")
    assert answer.status_code == 200
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    return answer.content.decode()


def test_every_operation_and_shape_stands_on_it(page: str) -> None:
    for methods in document()["paths"].values():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page
    for name in document()["components"]["schemas"]:
        assert f'id="shape-{name}"' in page


def test_every_way_on_it_leads_somewhere_and_no_place_has_two_names(page: str) -> None:
    places = re.findall(r'\sid="([^"]+)"', page)
    assert len(places) == len(set(places))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(places)


def test_it_needs_no_other_server_and_no_script_of_its_own(page: str) -> None:
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", page)
    assert not re.findall(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son\w+=", page)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_example_can_be_run_as_it_stands(name: str) -> None:
    one = OPERATIONS[name]
    compile(one["python"], name, "exec")
    for method in re.findall(r"\brq\.(\w+)", one["python"]):
        assert callable(getattr(ReviewQueue, method))
    assert not re.search(r"[{]\w+[}]", one["curl"] + one["python"])
    bodies = [body for body in one["bodies"] if body["media_type"] == "application/json"]
    assert bool(bodies) == ("-d '" in one["curl"])
    for body in _sent(one["curl"]):
        json.loads(body.replace("'\\''", "'"))


def _sent(command: str) -> Iterator[str]:
    """Yield the body of a command line."""
    if "-d '" in command:
        yield command.partition("-d '")[2].removesuffix("'")


def test_the_keys_page_leads_to_it(cast: Cast, page: str) -> None:
    admin = Client()
    admin.force_login(cast.admin.user)
    assert 'href="/api/v1/docs"' in admin.get("/settings/keys/").content.decode()
