"""Claiming the next item out of 1 thousand, 100 thousand and 1 million that wait, in the skewed shape."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.db import connection

from benchmarks import floors, loading
from benchmarks.loading import Office
from benchmarks.running import WARM_UP, compare, crew, each_timed, line, say, scaled
from reviewqueue import pipeline
from reviewqueue.accounts.models import Membership
from reviewqueue.assignment.actions import lanes_of
from reviewqueue.queues.models import Queue

READY = (1_000, 100_000, 1_000_000)
CLAIMS = 320  # a run, over all clients: a third of the smallest line
OWN_REVIEWS = 3_000  # of each reviewer
FLOOR = "psycopg running the claim statement alone"


def lines() -> Iterator[dict]:
    """Yield a line for each size and number of clients."""
    office = loading.open_office()
    _load_reviewed(office)
    waiting = 0
    for size in READY:
        ready = scaled(size, least=200)
        say(f"claim: loading up to {ready:,} ready slots ...")
        loading.load(office, loading.READY, first=waiting + 1, last=ready, head=ready * 15 // 100)
        loading.exclude_heads(office, deep=12)
        waiting = ready
        for clients in (1, 16):
            yield _measure(office, ready, clients)


def _load_reviewed(office: Office) -> None:
    first = 10_000_001
    last = first + scaled(OWN_REVIEWS) * len(office.reviewers) - 1
    loading.load(office, loading.REVIEWED, first=first, last=last)


def _measure(office: Office, ready: int, clients: int) -> dict:
    claims = min(scaled(CLAIMS, least=32), ready // 3)
    shares = [share_of(office, number, clients, claims // clients + WARM_UP) for number in range(clients)]

    def run(work: Callable) -> Any:
        put_back()
        return crew(work, shares)

    runs = compare(lambda: run(_by_verb), lambda: run(by_statement))
    n = claims // clients * clients
    return line("claim", unit="claims/s", floor_is=FLOOR, runs=runs, n=n, clients=clients, ready=ready)


def share_of(office: Office, number: int, clients: int, count: int) -> tuple[list[Any], int]:
    """Return the reviewers that one client claims for in turn (nobody else does), and how often."""
    return [one.pk for one in office.reviewers[number::clients]], count


def _reviewers(share: tuple[list[Any], int]) -> tuple[list[Membership], list[Queue]]:
    found = Membership.objects.select_related("user").in_bulk(share[0])
    return [found[share[0][turn % len(share[0])]] for turn in range(share[1])], list(Queue.objects.all())


def _by_verb(share: tuple[list[Any], int], begin: Callable[[], None]) -> list[float]:
    reviewers, queues = _reviewers(share)

    def claim(membership: Membership) -> None:
        if pipeline.claim_next(membership=membership, queues=queues) is None:
            raise RuntimeError("nothing was there to claim")

    return each_timed(claim, reviewers, begin)


def by_statement(share: tuple[list[Any], int], begin: Callable[[], None]) -> list[float]:
    """Claim by the claim statement alone."""
    reviewers, queues = _reviewers(share)
    lanes = {one.pk: lanes_of(membership=one, queues=queues) for one in reviewers}
    arguments = [(one.user_id, lanes[one.pk], timedelta(hours=1)) for one in reviewers]
    with floors.connect() as plain:
        return each_timed(lambda given: floors.claim(plain, *given), arguments, begin)


def put_back() -> None:
    """Make every run begin with the same line: what the last one took waits again."""
    connection.close()
    with loading.loader() as plain:
        plain.execute("UPDATE assignment_slot SET holder_id = NULL, expires_at = NULL WHERE holder_id IS NOT NULL")
        plain.execute("DELETE FROM assignment_assignment WHERE ended_at IS NULL")
        plain.execute("DELETE FROM audit_event WHERE verb = 'claim'")
        plain.execute("UPDATE intake_itemstate SET state = 'queued' WHERE state = 'in_review'")
        plain.execute("VACUUM (INDEX_CLEANUP ON) assignment_slot, assignment_assignment, intake_itemstate")
