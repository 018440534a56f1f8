"""Submitting a review that settles its item, the turn having been claimed before."""

from collections.abc import Callable, Iterator
from uuid import UUID

from benchmarks import floors, loading
from benchmarks.running import RUNS, WARM_UP, Run, compare, crew, each_timed, line, scaled
from reviewqueue import pipeline
from reviewqueue.assignment.models import Assignment
from reviewqueue.review.rules import Judgement

FLOOR = "psycopg reading the same content and writing the same rows in one transaction"
EDIT = Judgement(
    decision="edit", severity="major", correction={"content": "It comes on Monday."}, reason_codes=["wrong-fact"]
)


def lines() -> Iterator[dict]:
    """Yield a line for one client and one for sixteen."""
    office = loading.open_office()
    sizes = {1: scaled(300, least=20), 16: 16 * scaled(40, least=5)}
    needed = sum(n + clients * WARM_UP for clients, n in sizes.items()) * 2 * RUNS  # product and floor
    loading.load(office, loading.HELD, first=1, last=needed, state="in_review")
    held = iter(list(Assignment.objects.order_by("pk").values_list("pk", flat=True)))
    for clients, n in sizes.items():

        def run(work: Callable, clients: int = clients, n: int = n) -> Run:
            return crew(work, [[next(held) for _ in range(n // clients + WARM_UP)] for _ in range(clients)])

        runs = compare(lambda: run(_by_verb), lambda: run(_by_statements))
        yield line("submit", unit="reviews/s", floor_is=FLOOR, runs=runs, n=n, clients=clients)


def _turns(share: list[UUID]) -> list[Assignment]:
    return list(Assignment.objects.select_related("user").filter(pk__in=share))


def _by_verb(share: list[UUID], begin: Callable[[], None]) -> list[float]:
    turns = _turns(share)

    def submit(turn: Assignment) -> None:
        pipeline.submit_review(assignment=turn, fence=turn.fence, by=turn.user, judgement=EDIT)

    return each_timed(submit, turns, begin)


def _by_statements(share: list[UUID], begin: Callable[[], None]) -> list[float]:
    turns = _turns(share)
    with floors.connect() as plain:
        return each_timed(lambda turn: floors.submit(plain, turn), turns, begin)
