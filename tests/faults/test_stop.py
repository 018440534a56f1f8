"""Stop works with Valkey down too (I-46): the whole product, sixteen programs that claim over HTTP, and no bell."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from tests.cast import item
from tests.faults.counting import CONSERVATION, broken
from tests.faults.patient import Patient
from tests.walk.product import until

CLAIMANTS = 16
LIMIT = timedelta(seconds=5)
_numbers = count()

CLAIMED = """
SELECT count(*) FROM assignment_assignment a JOIN triage_queueentry e ON e.id = a.entry_id
JOIN intake_item i ON i.id = a.item_id JOIN intake_source f ON f.id = i.source_id
WHERE a.opened_at > %(since)s
"""
PASSED = "SELECT count(*) FROM triage_triagedecision WHERE result = 'pass' AND decided_at > %(since)s"
GIVEN = """
SELECT count(*) FROM review_outcome
WHERE basis IN ('rule', 'timeout') AND disposition = 'final' AND settled_at > %(since)s
"""


class Crowd:
    """Programs that claim and judge, and one that submits, until it is over; what they were answered is kept."""

    def __init__(self, patient: Patient) -> None:
        self.patient, self.product = patient, patient.product
        self.over = threading.Event()
        self.statuses: list[int] = []

    @contextmanager
    def at_work(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._run, args=(self._review, "reviewer")) for _ in range(CLAIMANTS)]
        threads.append(threading.Thread(target=self._run, args=(self._submit, "bot")))
        for one in threads:
            one.start()
        try:
            yield
        finally:
            self.over.set()
            for one in threads:
                one.join()

    def _run(self, step: Any, who: str) -> None:
        key = {"Authorization": f"Bearer {self.product.keys[who]}"}
        with httpx.Client(base_url=f"{self.product.url}/api/v1", headers=key, timeout=20) as http:
            while not self.over.is_set():
                step(http)

    def _review(self, http: httpx.Client) -> None:
        answer = http.post("/claims")
        self.statuses.append(answer.status_code)
        if answer.status_code != 201:
            time.sleep(0.1)
            return
        turn = answer.json()
        said = {"fence": turn["fence"], "decision": "approve", "severity": "none"}
        http.post(f"/assignments/{turn['id']}/review", json=said)

    def _submit(self, http: httpx.Client) -> None:
        bodies = [item(f"stop-{next(_numbers)}", confidence=sure) for sure in (0.3, 0.3, 0.99, 0.99)]
        answer = http.post("/items/batch", json={"items": bodies})
        assert answer.status_code == 200, "the intake goes on"
        gate = {"deadline_seconds": 5, "on_timeout": "pass", "fallback": {"content": "A colleague will answer."}}
        held = item(f"stop-{next(_numbers)}", confidence=0.99, gate=gate)
        assert http.post("/items", json=held).status_code == 201
        time.sleep(0.05)


@pytest.fixture(scope="module")
def operator(patient: Patient) -> httpx.Client:
    """A program with the scope admin."""
    named = ("--workspace", "acme", "--name", "brake")
    patient.product.keys["brake"] = patient.product.manage("create_api_key", *named, "--scope", "admin")
    return patient.product.client("brake")


@pytest.mark.long
@pytest.mark.parametrize("what", [{"source": "support-chatbot"}, {"queue": "support"}, {}])
def test_soon_nothing_is_claimed_or_passed_although_valkey_is_down(
    patient: Patient, operator: httpx.Client, what: dict[str, str]
) -> None:
    crowd = Crowd(patient)
    with crowd.at_work():
        until(lambda: crowd.statuses.count(201) > 5 and done_since(patient, "-infinity")[1] > 5)
        with valkey_hangs(patient):
            stop = operator.post("/stops", json={**what, "why": "exercise"}).json()
            ((since,),) = patient.ask("SELECT begun_at FROM queues_stop WHERE id = %s", [stop["id"]])
            time.sleep(LIMIT.total_seconds() + 3)
            assert done_since(patient, since + LIMIT) == (0, 0, 0)
            assert patient.ask("SELECT count(*) FROM intake_item WHERE received_at > %s", [since + LIMIT]) != [(0,)]
            assert broken(patient.ask(CONSERVATION)) == {}
            operator.delete(f"/stops/{stop['id']}")
            ((ended,),) = patient.ask("SELECT ended_at FROM queues_stop WHERE id = %s", [stop["id"]])
            until(lambda: min(done_since(patient, ended)[:2]) > 0, seconds=60)
    assert broken(patient.ask(CONSERVATION)) == {}


def done_since(patient: Patient, since: Any) -> tuple[int, ...]:
    """Return how many claims, passes, and own answers given by nobody there were after a moment."""
    return tuple(patient.ask(sql, {"since": since})[0][0] for sql in (CLAIMED, PASSED, GIVEN))


@contextmanager
def valkey_hangs(patient: Patient) -> Iterator[None]:
    """Valkey answers nobody: no bell can be rung."""
    patient.stop("valkey")
    try:
        yield
    finally:
        patient.resume("valkey")


@pytest.mark.long
def test_an_operator_stops_with_web_workers_and_valkey_down(patient: Patient) -> None:
    """The command needs PostgreSQL alone; what is back up again has read it before it does anything."""
    for part in ("web", "worker", "run_due", "valkey"):
        patient.kill(part)
    said = patient.product.manage("stop", "--workspace", "acme", "--why", "outage")
    assert "All work is stopped" in said
    reviewer = patient.product.client("reviewer")

    def refused() -> bool:
        try:
            return reviewer.post("/claims").status_code == 409
        except httpx.HTTPError:
            return False

    until(refused, seconds=60)
    patient.product.manage("resume", "--workspace", "acme")
    until(lambda: reviewer.post("/claims").status_code in {201, 204}, seconds=30)
