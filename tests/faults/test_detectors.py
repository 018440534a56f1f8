"""Detectors that end their worker, hang or fail: every item is decided all the same, by the rules."""

from collections.abc import Iterator

import pytest

from tests.cast import item
from tests.faults.counting import CONSERVATION, broken
from tests.faults.patient import Patient, living
from tests.walk.product import until

FAULTS = {"abuse": "kill", "contradiction": "loop", "language": "error", "personal_data": "recurse"}
ITEMS = 12


@pytest.fixture
def faulty(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    """A product in which each detector has a fault of its own."""
    armed = ",".join(f"detector.look@{name}={action}" for name, action in FAULTS.items())
    monkeypatch.setenv("REVIEWQUEUE_FAILPOINTS", armed)
    monkeypatch.setenv("TRIAGE_LEASE_SECONDS", "9")
    yield from living(tmp_path_factory.mktemp("detectors"))


@pytest.mark.long
def test_items_are_decided_whatever_becomes_of_their_detectors(faulty: Patient) -> None:
    faulty.ask(
        "INSERT INTO triage_detectorsetting (id, workspace_id, source_id, detector, since)"
        " SELECT gen_random_uuid(), s.workspace_id, s.id, d, now()"
        " FROM intake_source s, unnest(%s::text[]) d RETURNING 1",
        [list(FAULTS)],
    )
    with faulty.product.client("bot") as bot:
        answer = bot.post("/items/batch", json={"items": [item(f"conv-{n}") for n in range(ITEMS)]})
    assert {one["status"] for one in answer.json()["results"]} == {201}
    until(lambda: not faulty.ask("SELECT 1 FROM triage_pending"), seconds=120)
    reasons = faulty.ask("SELECT DISTINCT stratum LIKE '%failed%' FROM triage_triagedecision")
    assert reasons == [(False,)]
    [(noted,)] = faulty.ask("SELECT count(*) FROM triage_triagedecision WHERE facts ? 'findings'")
    assert noted == ITEMS
    assert broken(faulty.ask(CONSERVATION)) == {}
