"""Webhooks arrive at least once (I-19): endpoints down for hours or days, a sender that is killed again and again.

Every story has the message that the naive way would have lost: the first in an outage, or one in a dying process.
"""

import os
import random
import signal
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from reviewqueue.common.clock import now as clock_now
from reviewqueue.delivery.models import Delivery, Webhook
from tests.cast import NOW, Cast, make_cast
from tests.delivery.receiver import Receiver, free_port, receiving
from tests.delivery.telling import hook, items, run, tell, waiting
from tests.programs import program
from tests.walk.product import until

#: How often something is due to be swept in these stories, and how soon everything must have arrived afterwards.
SWEEP, DRAINED_WITHIN = timedelta(seconds=30), timedelta(minutes=15)


def be_down(cast: Cast, item_ids: list[UUID], *, lasts: timedelta, every: timedelta) -> datetime:
    """Let time pass while nobody listens: each step something happens, and the sender tries. Returns the end."""
    moment, step = NOW, 0
    while moment < NOW + lasts:
        tell(cast, [item_ids[step % len(item_ids)]], now=moment)
        run(moment)
        moment, step = moment + every, step + 1
    return moment


def drain(since: datetime) -> timedelta:
    """Sweep until nothing waits any more; returns how long that took by the moved clock."""
    moment = since
    while waiting() and moment < since + 2 * DRAINED_WITHIN:
        run(moment)
        moment += SWEEP
    return moment - since


def arrived_in_order(receiver: Receiver, item_ids: list[UUID]) -> bool:
    """Whether each item's messages came 1, 2, 3 … (a repetition is allowed, a step back is not)."""
    for item_id in item_ids:
        about = [body["data"]["sequence"] for body in receiver.bodies() if body["data"]["item"] == str(item_id)]
        if about != sorted(about):
            return False
    return True


@pytest.mark.parametrize(
    ("hours", "step_minutes"),
    [
        (12, 10),
        (72, 60),
        pytest.param(12, 1, marks=pytest.mark.long),
        pytest.param(72, 5, marks=pytest.mark.long),
    ],
)
def test_what_happened_while_an_endpoint_was_down_arrives_within_a_quarter_of_an_hour(
    cast: Cast, hours: int, step_minutes: int
) -> None:
    port, item_ids = free_port(), items(cast, 7)
    webhook = hook(cast, f"http://127.0.0.1:{port}/hook")
    back = be_down(cast, item_ids, lasts=timedelta(hours=hours), every=timedelta(minutes=step_minutes))
    told = Delivery.objects.count()
    assert waiting() == told == hours * 60 // step_minutes
    webhook.refresh_from_db()
    assert webhook.opened_at is not None
    with receiving(port) as receiver:
        took = drain(back)
        assert took <= DRAINED_WITHIN
        assert not Delivery.objects.filter(delivered_at=None).exists()
        assert len({headers["webhook-id"] for headers, _body in receiver.got}) == told
        assert arrived_in_order(receiver, item_ids)


def test_without_hastening_an_outage_would_have_cost_hours(cast: Cast) -> None:
    """The tooth: the first message's own next try lies far behind the endpoint's return."""
    port = free_port()
    hook(cast, f"http://127.0.0.1:{port}/hook")
    back = be_down(cast, items(cast, 1), lasts=timedelta(hours=12), every=timedelta(minutes=30))
    assert Delivery.objects.filter(due_at__gt=back + DRAINED_WITHIN, attempts__gt=0).exists()
    with receiving(port):
        assert drain(back) <= DRAINED_WITHIN


@pytest.fixture
def shared(transactional_db: None) -> Cast:
    """The fixed cast, committed, so that another process sees it."""
    return make_cast()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.mark.parametrize(
    ("kills", "messages"), [(3, 80), pytest.param(20, 2_000, marks=[pytest.mark.long, pytest.mark.faults])]
)
def test_a_sender_that_is_killed_again_and_again_loses_nothing(
    shared: Cast, receiver: Receiver, kills: int, messages: int
) -> None:
    past = clock_now() - timedelta(hours=1)
    hook(shared, receiver.url, now=past)
    tell(shared, items(shared, messages), now=past)
    receiver.pause = 0.05
    caught = 0
    for number in range(kills):
        caught += killed_in_the_middle(receiver, ahead=number * 61)
    assert caught > 0, "no kill met a message on its way: without leases none would have been lost either"
    receiver.pause = 0
    with program("-m", "tests.delivery.sender", str(kills * 61), PRIVATE_WEBHOOKS="1"):
        until(lambda: not waiting(), seconds=120)
    assert len({headers["webhook-id"] for headers, _body in receiver.got}) == messages
    assert Webhook.objects.get().failures == 0


def killed_in_the_middle(receiver: Receiver, *, ahead: float) -> int:
    """Run a sender whose clock is past all leases, kill it while it sends; return how many it had on their way."""
    before = len(receiver.got)
    with program("-m", "tests.delivery.sender", str(ahead), PRIVATE_WEBHOOKS="1") as sender:
        until(lambda: len(receiver.got) > before + random.randrange(1, 12), seconds=30)
        os.kill(sender.pid, signal.SIGKILL)
        sender.wait()
    return Delivery.objects.filter(delivered_at=None, lease_until__isnull=False).count()
