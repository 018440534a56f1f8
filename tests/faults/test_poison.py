"""A poison item is contained (I-18): after three tries it waits for a person, and everything else is decided."""

from collections.abc import Iterator

import pytest

from tests.cast import item
from tests.faults.counting import CONSERVATION, broken
from tests.faults.patient import Patient, living
from tests.walk.product import until

POISON = {"poison-error": "error", "poison-kill": "kill", "poison-loop": "loop", "poison-recurse": "recurse"}
REST = 60


@pytest.fixture
def poisoned(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    """A product in which four items end, hang or overflow whatever triages them."""
    armed = ",".join(f"triage.decide@{name}={action}" for name, action in POISON.items())
    monkeypatch.setenv("REVIEWQUEUE_FAILPOINTS", armed)
    monkeypatch.setenv("TRIAGE_SECONDS", "1")
    monkeypatch.setenv("TRIAGE_LEASE_SECONDS", "9")
    data_dir = tmp_path_factory.mktemp("poison")
    yield from living(data_dir)


def test_poison_waits_for_a_person_and_the_rest_is_decided(poisoned: Patient) -> None:
    names = [f"fine-{n}" for n in range(REST)]
    names[10:10] = POISON
    with poisoned.product.client("bot") as bot:
        answer = bot.post("/items/batch", json={"items": [item(name) for name in names]})
    assert [one["status"] for one in answer.json()["results"]] == [201] * len(names)
    until(lambda: waiting(poisoned) <= set(POISON), seconds=60)
    until(lambda: not waiting(poisoned), seconds=90)
    assert reasons(poisoned) == dict.fromkeys(POISON, "triage_failed")
    assert broken(poisoned.ask(CONSERVATION)) == {}


def waiting(patient: Patient) -> set[str]:
    rows = patient.ask("SELECT external_id FROM triage_pending JOIN intake_item ON id = item_id")
    return {row[0] for row in rows}


def reasons(patient: Patient) -> dict[str, str]:
    """Return the items that wait for a person because triage failed."""
    rows = patient.ask(
        "SELECT external_id, d.reasons->0->>'code' FROM triage_triagedecision d"
        " JOIN intake_item i ON i.id = d.item_id"
        " JOIN triage_queueentry e ON e.decision_id = d.id"
        " WHERE e.ended_at IS NULL AND d.stratum = 'triage-failed'"
    )
    return dict(rows)
