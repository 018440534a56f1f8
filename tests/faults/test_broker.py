"""The broker is not on the intake's path (I-4): killed, hanging or emptied, items are taken and triaged."""

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from reviewqueue.runtime import addresses
from tests.faults.clients import Client, send_all
from tests.faults.patient import Patient
from tests.races.crowd import scaled
from tests.walk.product import until


@contextmanager
def killed(patient: Patient) -> Iterator[None]:
    """Valkey dies again and again while items arrive, so that hardly a bell finds it."""
    patient.kill("valkey")
    yield
    patient.kill("valkey")


@contextmanager
def hanging(patient: Patient) -> Iterator[None]:
    """Valkey is there and answers nobody."""
    patient.stop("valkey")
    try:
        yield
        waits_for_nobody(patient)  # triage goes on although no bell can be rung
    finally:
        patient.resume("valkey")


@contextmanager
def emptied(patient: Patient) -> Iterator[None]:
    """Valkey forgets everything, also which queues there are."""
    with redis.Redis.from_url(addresses(patient.data_dir).redis_url) as client:
        client.flushall()
        yield
        client.flushall()


def send(patient: Patient, folder: Path, name: str, count: int) -> list[Client]:
    clients = [Client(f"{name}-{n}", patient.product, folder, count // 4) for n in range(4)]
    send_all(clients)
    return clients


def waits_for_nobody(patient: Patient) -> None:
    until(lambda: patient.ask("SELECT count(*) FROM triage_pending") == [(0,)], seconds=30)


def median(clients: list[Client]) -> float:
    return statistics.median(second for one in clients for second in one.seconds)


def slowest_hundredth(clients: list[Client]) -> float:
    return statistics.quantiles((second for one in clients for second in one.seconds), n=100)[-1]


@pytest.mark.parametrize("fault", [killed, hanging, emptied])
def test_items_are_taken_and_triaged_whatever_the_broker_does(patient: Patient, tmp_path: Path, fault) -> None:
    send_through(patient, tmp_path, fault, scaled(120), scaled(200), "short")


@pytest.mark.long
@pytest.mark.parametrize("fault", [killed, hanging, emptied])
def test_hardly_an_item_waits_longer_whatever_the_broker_does(patient: Patient, tmp_path: Path, fault) -> None:
    """Of thousands, the slowest hundredth may be 150 ms slower than on a calm day."""
    calm, clients = send_through(patient, tmp_path, fault, 4_000, 4_000, "long")
    before, after = slowest_hundredth(calm), slowest_hundredth(clients)
    print(f"{fault.__name__}: p99 {before * 1000:.0f} ms before, {after * 1000:.0f} ms meanwhile")
    assert after <= before + 0.15


def send_through(
    patient: Patient, folder: Path, fault, calm_count: int, count: int, name: str
) -> tuple[list[Client], list[Client]]:
    """Send items on a calm day and through a fault: all are taken at once; return the clients of both."""
    calm = send(patient, folder, f"{name}-before-{fault.__name__}", calm_count)
    with fault(patient):
        clients = send(patient, folder, f"{name}-{fault.__name__}", count)
    statuses = [status for one in clients for status in one.statuses]
    assert [status for status in statuses if status >= 500] == []
    assert sum(one.retries for one in clients) == 0
    assert median(clients) < median(calm) + 0.15
    waits_for_nobody(patient)
    until(lambda: patient.ask("SELECT 1") and redis_answers(patient))
    return calm, clients


def redis_answers(patient: Patient) -> bool:
    with redis.Redis.from_url(addresses(patient.data_dir).redis_url, socket_timeout=2) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
