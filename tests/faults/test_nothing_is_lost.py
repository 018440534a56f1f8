"""After 2xx an item survives anything (I-1), nothing is invented or twice (I-2), and none is nowhere (I-13)."""

import random
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from reviewqueue.runtime import addresses
from tests.faults.clients import Client, listed, send_all
from tests.faults.counting import CONSERVATION, Sampler, broken
from tests.faults.patient import Patient, living
from tests.races.crowd import scaled
from tests.walk.product import until

HASTY = (
    "ALTER ROLE reviewqueue SET synchronous_commit = off",
    "ALTER SYSTEM SET wal_writer_delay = '10s'",
    "ALTER SYSTEM SET wal_writer_flush_after = '1GB'",
    "SELECT pg_reload_conf()",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reviewqueue'",
)
KILLS = ("web", "worker", "postgres", "valkey", "postgres", "web")


def test_what_was_acknowledged_survives_kills_of_everything(patient: Patient, tmp_path: Path) -> None:
    survive(patient, tmp_path, scaled(2_000), KILLS, "kills")


@pytest.mark.long
def test_what_was_acknowledged_survives_kills_for_long(patient: Patient, tmp_path: Path) -> None:
    chance = random.Random(1)
    kills = ["postgres"] * 10 + [chance.choice(["web", "worker", "valkey", "run_due"]) for _ in range(40)]
    chance.shuffle(kills)
    survive(patient, tmp_path, scaled(100_000), kills, "many-kills")


@pytest.mark.long
def test_a_client_that_waits_for_no_answer_finds_items_missing(patient: Patient, tmp_path: Path) -> None:
    """The tooth: the same kills, where "sent" counts as acknowledged, must leave something missing."""
    clients = [Client(f"early-{n}", patient.product, tmp_path, 250, trusting=True) for n in range(8)]
    send_all(clients, lambda: kill_in_turn(patient, clients, ["postgres", "web"], tmp_path))
    drained(patient)
    assert set(listed(tmp_path, "acknowledged")) - set(kept_of(patient, "early"))


@pytest.fixture
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    """A product whose PostgreSQL answers before it has written, and writes every ten seconds only."""
    for patient in living(tmp_path_factory.mktemp("hasty")):
        with psycopg.connect(addresses(patient.data_dir).admin_database_url, autocommit=True) as admin:
            for statement in HASTY:
                admin.execute(statement)
        yield patient


@pytest.mark.long
def test_a_database_that_answers_before_it_writes_loses_items(hasty: Patient, tmp_path: Path) -> None:
    """The tooth: the comparison of the stories above reports what PostgreSQL acknowledged and then lost."""
    clients = [Client(f"hasty-{n}", hasty.product, tmp_path, 100) for n in range(8)]

    def kill() -> None:
        wait_for(tmp_path, 400)
        hasty.kill_database()
        hasty.kill("web")  # it remembers the model version, which is lost too

    send_all(clients, kill)
    drained(hasty)
    lost = set(listed(tmp_path, "acknowledged")) - set(kept_of(hasty, "hasty"))
    assert lost
    print(f"{len(lost)} of {8 * 100} acknowledged items are lost")


def kept_of(patient: Patient, prefix: str) -> list[str]:
    rows = patient.ask("SELECT external_id FROM intake_item WHERE external_id LIKE %s", [f"{prefix}-%"])
    return [row[0] for row in rows]


def survive(patient: Patient, folder: Path, count: int, kills, prefix: str) -> None:
    clients = [Client(f"{prefix}-{n}", patient.product, folder, count // 8) for n in range(8)]
    with Sampler(patient) as sampler:
        send_all(clients, lambda: kill_in_turn(patient, clients, kills, folder))
        drained(patient)
    attempted, acknowledged = listed(folder, "attempted"), listed(folder, "acknowledged")
    kept = kept_of(patient, prefix)
    assert len(acknowledged) == count // 8 * 8
    assert set(acknowledged) - set(kept) == set(), "acknowledged, but lost"
    assert set(kept) - set(attempted) == set(), "stored, but never sent"
    assert len(kept) == len(set(kept)), "stored twice"
    assert decided_twice(patient) == []
    assert (sampler.faults, broken(patient.ask(CONSERVATION))) == ([], {})
    assert sampler.samples
    print(
        f"0 lost of {len(kept)} in {len(kills)} kills, {sum(one.retries for one in clients)} repeated requests,"
        f" {sampler.samples} snapshots: the rate is under {3 / len(kept):.1e}"
    )


def kill_in_turn(patient: Patient, clients: list[Client], kills, folder: Path) -> None:
    """Kill one part after the other, spread over the run by how much has been acknowledged."""
    whole = sum(one.count for one in clients)
    for number, part in enumerate(kills, start=1):
        wait_for(folder, whole * number // (len(kills) + 1))
        until(lambda part=part: is_up(patient, part))
        patient.kill(part)


def wait_for(folder: Path, count: int) -> None:
    until(lambda: len(listed(folder, "acknowledged")) >= count, seconds=900)


def is_up(patient: Patient, part: str) -> bool:
    try:
        patient.pid(part)
        return bool(patient.ask("SELECT 1"))
    except Exception:
        return False


def drained(patient: Patient) -> None:
    """Wait until nothing waits for triage any more, with no help from anybody."""
    until(lambda: is_up(patient, "web") and patient.ask("SELECT count(*) FROM triage_pending") == [(0,)], seconds=90)


def decided_twice(patient: Patient) -> list[tuple]:
    return patient.ask("SELECT item_id FROM triage_triagedecision GROUP BY item_id HAVING count(*) > 1")
