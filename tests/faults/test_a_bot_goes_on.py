"""A developer's bot goes on while everything behind it is unplugged: each accepted answer gets its outcome, once."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from reviewqueue_client import Item, Outcome, ReviewQueue

from tests.faults.patient import Patient
from tests.faults.test_nothing_is_lost import is_up
from tests.races.crowd import scaled
from tests.walk.product import until

BOTS = 6
#: Every third answer is sure and passes (unless it is in the sample); the others are held for a person.
SURE, UNSURE = 0.95, 0.3


def test_every_accepted_answer_gets_its_outcome_once_whatever_is_unplugged(patient: Patient, tmp_path: Path) -> None:
    go_on(patient, tmp_path, "short", each=5, unplugged=["valkey", "postgres", "worker"])


@pytest.mark.long
def test_every_accepted_answer_gets_its_outcome_once_for_long(patient: Patient, tmp_path: Path) -> None:
    parts = ["valkey", "worker", "postgres", "run_due", "valkey", "web"] * 3
    go_on(patient, tmp_path, "long", each=scaled(60), unplugged=parts)


def go_on(patient: Patient, folder: Path, prefix: str, *, each: int, unplugged: list[str]) -> None:
    with Desk(patient) as desk, ThreadPoolExecutor(BOTS) as pool:
        bots = [pool.submit(bot, patient, f"held-{prefix}-{number}", each, folder) for number in range(BOTS)]
        unplug(patient, desk, unplugged)
        told = [pair for one in bots for pair in one.result(timeout=600)]
    assert len(told) == BOTS * each
    assert [item.external_id for item, outcome in told if outcome.local] == []
    assert [item.external_id for item, outcome in told if not sensible(item, outcome)] == []
    assert patient.ask(TWICE) == [], "people decided an item twice"
    assert {state for (state,) in patient.ask(STATES)} <= {"passed", "settled"}, "an accepted item stands nowhere"
    ways = Counter(outcome.basis for _item, outcome in told)
    assert set(ways) >= {"rule", "review"}
    print(f"{len(told)} answers, {len(unplugged)} parts unplugged: {dict(ways)}")


STATES = """
SELECT DISTINCT state FROM intake_itemstate JOIN intake_item ON id = item_id WHERE external_id LIKE 'held-%'
"""
#: A late decision after a timeout is a second outcome, but the first that people gave.
TWICE = """
SELECT external_id FROM review_publication p JOIN intake_item i ON i.id = p.item_id
JOIN review_outcome o ON o.id = p.outcome_id
WHERE external_id LIKE 'held-%' AND basis <> 'timeout' GROUP BY 1 HAVING count(*) > 1
"""


def bot(patient: Patient, name: str, each: int, folder: Path) -> list[tuple[Item, Outcome]]:
    """Submit answers and wait for each, with nothing but the client."""
    told = []
    product = patient.product
    with ReviewQueue(product.url, api_key=product.keys["bot"], spool=folder / name) as rq:
        for turn in range(each):
            item = rq.submit(
                external_id=f"{name}-{turn}",
                source="support-chatbot",
                kind="chat",
                input={"messages": [{"role": "user", "content": "Where is my parcel?"}]},
                output={"content": "It will arrive on Friday."},
                confidence=SURE if turn % 3 == 0 else UNSURE,
                gate={"deadline_seconds": 90, "on_timeout": "withhold"},
            )
            told.append((item, rq.wait(item)))
    return told


def sensible(item: Item, outcome: Outcome) -> bool:
    """Whether an outcome is one that this item can have."""
    final = outcome.final and outcome.final["content"]
    return {
        "rule": final == "It will arrive on Friday.",
        "review": final == f"Corrected: {item.id}",
        "timeout": outcome.disposition == "withheld" and final is None,
    }[outcome.basis]


def unplug(patient: Patient, desk: "Desk", parts: list[str]) -> None:
    """Kill one part after the other, each while people and bots are at work."""
    for part in parts:
        done = desk.decided
        until(lambda done=done: desk.decided > done + 2, seconds=60)
        until(lambda part=part: is_up(patient, part), seconds=60)
        patient.kill(part)


class Desk:
    """A reviewer at work through the API: there for held answers, correcting whatever comes, patient with faults."""

    def __init__(self, patient: Patient) -> None:
        self.decided = 0
        self._http = patient.product.client("reviewer")
        self._closed = threading.Event()
        self._at_work = threading.Thread(target=self._work)

    def __enter__(self) -> "Desk":
        self._http.post("/duty").raise_for_status()
        self._at_work.start()
        return self

    def __exit__(self, *_fault: object) -> None:
        self._closed.set()
        self._at_work.join()

    def _work(self) -> None:
        seen, asked = 0.0, uuid4().hex
        while not self._closed.is_set():
            if time.monotonic() > seen + 5:
                self._post("/duty")
                seen = time.monotonic()
            claimed = self._post("/claims", headers={"Idempotency-Key": asked})
            if claimed is not None and claimed.status_code in (201, 204):
                asked = uuid4().hex  # until it is answered the same claim is asked for: no turn is lost on its way
                self._decide(claimed)

    def _decide(self, claimed: httpx.Response) -> None:
        if claimed.status_code != 201:
            self._closed.wait(0.05)
            return
        turn = claimed.json()
        judged = {"decision": "edit", "severity": "major", "correction": f"Corrected: {turn['item']['id']}"}
        answer = None
        while answer is None and not self._closed.is_set():
            answer = self._post(f"/assignments/{turn['id']}/review", json={"fence": turn["fence"], **judged})
        self.decided += answer is not None and answer.is_success

    def _post(self, path: str, **more: Any) -> httpx.Response | None:
        """Return what was answered; None, after a moment, where nothing was, or that something is not there now."""
        with suppress(httpx.HTTPError):
            answer = self._http.post(path, **more)
            if answer.status_code < 500:
                return answer
        self._closed.wait(0.2)
        return None
