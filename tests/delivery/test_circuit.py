"""An endpoint that fails is left alone but for a probe, and catches up quickly, in order, when it is back."""

from collections.abc import Iterator
from email.utils import format_datetime

import pytest
from django.db import connection

from reviewqueue.common.clock import now as clock_now
from reviewqueue.delivery.actions import TAKE, take_due, write_answer
from reviewqueue.delivery.models import Delivery, DeliveryAttempt, Webhook
from reviewqueue.delivery.rules import OPENS_AFTER, PROBE_EVERY, Answer, Window
from tests.cast import NOW, Cast
from tests.delivery.receiver import Receiver, receiving
from tests.delivery.telling import after, hook, items, run, tell, waiting


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def down(receiver: Receiver) -> None:
    receiver.answers = [(500, {})]


def up(receiver: Receiver) -> None:
    receiver.answers = [(204, {})]


def open_circuit(cast: Cast, receiver: Receiver, count: int = 8) -> Webhook:
    """Return a webhook whose endpoint has failed often enough at NOW."""
    webhook = hook(cast, receiver.url)
    tell(cast, items(cast, count))
    down(receiver)
    run(NOW)
    webhook.refresh_from_db()
    assert webhook.opened_at == NOW
    return webhook


def test_enough_failures_in_a_row_open_the_circuit_and_messages_stay_untried(cast: Cast, receiver: Receiver) -> None:
    webhook = open_circuit(cast, receiver, 40)
    assert webhook.failures >= OPENS_AFTER
    untried = Delivery.objects.filter(attempts=0).count()
    assert untried >= 40 - OPENS_AFTER - Window.FIRST
    tries = len(receiver.got)
    run(after(minutes=4))
    assert len(receiver.got) == tries
    assert Delivery.objects.filter(attempts=0).count() == untried


def test_a_success_between_failures_keeps_it_closed(cast: Cast, receiver: Receiver) -> None:
    webhook = hook(cast, receiver.url)
    tell(cast, items(cast, 1))
    (delivery,) = take_due(now=NOW)
    for _ in range(OPENS_AFTER - 1):
        write_answer(delivery=delivery, answer=Answer(status=500), now=NOW)
    tell(cast, items(cast, 1, "other"), now=NOW)
    run(NOW)
    webhook.refresh_from_db()
    assert (webhook.failures, webhook.opened_at) == (0, None)


def test_an_open_circuit_is_probed_every_five_minutes_with_the_longest_waiting(
    cast: Cast, receiver: Receiver
) -> None:
    open_circuit(cast, receiver)
    for number in range(1, 4):
        before = len(receiver.got)
        run(NOW + PROBE_EVERY * number)
        run(NOW + PROBE_EVERY * number + PROBE_EVERY / 2)
        assert len(receiver.got) == before + 1


def test_a_probe_that_is_answered_closes_the_circuit_and_everything_follows_at_once_and_in_order(
    cast: Cast, receiver: Receiver
) -> None:
    webhook = hook(cast, receiver.url)
    item_ids = items(cast, 6)
    down(receiver)
    for minute in range(5):
        tell(cast, item_ids, now=after(minutes=minute))
    run(after(minutes=5))
    receiver.got.clear()
    up(receiver)
    run(after(minutes=10, seconds=1))
    webhook.refresh_from_db()
    assert (webhook.failures, webhook.opened_at, webhook.quiet_until, waiting()) == (0, None, None, 0)
    for item_id in item_ids:
        about = [body["data"]["sequence"] for body in receiver.bodies() if body["data"]["item"] == str(item_id)]
        assert about == [1, 2, 3, 4, 5]


def test_a_message_that_nobody_can_take_does_not_keep_the_circuit_open_for_the_others(
    cast: Cast, receiver: Receiver
) -> None:
    """The probe takes turns: what failed last goes behind what waits."""
    webhook = hook(cast, receiver.url)
    tell(cast, items(cast, 1, "poison"))
    down(receiver)
    for minutes in (0, 1, 5, 20, 60):
        run(after(minutes=minutes))
    webhook.refresh_from_db()
    assert webhook.opened_at is not None
    tell(cast, items(cast, 1, "sound"), now=after(minutes=61))
    receiver.answers = [(400, {}), (204, {})]
    run(after(minutes=70))
    run(after(minutes=80))
    assert waiting() <= 1
    webhook.refresh_from_db()
    assert webhook.opened_at is None


@pytest.mark.parametrize("as_date", [False, True])
@pytest.mark.parametrize("status", [429, 503])
def test_a_wish_for_rest_holds_for_the_whole_endpoint(
    cast: Cast, receiver: Receiver, status: int, as_date: bool
) -> None:
    hook(cast, receiver.url)
    now = clock_now()  # an HTTP date is compared with the time of the answer
    tell(cast, items(cast, 1), now=now)
    asked = format_datetime(now.replace(microsecond=0) + (after(seconds=121) - NOW)) if as_date else "121"
    receiver.answers = [(status, {"retry-after": asked}), (204, {})]
    run(now)
    tell(cast, items(cast, 1, "other"), now=now)
    assert run(now + (after(seconds=115) - NOW)) == 0
    assert run(now + (after(seconds=123) - NOW)) == 2
    assert waiting() == 0


def test_429_with_a_wish_is_no_failure_and_503_is_one(cast: Cast, receiver: Receiver) -> None:
    webhook = hook(cast, receiver.url)
    tell(cast, items(cast, 1))
    (delivery,) = take_due(now=NOW)
    for status, failures in ((429, 0), (503, 1)):
        write_answer(delivery=delivery, answer=Answer(status=status, retry_after=5), now=NOW)
        webhook.refresh_from_db()
        assert webhook.failures == failures


def test_a_later_message_of_an_item_waits_for_the_earlier_through_three_tries(cast: Cast, receiver: Receiver) -> None:
    hook(cast, receiver.url)
    (item_id,) = items(cast, 1)
    tell(cast, [item_id, item_id])
    receiver.answers = [(400, {})]
    for seconds in (0, 10, 60):
        run(after(seconds=seconds))
    assert receiver.sequences() == [1, 1, 1]
    run(after(seconds=300))
    assert receiver.sequences() == [1, 1, 1, 1, 2]


def test_a_message_that_waited_seven_days_for_an_endpoint_that_is_down_is_given_up(
    cast: Cast, receiver: Receiver
) -> None:
    open_circuit(cast, receiver)
    tell(cast, items(cast, 1, "later"), now=after(days=6))
    run(after(days=7, hours=1))
    assert waiting() == 1
    assert Delivery.objects.exclude(given_up_at=None).count() == 8


def test_a_sender_that_was_away_for_a_week_gives_nothing_up_unheard(cast: Cast, receiver: Receiver) -> None:
    hook(cast, receiver.url)
    tell(cast, items(cast, 3))
    run(after(days=9))
    assert (len(receiver.got), waiting()) == (3, 0)


def test_every_try_is_kept_with_its_answer_and_its_time(cast: Cast, receiver: Receiver) -> None:
    hook(cast, receiver.url)
    tell(cast, items(cast, 1))
    receiver.answers = [(500, {}), (204, {})]
    receiver.pause = 0.05
    run(NOW)
    run(after(seconds=30))
    tries = list(DeliveryAttempt.objects.order_by("at").values_list("status", "at"))
    assert tries == [(500, NOW), (204, after(seconds=30))]
    assert all(50 <= ms < 5_000 for ms in DeliveryAttempt.objects.values_list("duration_ms", flat=True))


def test_each_endpoint_has_its_first_before_anybody_has_a_second(cast: Cast) -> None:
    hooks = [hook(cast, f"http://127.0.0.1:8009/{number}") for number in range(3)]
    tell(cast, items(cast, 5))
    Delivery.objects.filter(webhook=hooks[0]).update(due_at=after(days=-1))
    taken = take_due(now=NOW, room=3)
    assert {one.webhook_id for one in taken} == {one.pk for one in hooks}


def test_two_senders_together_stay_within_an_endpoints_window(cast: Cast) -> None:
    hook(cast, "http://127.0.0.1:8009/")
    tell(cast, items(cast, 20))
    assert len(take_due(now=NOW)) == Window.FIRST
    assert take_due(now=NOW) == []


def test_connections_are_kept_and_an_endpoint_is_never_flooded(cast: Cast, receiver: Receiver) -> None:
    hook(cast, receiver.url)
    tell(cast, items(cast, 120))
    receiver.pause = 0.005
    assert run(NOW) == 120
    assert receiver.connections <= Window.MOST
    assert receiver.busiest <= Window.MOST


def test_only_chosen_events_of_the_chosen_source_are_told(cast: Cast, receiver: Receiver) -> None:
    hook(cast, receiver.url, "outcome.settled")
    tell(cast, items(cast, 1))
    assert not Delivery.objects.exists()
    other = type(cast.source).objects.create(workspace=cast.workspace, slug="other", name="Other", created_at=NOW)
    mine, theirs = hook(cast, receiver.url, source=cast.source), hook(cast, receiver.url, source=other)
    tell(cast, items(cast, 1))
    assert (mine.deliveries.count(), theirs.deliveries.count()) == (1, 0)


FILL = """
INSERT INTO delivery_message (id, workspace_id, event_type, subject_id, stream_id, sequence, data, created_at)
SELECT gen_random_uuid(), %(workspace)s, 'item.escalated', gen_random_uuid(), gen_random_uuid(), 1, '{}', %(now)s
FROM generate_series(1, %(rows)s);
INSERT INTO delivery_delivery (id, workspace_id, webhook_id, message_id, stream_id, sequence, created_at, asked_at,
  due_at, attempts, last_error, delivered_at)
SELECT gen_random_uuid(), %(workspace)s, %(webhook)s, id, stream_id, 1, %(now)s, %(now)s, %(now)s, 1, '',
  CASE WHEN row_number() OVER () > %(open)s THEN %(now)s::timestamptz END
FROM delivery_message;
ANALYZE delivery_delivery; ANALYZE delivery_message; ANALYZE delivery_webhook
"""


@pytest.mark.parametrize(
    ("rows", "backlog"), [(20_000, 2_000), pytest.param(1_100_000, 100_000, marks=pytest.mark.long)]
)
def test_taking_reads_the_index_of_what_is_due_and_nothing_else(cast: Cast, rows: int, backlog: int) -> None:
    webhook = hook(cast, "http://127.0.0.1:8009/")
    given = {"workspace": cast.workspace.pk, "webhook": webhook.pk, "now": NOW, "rows": rows, "open": backlog}
    asked = {"now": NOW, "first": 4, "known": [], "sizes": [], "in_order": 3, "room": 256}
    asked |= {"lease": NOW, "probe": NOW, "only": None}
    with connection.cursor() as cursor:
        cursor.execute(FILL, given)
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) {TAKE}", asked)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    print(plan)
    assert "delivery_due_to" in plan
    assert "delivery_in_order" in plan
    assert "Seq Scan on delivery_delivery" not in plan
    assert f"rows={backlog}" not in plan
