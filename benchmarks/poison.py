"""What a poison item costs the others: the same load with one and without, by a pair of worker processes."""

import os
from collections.abc import Callable, Iterator, Sequence

from benchmarks import loading, policies, triage
from benchmarks.running import Run, compare, crew, line, scaled
from reviewqueue.common import failpoints
from reviewqueue.triage.models import Pending

FLOOR = "the same load without the poison"


def lines() -> Iterator[dict]:
    """Yield the one line: how fast the rest is decided while an item fails whatever decides it.

    It fails three times in its life: in its batch, alone five seconds later, and in a process of its own ten seconds
    after that; the load lasts longer.
    """
    office = loading.open_office()
    policies.put_in_force(office, policies.rules(office, unsure=0.3))
    policies.switch_on(office)
    n = scaled(60_000, least=400)
    loaded = iter(range(1, 100 * n, n))

    def run(*, poisoned: bool) -> Run:
        first = next(loaded)
        triage.load(office, first, n)
        names = [f"conv-{first}"] if poisoned else []
        done = crew(_decide, [names] * triage.PAIR)
        _all_decided_but(names)
        return Run(rate=done.rate)

    runs = compare(lambda: run(poisoned=True), lambda: run(poisoned=False))
    yield line("triage.poison", unit="items/s", floor_is=FLOOR, runs=runs, n=n, workers=triage.PAIR)


def _decide(poison: Sequence[str], begin: Callable[[], None]) -> list[float]:
    for name in poison:
        failpoints._ARMED[f"triage.decide@{name}"] = "error"
    armed = ",".join(f"{name}={action}" for name, action in failpoints._ARMED.items())
    os.environ["REVIEWQUEUE_FAILPOINTS"] = armed  # for the process in which the last try is made
    return triage.by_task(None, begin)


def _all_decided_but(names: Sequence[str]) -> None:
    """Forget what is left of the poison, which is tried again later. Raises RuntimeError when anything else waits."""
    if Pending.objects.exclude(item__external_id__in=names).exists():
        raise RuntimeError("items still wait for triage")
    Pending.objects.all().delete()
