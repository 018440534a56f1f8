"""It moves without help (I-14): whatever is missing for a while, every item is done or with a lead soon after."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import httpx
import pytest

from reviewqueue import pipeline
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.common.clock import now
from reviewqueue.intake.models import Gate, ItemState
from reviewqueue.queues.models import Stop
from reviewqueue.review.models import DuePublication, Publication
from reviewqueue.triage.models import Pending
from tests import steps
from tests.cast import Cast, item
from tests.faults.counting import CONSERVATION, broken
from tests.faults.patient import Patient
from tests.programs import program
from tests.walk.product import until

NOWHERE = "redis://127.0.0.1:1/0"
ITEMS = 40
#: After the fault is over: what a turn that nobody keeps lasts, and a minute.
SOON = 5 + 60


def everything_is_due(cast: Cast) -> None:
    """Leave something for each kind of sweep, and nobody rings a bell for it."""
    before = now() - timedelta(minutes=30)
    steps.queued(cast, 2, now=before)
    steps.settle(cast, cast.reviewer, steps.edit(), now=before)
    steps.claim(cast, cast.reviewer2, now=before)
    steps.on_duty(cast.reviewer, now=before)
    steps.hold(cast, steps.held_item("held"), now=before)
    stop = pipeline.stop(workspace=cast.workspace, why=Stop.Why.EXERCISE, by=SYSTEM, now=before)
    steps.submit(cast, item("sure", confidence=0.99), now=before)
    steps.triage(before)
    Stop.objects.filter(pk=stop.pk).update(ended_at=before)  # its process ended before it let anything go
    steps.submit(cast, item("new"), now=before)


def what_happened(cast: Cast) -> dict[str, int]:
    """Return how often each thing was done that was due."""
    verbs = ("expire", "time_out", "publish", "triage")
    return {verb: Event.objects.filter(verb=verb, at__gt=now() - timedelta(minutes=5)).count() for verb in verbs}


def sweep(count: int) -> None:
    """Let so many sweepers do everything that is due once, at the same moment, with no broker anywhere."""
    with ExitStack() as running:
        sweepers = [
            running.enter_context(program("manage.py", "run_due", "--once", REDIS_URL=NOWHERE)) for _ in range(count)
        ]
        for one in sweepers:
            one.communicate(timeout=120)


@pytest.mark.parametrize("beats", [1, pytest.param(3, marks=pytest.mark.long)])
def test_with_one_sweeper_or_three_and_no_broker_all_that_is_due_is_done_once(cast: Cast, beats: int) -> None:
    everything_is_due(cast)
    assert what_happened(cast) == {"expire": 0, "time_out": 0, "publish": 0, "triage": 0}
    sweep(beats)
    sweep(1)  # what one sweep has made due
    happened = what_happened(cast)
    assert (happened["expire"], happened["time_out"], happened["triage"]) == (1, 0, 2)
    assert Publication.objects.values("outcome").distinct().count() == Publication.objects.count() == 2
    assert not Pending.objects.exists()
    assert not DuePublication.objects.exists()
    assert Gate.objects.get().closed_because == "stopped"
    assert sorted(ItemState.objects.values_list("state", flat=True)) == [
        "passed",
        "queued",
        "queued",
        "queued",
        "settled",
    ]


# --- the whole product ------------------------------------------------------------------------------------------


@contextmanager
def nothing_is_missing(_patient: Patient) -> Iterator[None]:
    yield


@contextmanager
def no_valkey(patient: Patient) -> Iterator[None]:
    """It is away for as long as the story lasts."""
    patient.stop("valkey")
    try:
        yield
        all_done(patient)
    finally:
        patient.resume("valkey")


@contextmanager
def no_sweeper(patient: Patient) -> Iterator[None]:
    patient.stop("run_due")
    try:
        yield
    finally:
        patient.resume("run_due")


@contextmanager
def stopped_workers(patient: Patient) -> Iterator[None]:
    """Worker and sweeper hang in the middle of what they do."""
    for part in ("worker", "run_due"):
        patient.stop(part)
    try:
        yield
    finally:
        for part in ("worker", "run_due"):
            patient.resume(part)


@contextmanager
def three_beats(patient: Patient) -> Iterator[None]:
    with ExitStack() as running:
        for _number in range(2):
            running.enter_context(program("manage.py", "run_due", **patient.product.environment))
        yield


@pytest.mark.long
@pytest.mark.parametrize("fault", [nothing_is_missing, no_valkey, no_sweeper, stopped_workers, three_beats])
def test_every_item_is_done_soon_after(patient: Patient, fault) -> None:
    """Two programs review what they can, one of which dies in the middle of every third turn."""
    patient.ask("UPDATE queues_queue SET lease_seconds = 5 RETURNING id")
    over = threading.Event()
    reviewers = [threading.Thread(target=review, args=(patient, over, careless)) for careless in (False, True)]
    bot = patient.product.client("bot")
    for one in reviewers:
        one.start()
    try:
        with fault(patient):
            names = [f"{fault.__name__}-{number}-{time.time()}" for number in range(ITEMS)]
            bodies = [item(name, confidence=0.3 if n % 2 else 0.99) for n, name in enumerate(names)]
            assert bot.post("/items/batch", json={"items": bodies}).status_code == 200
            time.sleep(10)
        began = time.monotonic()
        all_done(patient)
    finally:
        over.set()
        for one in reviewers:
            one.join()
    print(f"{fault.__name__}: all done {time.monotonic() - began:.1f} s after it was over")
    assert broken(patient.ask(CONSERVATION)) == {}


def all_done(patient: Patient) -> None:
    left = "SELECT count(*) FROM intake_itemstate WHERE state NOT IN ('settled', 'passed', 'escalated', 'withdrawn')"
    unsent = "SELECT count(*) FROM review_duepublication"
    until(lambda: patient.ask(left) == [(0,)] and patient.ask(unsent) == [(0,)], seconds=SOON)


def review(patient: Patient, over: threading.Event, careless: bool) -> None:
    """Claim and approve; a careless one forgets every third turn, which runs out then."""
    key = {"Authorization": f"Bearer {patient.product.keys['reviewer']}"}
    with httpx.Client(base_url=f"{patient.product.url}/api/v1", headers=key, timeout=20) as http:
        number = 0
        while not over.is_set():
            answer = http.post("/claims")
            number += 1
            if answer.status_code != 201:
                time.sleep(0.3)
            elif not (careless and number % 3 == 0):
                turn = answer.json()
                said = {"fence": turn["fence"], "decision": "approve", "severity": "none"}
                http.post(f"/assignments/{turn['id']}/review", json=said)
