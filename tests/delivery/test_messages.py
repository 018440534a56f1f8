"""What is told, of what, and in which order: messages of outcomes, escalations, releases."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection, transaction

from reviewqueue import pipeline
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.datasets.actions import define, request_release
from reviewqueue.delivery.bodies import bodies_of
from reviewqueue.delivery.models import Delivery, Message, Stream
from reviewqueue.delivery.rules import EVENTS
from tests.cast import NOW, Cast, make_cast
from tests.delivery.receiver import Receiver, receiving
from tests.delivery.telling import after, hook, items, run, sequences_of, tell
from tests.steps import claim, edit, publish, queued, settle, submit


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def test_an_escalation_and_then_its_outcome_are_counted_for_the_item(cast: Cast, receiver: Receiver) -> None:
    hook(cast, receiver.url, *EVENTS)
    (received,) = queued(cast)
    turn = claim(cast, cast.reviewer)
    escalation = pipeline.escalate(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer.user, question="Whose is it?", now=NOW
    )
    mine = pipeline.take_escalation(
        escalation=escalation, to=cast.lead.user, by=cast.viewer("lead"), now=NOW + timedelta(seconds=1)
    )
    pipeline.submit_review(assignment=mine.assignment, fence=mine.fence, by=cast.lead.user, judgement=edit(), now=NOW)
    publish(cast)
    run(after(minutes=1))
    told = [(one["type"], one["data"]["sequence"], one["data"]["item"]) for one in receiver.bodies()]
    assert told == [("item.escalated", 1, str(received.id)), ("outcome.settled", 2, str(received.id))]
    asked = receiver.bodies()[0]["data"]
    assert (asked["why"], asked["queue"], asked["external_id"]) == ("question", "support", "conv-0")
    assert asked["escalation"] == str(escalation.pk)
    assert "Whose" not in str(receiver.got)


def test_a_release_is_told_of_in_the_transaction_that_makes_it_ready(
    cast: Cast, receiver: Receiver, settings, tmp_path
) -> None:
    settings.STORAGE_DIR = tmp_path
    hook(cast, receiver.url, "dataset.released")
    queued(cast)
    settle(cast, cast.reviewer, edit())
    publish(cast)
    more = {"query": {}, "by": None, "actor": SYSTEM, "now": NOW}
    dataset = define(workspace_id=cast.workspace.pk, slug="all", name="All", format="sft", **more)
    release = request_release(dataset=dataset, by=None, actor=SYSTEM, now=NOW)
    assert pipeline.build_release(now=NOW) == release
    assert pipeline.build_release(now=NOW) is None
    run(NOW)
    (body,) = receiver.bodies()
    assert body["type"] == "dataset.released"
    assert body["data"] == {"dataset": "all", "version": 1, "rows": 1, "sequence": 1}


def test_a_workspace_that_nobody_listens_to_writes_nothing(cast: Cast) -> None:
    tell(cast, items(cast, 2))
    queued(cast)
    settle(cast, cast.reviewer, edit())
    publish(cast)
    assert not Message.objects.exists()
    assert not Stream.objects.exists()


def test_many_publications_are_told_in_a_handful_of_statements(
    cast: Cast, django_assert_max_num_queries, receiver: Receiver
) -> None:
    hook(cast, receiver.url, "outcome.settled")
    queued(cast, 12)
    for _ in range(12):
        settle(cast, cast.reviewer, edit())
    with django_assert_max_num_queries(16):
        publish(cast, now=NOW)
    assert Delivery.objects.count() == 12
    assert set(Message.objects.values_list("sequence", flat=True)) == {1}


def test_a_message_whose_subject_is_gone_has_no_body_and_holds_up_no_other(cast: Cast, receiver: Receiver) -> None:
    hook(cast, receiver.url, "outcome.settled", "item.escalated")
    queued(cast, 2)
    settle(cast, cast.reviewer, edit())
    publish(cast)
    gone = Message.objects.get()
    Message.objects.filter(pk=gone.pk).update(subject_id=cast.workspace.pk)
    tell(cast, items(cast, 1), now=after(seconds=12))
    run(after(seconds=30))
    assert [body["type"] for body in receiver.bodies()] == ["item.escalated"]
    assert bodies_of([Message.objects.get(pk=gone.pk)]) == {}
    assert Delivery.objects.get(message=gone).last_error == "NotWritten"


def test_numbers_are_given_in_the_order_of_commits(transactional_db: None) -> None:
    """Two that tell of one item at once: the second waits for the first, so nobody sees 2 before 1 is there."""
    cast = make_cast()
    hook(cast, "http://bot.example/")
    (received,) = submit(cast, {**ITEM})
    began, seen = threading.Event(), []

    def second() -> None:
        began.wait(10)
        tell(cast, [received.id])
        seen.extend(Message.objects.order_by("sequence").values_list("sequence", flat=True))
        connection.close()

    thread = threading.Thread(target=second)
    thread.start()
    with transaction.atomic():
        tell(cast, [received.id])
        began.set()
        thread.join(0.5)
        assert thread.is_alive(), "the second did not wait for the first"
    thread.join(10)
    assert seen == [1, 2]
    assert sequences_of(cast, received.id) == [1, 2]


ITEM = {
    "external_id": "one",
    "source": "support-chatbot",
    "kind": "chat",
    "input": {"messages": [{"role": "user", "content": "Where is it?"}]},
    "output": {"content": "Here."},
}


@pytest.mark.long
def test_publications_told_before_become_messages_that_keep_their_ids(transactional_db: None) -> None:
    """The migration, over rows as they were: one message for each publication, counted for its item."""
    from django.db.migrations.executor import MigrationExecutor

    cast = make_cast()
    webhook = hook(cast, "http://bot.example/", "outcome.settled")
    queued(cast)
    settle(cast, cast.reviewer, edit())
    (publication,) = publish(cast)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM delivery_delivery")
        cursor.execute("DELETE FROM delivery_message")
        cursor.execute("DELETE FROM delivery_stream")
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes("delivery")
    try:
        executor.migrate([("delivery", "0001_first")])
        with connection.cursor() as cursor:
            cursor.execute(OLD, [publication.workspace_id, webhook.pk, publication.pk, NOW, NOW])
            old_id = cursor.fetchone()[0]
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(newest)
    delivery = Delivery.objects.select_related("message", "webhook").get()
    assert (delivery.pk, delivery.message_id, delivery.sequence) == (old_id, old_id, 1)
    assert (delivery.message.subject_id, delivery.message.item_id) == (publication.pk, publication.item_id)
    assert delivery.message.event_type == "outcome.settled"
    assert delivery.asked_at == NOW
    assert set(delivery.webhook.events) == {"outcome.settled", "outcome.superseded"}
    assert bodies_of([delivery.message])


OLD = """
INSERT INTO delivery_delivery (id, workspace_id, webhook_id, publication_id, event_type, created_at, due_at, attempts,
  last_error) VALUES (gen_random_uuid(), %s, %s, %s, 'outcome.settled', %s, %s, 0, '') RETURNING id
"""
