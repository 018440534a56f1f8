"""Submissions of one moment share a transaction, and nobody notices."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection

from reviewqueue.api.gathering import Gathering
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.common.strictjson import read
from reviewqueue.intake.models import Item, Source
from reviewqueue.intake.rules import submission
from tests.cast import NOW, Cast, item, make_cast

CLIENTS = 16


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """The cast, committed, so that every connection sees it."""
    return make_cast()


def all_at_once(cast: Cast, sent: list[tuple[dict[str, Any], Source]]) -> list[Any]:
    """Submit each from a thread of its own at the same moment; return what each got, an error included."""
    gathering, start = Gathering(), Barrier(len(sent))

    def one(given: dict[str, Any], source: Source) -> Any:
        checked = submission(read(json.dumps(given)), secret=bytes(cast.workspace.secret), now=NOW)
        start.wait()
        try:
            return gathering.submit(workspace=cast.workspace, submission=checked, source=source, by=SYSTEM)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(sent)) as threads:
        return list(threads.map(lambda each: one(*each), sent))


def test_each_is_answered_for_its_own_item(cast: Cast) -> None:
    for turn in range(5):
        sent = [(item(f"conv-{turn}-{number}"), cast.source) for number in range(CLIENTS)]
        received = all_at_once(cast, sent)
        names = dict(Item.objects.values_list("id", "external_id"))
        assert [names[one.id] for one in received] == [given["external_id"] for given, _ in sent]
        assert all(one.new for one in received)
    assert Item.objects.count() == Event.objects.filter(verb="receive").count() == 5 * CLIENTS


def test_of_the_same_item_sent_by_many_one_is_new(cast: Cast) -> None:
    for turn in range(5):
        received = all_at_once(cast, [(item(f"same-{turn}"), cast.source)] * CLIENTS)
        assert sorted(one.new for one in received) == [False] * (CLIENTS - 1) + [True]
        assert len({one.id for one in received}) == 1


def test_one_that_cannot_be_stored_fails_alone(cast: Cast) -> None:
    vanished = Source(id=uuid4(), workspace=cast.workspace, slug="vanished", name="Vanished", created_at=NOW)
    sent = [(item(f"conv-{number}"), cast.source) for number in range(CLIENTS - 1)]
    *received, failed = all_at_once(cast, [*sent, (item("lost", source="vanished"), vanished)])
    assert isinstance(failed, IntegrityError)
    assert all(one.new for one in received)
    assert Item.objects.count() == CLIENTS - 1
