"""One bad endpoint hurts no other (I-22): a tenth of them hang, or drip a byte at a time."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import quantiles

import pytest
from django.db.models import Max, Min

from reviewqueue.common.clock import now as clock_now
from reviewqueue.delivery import posting
from reviewqueue.delivery.actions import take_due, write_answers
from reviewqueue.delivery.models import Delivery, DeliveryAttempt, Webhook
from reviewqueue.delivery.sending import send, send_due
from tests.cast import NOW, Cast, make_cast
from tests.delivery.receiver import Receiver, dripping, hanging, receiving
from tests.delivery.telling import hook, items, tell
from tests.programs import program
from tests.walk.product import until

MESSAGES, WELL = 12, 9


@pytest.fixture
def well() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def bad() -> Iterator[list[str]]:
    with hanging() as hung, dripping() as drips:
        yield [hung, drips]


@pytest.fixture
def neighbours(cast: Cast, well: Receiver, bad: list[str], monkeypatch: pytest.MonkeyPatch) -> list[Webhook]:
    """Endpoints that are well and two that are bad, all with the same messages; returns the bad ones."""
    monkeypatch.setattr(posting, "DEADLINE", 4.0)
    began = clock_now() - timedelta(seconds=1)
    spoilt = [hook(cast, url, now=began) for url in bad]
    for number in range(WELL):
        hook(cast, f"{well.url}/{number}", now=began)
    tell(cast, items(cast, MESSAGES), now=began)
    return spoilt


def last_well(bad: list[Webhook]) -> datetime | None:
    return Delivery.objects.exclude(webhook__in=bad).aggregate(at=Max("delivered_at"))["at"]


def first_bad(bad: list[Webhook]) -> datetime:
    return DeliveryAttempt.objects.filter(delivery__webhook__in=bad).aggregate(at=Min("at"))["at"]


def test_all_others_hear_everything_before_the_bad_ones_are_given_up_on(
    neighbours: list[Webhook], well: Receiver
) -> None:
    send_due(clock=clock_now, seconds=3.5)
    assert len(well.got) == MESSAGES * WELL
    last = last_well(neighbours)
    assert last is not None
    assert last < first_bad(neighbours)


def test_a_sender_that_waits_for_whole_sets_would_have_made_them_wait(
    neighbours: list[Webhook], well: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tooth: set by set, everybody waits for the slowest of each."""
    monkeypatch.setattr(posting, "DEADLINE", 1.0)
    for _ in range(2):
        due = take_due(now=clock_now())
        write_answers(answered=list(zip(due, send(due, now=clock_now()), strict=True)), now=clock_now())
    last = last_well(neighbours)
    assert last is not None
    assert last > first_bad(neighbours)


@pytest.mark.long
def test_the_slowest_of_a_hundred_messages_to_the_others_takes_at_most_twice_as_long(
    transactional_db: None, well: Receiver, bad: list[str]
) -> None:
    cast = make_cast()
    past = NOW - timedelta(days=30)
    for number in range(18):
        hook(cast, f"{well.url}/{number}", now=past)
    baseline = p99(cast, well, rounds=150)
    for url in bad:
        hook(cast, url, now=past)
    hurt = p99(cast, well, rounds=150)
    print(f"I-22: p99 {baseline * 1000:.0f} ms with all well, {hurt * 1000:.0f} ms with a tenth bad")
    assert hurt <= 2 * baseline


def p99(cast: Cast, well: Receiver, *, rounds: int) -> float:
    """Tell of something twenty times a second, and return how long the slowest of a hundred took to arrive."""
    well.got.clear()
    item_ids = items(cast, rounds, f"at-{time.monotonic()}")
    with program("-m", "tests.delivery.sender", "0", PRIVATE_WEBHOOKS="1") as sender:
        assert sender.stdout is not None
        sender.stdout.readline()
        tell(cast, items(cast, 1, f"warm-{time.monotonic()}"), now=clock_now())
        until(lambda: len(well.got) == 18)
        well.got.clear()
        well.at.clear()
        for item_id in item_ids:
            tell(cast, [item_id], now=clock_now())
            time.sleep(0.05)
        until(lambda: len(well.got) >= rounds * 18, seconds=60)
    sent = [datetime.fromisoformat(body["timestamp"]).timestamp() for body in well.bodies()]
    return quantiles([at - since for at, since in zip(well.at, sent, strict=True)], n=100)[98]


def test_a_crowd_of_dead_endpoints_costs_the_others_nothing(cast: Cast, well: Receiver) -> None:
    for number in range(30):
        hook(cast, f"http://127.0.0.1:8009/{number}")
    hook(cast, well.url)
    tell(cast, items(cast, 5))
    send_due(clock=lambda: NOW, seconds=10)
    assert len(well.got) == 5
