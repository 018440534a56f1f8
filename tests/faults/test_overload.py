"""Overload is orderly (I-36): what can be done is done, the rest is told when to come again, nobody else starves."""

import statistics
import threading
import time
from pathlib import Path

import httpx
import pytest

from reviewqueue.common.bridge import HELD_BACK_SECONDS, held_back_for
from tests.faults.clients import listed
from tests.faults.counting import Sampler
from tests.faults.flood import Heard, flood
from tests.faults.patient import Patient
from tests.faults.test_nothing_is_lost import kept_of
from tests.walk.product import until

CROWD = 1_000
#: Refused clients come again after a tenth of a second, however long they were told to wait.
IMPATIENT = 0.1


def five_times(calm: Heard) -> int:
    """Return how large a crowd would ask five times as much as can be done.

    As many wait as there is room for; of the rest each would ask again after the shortest time that anybody is held
    back, and its own pause. So many are held back for longer, which is why they ask less in the end.
    """
    rate = calm.acknowledged / calm.seconds
    return 300 + int(4.5 * rate * (HELD_BACK_SECONDS + IMPATIENT))


def peak(patient: Patient, folder: Path, seconds: float) -> Heard:
    """Return what is done when no more is asked than can be done."""
    key = patient.product.keys["bot"]
    return flood(patient.product.url, key, folder, "calm", connections=16, seconds=seconds, pause=0)


def overload(patient: Patient, folder: Path, seconds: float, crowd: int) -> Heard:
    """Return what is done when several times as much is asked."""
    key = patient.product.keys["bot"]
    return flood(patient.product.url, key, folder, "crowd", connections=crowd, seconds=seconds, pause=IMPATIENT)


def check(patient: Patient, folder: Path, calm: Heard, heard: Heard, share: float) -> None:
    """Check what must hold under overload, and print what was measured."""
    rate, peak_rate = heard.acknowledged / heard.seconds, calm.acknowledged / calm.seconds
    print(
        f"peak {peak_rate:.0f}/s; asked {heard.asked / heard.seconds:.0f}/s, done {rate:.0f}/s"
        f" ({rate / peak_rate:.0%}), {dict(heard.statuses)}, slowest {heard.slowest:.1f} s"
    )
    assert set(heard.statuses) <= {"200", "201", "429", "503"}
    assert (heard.silent, heard.broken) == (0, 0)
    assert heard.statuses["503"] > 0, "nobody was refused: that was no overload"
    assert rate >= share * peak_rate
    acknowledged = listed(folder, "acknowledged")
    kept = kept_of(patient, "calm") + kept_of(patient, "crowd")
    assert set(acknowledged) - set(kept) == set(), "acknowledged, but lost"
    assert len(acknowledged) == calm.acknowledged + heard.acknowledged


class Beside:
    """Another caller, who asks little, meanwhile; and somebody who looks whether the process is alive."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient
        self.seconds: list[float] = []
        self.health: list[float] = []
        self.statuses: set[int] = set()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Beside":
        self._thread.start()
        return self

    def __exit__(self, *_of: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        address = self.patient.product.url
        key = {"Authorization": f"Bearer {self.patient.product.keys['ml']}"}
        with httpx.Client(base_url=address, headers=key, timeout=30) as client:
            while not self._done.wait(0.1):
                self.seconds.append(self._ask(client, "/api/v1/datasets"))
                self.health.append(self._ask(client, "/healthz"))

    def _ask(self, client: httpx.Client, path: str) -> float:
        began = time.monotonic()
        self.statuses.add(client.get(path).status_code)
        return time.monotonic() - began


def test_overload_is_orderly_and_nobody_else_starves(patient: Patient, tmp_path: Path) -> None:
    calm = peak(patient, tmp_path, 2)
    with Beside(patient) as other:
        heard = overload(patient, tmp_path, 4, CROWD)
    check(patient, tmp_path, calm, heard, share=0.5)
    print(f"beside: median {statistics.median(other.seconds):.3f} s, slowest {max(other.seconds):.3f} s")
    assert other.statuses == {200}
    assert statistics.median(other.seconds) < 0.5
    assert max(other.health) < 3


def test_the_more_are_refused_the_longer_each_waits_and_never_longer_than_clients_do() -> None:
    assert [held_back_for(waiting) for waiting in (1, 250, 1_000, 4_000)] == [HELD_BACK_SECONDS, 0.5, 2.0, 4.0]


@pytest.mark.long
def test_ten_minutes_of_overload(patient: Patient, tmp_path: Path) -> None:
    # nobody reviews meanwhile: what may be open at most is another story (tests/api/test_limits.py)
    patient.ask("UPDATE intake_source SET open_items_most = 10000000 RETURNING id")
    calm = peak(patient, tmp_path, 30)
    with Sampler(patient) as sampler, Beside(patient) as other:
        heard = overload(patient, tmp_path, 600, five_times(calm))
    check(patient, tmp_path, calm, heard, share=0.8)
    assert other.statuses == {200}
    assert sampler.faults == []
    until(lambda: patient.ask("SELECT count(*) FROM triage_pending") == [(0,)], seconds=600)
