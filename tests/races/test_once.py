"""Sixty-four clients ask the same under one Idempotency-Key at the same moment: it is done once (I-3)."""

from collections.abc import Callable
from typing import Any

import pytest

from reviewqueue.accounts.actions import create_key
from reviewqueue.accounts.models import AskedOnce
from reviewqueue.api import resource
from reviewqueue.assignment.models import Assignment
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.intake.models import Item
from tests.api.conftest import Api
from tests.cast import NOW, Cast, item
from tests.races.crowd import scaled, together
from tests.steps import queued

CLIENTS = 64


@pytest.fixture
def reviewing(cast: Cast) -> str:
    """The key of a program that acts as a reviewer; many items wait."""
    queued(cast, CLIENTS)
    scopes = ["reviews:write", "items:write"]
    return create_key(workspace=cast.workspace, name="r", scopes=scopes, by=SYSTEM, now=NOW, user=cast.reviewer.user)[
        1
    ]


def all_ask(ask: Callable[[], Any]) -> list[Any]:
    """Return what everybody was answered; nobody met a fault."""
    answers = together(*[ask] * CLIENTS)
    faults = [one for one in answers if isinstance(one, Exception) or one.status_code >= 500]
    assert faults == []
    return answers


def test_of_many_claims_under_one_key_one_is_made(cast: Cast, reviewing: str) -> None:
    for turn in range(scaled(2)):
        answers = all_ask(lambda n=turn: Api(reviewing).post("claims", **{"idempotency-key": f"k{n}"}))
        given = [one for one in answers if one.status_code == 201]
        told = [one for one in answers if one.status_code == 409]
        assert len(given) + len(told) == CLIENTS
        assert len({one.json()["id"] for one in given}) == 1
        assert len([one for one in given if "Idempotency-Replayed" not in one]) == 1
        assert {one.json()["type"].rpartition("/")[2] for one in told} <= {"still-running"}
        assert all(one["Retry-After"] == "1" for one in told)
        assert Assignment.objects.count() == AskedOnce.objects.count() == turn + 1


def test_an_item_under_one_key_has_one_answer_to_the_byte(cast: Cast) -> None:
    answers = all_ask(lambda: Api(cast.key).post("items", item(), **{"idempotency-key": "k"}))
    assert len({one.content for one in answers if one.status_code == 201}) == 1
    assert Api(cast.key).post("items", item(), **{"idempotency-key": "k"}).status_code == 201
    assert Item.objects.count() == 1


def test_without_the_layer_many_claims_are_made(reviewing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same crowd, and the key is not looked at."""
    monkeypatch.setattr(resource, "once", lambda _request, _viewer, _key, work, _again: work())
    all_ask(lambda: Api(reviewing).post("claims", **{"idempotency-key": "k"}))
    assert Assignment.objects.count() > 1


def test_a_key_held_by_a_dead_transaction_is_free_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process held goes with its connection: the next to ask does the work."""

    def die(name: str) -> None:
        raise SystemExit if name == "once.kept" else AssertionError(name)

    with monkeypatch.context() as patched:
        patched.setattr("reviewqueue.api.once.failpoint", die)
        with pytest.raises(SystemExit):
            Api(cast.key).post("items", item(), **{"idempotency-key": "k"})
    assert Item.objects.count() == 0
    assert Api(cast.key).post("items", item(), **{"idempotency-key": "k"}).status_code == 201
