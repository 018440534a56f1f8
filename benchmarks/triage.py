"""Triage by a pair of worker processes, with thirty rules and three detectors, by the workers' own task."""

from collections.abc import Callable, Iterator
from time import perf_counter
from uuid import UUID

from benchmarks import floors, loading, policies
from benchmarks.running import Run, compare, crew, line, scaled
from reviewqueue import detectors
from reviewqueue.triage.models import Pending, TriageDecision
from workers.tasks.triage import triage

FLOOR = "the same rows written by one INSERT … SELECT a table and batch, from two processes"
PAIR = 2

# What the stock leaves alike is spread, so that some of it goes to people and the rest passes.
_SPREAD = """
UPDATE intake_item SET confidence = (('x' || substr(md5(external_id), 1, 6))::bit(24)::int %% 1000) / 1000.0,
  risk_level = (ARRAY['low', 'medium', 'high'])[1 + ('x' || substr(md5(external_id), 7, 6))::bit(24)::int %% 3]
WHERE external_id = ANY(SELECT 'conv-' || n FROM generate_series(%(first)s::int, %(last)s::int) AS n)
AND source_id = %(source)s
"""


def lines() -> Iterator[dict]:
    """Yield the one line of triage."""
    office = loading.open_office()
    policies.put_in_force(office, policies.rules(office, unsure=0.3))
    policies.switch_on(office)
    n = scaled(20_000, least=400)
    loaded = iter(range(1, 100 * n, n))

    def run(work: Callable, share: object) -> Run:
        load(office, next(loaded), n)
        done = crew(work, [share] * PAIR)
        if Pending.objects.exists():
            raise RuntimeError("items still wait for triage")
        return Run(rate=done.rate)

    lane = office.lanes[1]
    place = office.workspace.pk, lane.queue_id, lane.pk
    runs = compare(lambda: run(by_task, None), lambda: run(_by_statements, place))
    told = {"workers": PAIR, "rules": policies.RULES, "detectors": len(policies.DETECTORS)}
    yield line("triage", unit="items/s", floor_is=FLOOR, runs=runs, n=n, **told, to_people=_share_to_people())


def load(office: loading.Office, first: int, n: int) -> None:
    """Load items that wait for triage, some of which go to people and some pass."""
    last = first + n - 1
    loading.load(office, loading.RECEIVED, first=first, last=last, state="received")
    with loading.loader() as loader:
        loader.execute(_SPREAD, {"first": first, "last": last, "source": office.source.pk})
        loader.execute("UPDATE triage_pending SET due_at = now()")  # the task's clock is the real one
        loader.execute("VACUUM ANALYZE intake_item, triage_pending")


def _share_to_people() -> float:
    """Return which share of what the product decided went to people; the floor names no policy."""
    decided = TriageDecision.objects.filter(policy__isnull=False)
    return round(decided.filter(result=TriageDecision.Result.REVIEW).count() / decided.count(), 3)


def by_task(_share: object, begin: Callable[[], None]) -> list[float]:
    """Decide what is due by the workers' own task."""
    for detector in policies.DETECTORS:  # a worker process lives for days: its models and patterns are there
        detectors.prepare(detector)
        detectors.looking()[detector](detectors.given_in(loading.document(0)))
    begin()
    return _spread_over(_until_nothing_is_due)


def _until_nothing_is_due() -> int:
    """Run the task as often as it rings for itself on a slow machine."""
    decided = 0
    while some := triage():
        decided += some
    return decided


def _by_statements(share: tuple[UUID, UUID, UUID], begin: Callable[[], None]) -> list[float]:
    with floors.connect() as plain:
        begin()
        return _spread_over(lambda: floors.triage(plain, *share))


def _spread_over(work: Callable[[], int]) -> list[float]:
    """Return the time that one process took, spread over the items that it decided."""
    began = perf_counter()
    decided = work()
    return [(perf_counter() - began) / decided] * decided if decided else []
