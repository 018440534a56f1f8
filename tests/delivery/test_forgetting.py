"""Messages that are long over are dropped; what waits, what was asked for again, and the numbering stay."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviewqueue.audit.actions import SYSTEM
from reviewqueue.delivery.actions import forget_messages, pause_webhook, replay_one
from reviewqueue.delivery.models import Delivery, DeliveryAttempt, Message, Stream
from tests.cast import NOW, Cast
from tests.delivery.receiver import receiving
from tests.delivery.telling import after, hook, items, run, sequences_of, tell


def test_what_is_long_over_goes_and_the_next_message_has_the_next_number(cast: Cast) -> None:
    with receiving() as receiver:
        hook(cast, receiver.url)
        told = items(cast, 3)
        tell(cast, told)
        run(after(minutes=1))
        tell(cast, told[:1], now=after(days=60))
        run(after(days=60, minutes=1))
        assert forget_messages(before=after(minutes=-1)) == 0
        assert forget_messages(before=after(days=30), page=2) == 3
        assert (Message.objects.count(), Delivery.objects.count(), DeliveryAttempt.objects.count()) == (1, 1, 1)
        tell(cast, told, now=after(days=61))
        run(after(days=61, minutes=1))
        assert [sequences_of(cast, one) for one in told] == [[2, 3], [2], [2]]
        assert sorted(one["data"]["sequence"] for one in receiver.bodies()[-3:]) == [2, 2, 3]
        assert Stream.objects.count() == 3


def test_what_still_waits_for_one_webhook_or_was_asked_for_again_stays(cast: Cast) -> None:
    with receiving() as receiver:
        hook(cast, receiver.url)
        waits = hook(cast, "https://hooks.example/in")
        pause_webhook(webhook=waits, by=None, actor=SYSTEM, now=NOW)
        tell(cast, items(cast, 1))
        run(after(minutes=1))
        assert forget_messages(before=after(days=30)) == 0
        (left,) = Delivery.objects.all()
        assert left.webhook == waits

    with receiving() as receiver:
        hook(cast, receiver.url)
        tell(cast, items(cast, 1, "again"))
        run(after(minutes=1))
        again = Delivery.objects.get(delivered_at__isnull=False)
        replay_one(delivery=again, actor=SYSTEM, now=after(days=29))
        run(after(days=29, minutes=1))
        assert forget_messages(before=after(days=28)) == 0
        assert Delivery.objects.filter(pk=again.pk, delivered_at__isnull=False).exists()
        assert forget_messages(before=after(days=30)) == 0  # the paused webhook waits for it
        assert not Delivery.objects.filter(pk=again.pk).exists()


@pytest.mark.parametrize("young", [5, 50])
def test_young_messages_are_not_walked_through(cast: Cast, young: int) -> None:
    hook(cast, "https://hooks.example/in")
    told = items(cast, 1)
    for minute in range(young):
        tell(cast, told, now=after(minutes=minute))
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert forget_messages(before=NOW - timedelta(days=1), page=3) == 0
    assert len(seen) == 1
