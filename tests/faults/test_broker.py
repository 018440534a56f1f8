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


@pytest.mark.parametrize("fault", [killed, hanging, emptied])
def test_items_are_taken_and_triaged_whatever_the_broker_does(patient: Patient, tmp_path: Path, fault) -> None:
    calm = send(patient, tmp_path, f"before-{fault.__name__}", scaled(120))
    with fault(patient):
        clients = send(patient, tmp_path, fault.__name__, scaled(200))
    statuses = [status for one in clients for status in one.statuses]
    assert [status for status in statuses if status >= 500] == []
    assert sum(one.retries for one in clients) == 0
    assert median(clients) < median(calm) + 0.15
    waits_for_nobody(patient)
    until(lambda: patient.ask("SELECT 1") and redis_answers(patient))


def redis_answers(patient: Patient) -> bool:
    with redis.Redis.from_url(addresses(patient.data_dir).redis_url, socket_timeout=2) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
