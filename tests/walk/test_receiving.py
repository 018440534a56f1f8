"""Receiving is one statement when it can be: whole or not at all, one round trip, and quick to see what it cannot."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection
from psycopg import Cursor

from reviewqueue import pipeline
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.common import parts
from reviewqueue.common.strictjson import read
from reviewqueue.intake import actions as intake
from reviewqueue.intake.models import Item, ItemContent, ItemState, ModelVersion
from reviewqueue.intake.rules import Submission, submission
from reviewqueue.triage.models import Pending
from tests.cast import NOW, Cast, item, make_cast

pytestmark = pytest.mark.django_db(transaction=True)
ALL = (Item, ItemContent, ItemState, Pending)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """The cast, committed: here statements commit by themselves, as in the product."""
    return make_cast()


def given(cast: Cast, *names: str) -> list[Submission]:
    secret = bytes(cast.workspace.secret)
    return [submission(read(json.dumps(item(name))), secret=secret, now=NOW) for name in names]


def store(cast: Cast, *names: str) -> list[intake.Received]:
    return pipeline.submit_items(
        workspace=cast.workspace,
        submissions=given(cast, *names),
        sources={cast.source.slug: cast.source},
        by=SYSTEM,
        now=NOW,
    )


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Note each statement that goes to the database."""
    sent: list[str] = []

    class Noting(Cursor):
        def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
            sent.append(str(query))
            return super().execute(query, *args, **kwargs)

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        sent.append(sql)
        return execute(sql, *rest)

    with monkeypatch.context() as patch, connection.execute_wrapper(note):
        patch.setattr(parts, "Cursor", Noting)
        yield sent


def test_what_this_process_has_seen_before_takes_one_statement(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    store(cast, "first")
    store(cast, "second")
    with watched(monkeypatch) as sent:
        assert all(one.new for one in store(cast, "third", "fourth"))
    assert len(sent) == 1
    assert {model.objects.count() for model in ALL} == {4}
    assert Event.objects.filter(verb="receive").count() == 4


@pytest.mark.parametrize("names", [["a"], ["a", "b"], [f"conv-{number}" for number in range(60)]])
def test_when_one_part_cannot_be_written_nothing_is(cast: Cast, names: list[str]) -> None:
    store(cast, "first")
    store(cast, "second")
    models = ModelVersion.objects.count()
    with _refusing("triage_pending"), pytest.raises(IntegrityError):
        store(cast, *names)
    assert {model.objects.count() for model in ALL} == {2}
    assert (Event.objects.filter(verb="receive").count(), ModelVersion.objects.count()) == (2, models)
    assert all(one.new for one in store(cast, *names))


@contextmanager
def _refusing(table: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT refused CHECK (false) NOT VALID")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT refused")


def test_every_item_has_its_rows_however_many_come_together(cast: Cast) -> None:
    for many in (1, 2, intake.FEW, intake.FEW + 1, 3 * intake.FEW):
        assert all(one.new for one in store(cast, *(f"{many}-{number}" for number in range(many))))
        ids = set(Item.objects.values_list("pk", flat=True))
        for model in (ItemContent, ItemState, Pending):
            assert set(model.objects.values_list("pk", flat=True)) == ids
        assert set(Event.objects.filter(verb="receive").values_list("item_id", flat=True)) == ids


def test_what_is_sent_again_is_told_apart_from_what_is_new(cast: Cast) -> None:
    (first,) = store(cast, "a")
    again, other = store(cast, "a", "b")
    assert (again.id, again.new, other.new) == (first.id, False, True)
    many = store(cast, *(f"many-{number}" for number in range(50)), "a")
    assert [one.new for one in many] == [True] * 50 + [False]
    assert ItemContent.objects.count() == 52


def test_behind_a_pooler_that_forgets_statements_none_is_prepared(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.ensure_connection()
    psycopg.Cursor(connection.connection).execute("DEALLOCATE ALL")  # psycopg forgets with the server
    monkeypatch.setattr(connection.connection, "prepare_threshold", None)
    with connection.cursor() as cursor:
        for name in "abcd":
            store(cast, name)
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        assert cursor.fetchone() == (0,)


def test_otherwise_it_is_planned_once(cast: Cast) -> None:
    """The control."""
    for name in "abcd":
        store(cast, name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%intake_itemcontent%'")
        assert cursor.fetchone() == (1,)
