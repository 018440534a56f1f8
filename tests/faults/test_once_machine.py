"""Any order of requests, keys and crashes keeps the promise of the Idempotency-Key (I-3), against a small model."""

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from reviewqueue.api import once
from reviewqueue.datasets.models import Dataset
from reviewqueue.intake.models import Item
from tests.api.conftest import Api
from tests.cast import Cast, item

KEYS = st.sampled_from("abc")
NUMBERS = st.integers(min_value=0, max_value=3)
REPLAYED = "Idempotency-Replayed"
_worlds = count()


def machine(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> type[RuleBasedStateMachine]:
    """Return a state machine over requests of one program."""

    class Asking(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.name = f"w{next(_worlds)}"
            self.api = Api(cast.key)
            self.api._client.raise_request_exception = False
            # what stands under a key: the request, and the answer (None: it was done, and nobody heard of it)
            self.kept: dict[str, tuple[Any, Any]] = {}
            self.items: set[str] = set()
            self.datasets: set[str] = set()

        @rule(key=KEYS, number=NUMBERS)
        def submit(self, key: str, number: int) -> None:
            name = f"{self.name}-{number}"
            self._ask(key, "items", item(name), self.items, name)

        @rule(key=KEYS, number=NUMBERS)
        def define(self, key: str, number: int) -> None:
            slug = f"{self.name}-{number}"
            self._ask(key, "datasets", {"slug": slug, "format": "sft"}, self.datasets, slug)

        @rule(key=KEYS)
        def ask_wrongly(self, key: str) -> None:
            answer = self._send(key, "items", item(f"{self.name}-0", confidence=9))
            assert answer.status_code == 422

        @rule(key=KEYS, number=NUMBERS, where=st.sampled_from(["once.kept", "once.committed"]))
        def die(self, key: str, number: int, where: str) -> None:
            """Let the process end before or after the commit, as a client sees it: no answer."""

            def end(name: str) -> None:
                if name == where:
                    raise SystemExit

            name = f"{self.name}-dead-{number}"
            request = ("datasets", {"slug": name, "format": "sft"})
            with monkeypatch.context() as patched:
                patched.setattr(once, "failpoint", end)
                try:
                    answer = self._send(key, *request)
                except SystemExit:
                    answer = None
            if answer is None and where == "once.committed":
                self.kept[key] = (request, None)
                self.datasets.add(name)

        def _ask(self, key: str, path: str, body: Any, made: set[str], name: str) -> None:
            known = self.kept.get(key)
            answer = self._send(key, path, body)
            if known is None:
                self._first(key, (path, body), answer, made, name)
            elif known[0] != (path, body):
                assert answer.status_code == 422
            else:
                assert answer[REPLAYED] == "true"
                assert known[1] in (None, (answer.status_code, answer.content))
                self.kept[key] = (known[0], (answer.status_code, answer.content))

        def _first(self, key: str, request: Any, answer: Any, made: set[str], name: str) -> None:
            """A key without a past: a dataset that is there is refused, an item that is there answered with 200."""
            if request[0] == "datasets" and name in made:
                assert answer.status_code == 409
                return
            assert answer.status_code == (200 if name in made else 201)
            self.kept[key] = (request, (answer.status_code, answer.content))
            made.add(name)

        def _send(self, key: str, path: str, body: Any) -> Any:
            return self.api.post(path, body, **{"idempotency-key": f"{self.name}-{key}"})

        @invariant()
        def everything_is_made_once_and_nothing_is_lost(self) -> None:
            items = Item.objects.filter(external_id__startswith=f"{self.name}-")
            datasets = Dataset.objects.filter(slug__startswith=f"{self.name}-")
            assert sorted(items.values_list("external_id", flat=True)) == sorted(self.items)
            assert sorted(datasets.values_list("slug", flat=True)) == sorted(self.datasets)

    return Asking


def run(cast: Cast, monkeypatch: pytest.MonkeyPatch, *, examples: int, steps: int) -> None:
    limits = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine(cast, monkeypatch), settings=limits)


def test_any_order_keeps_the_promise(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    run(cast, monkeypatch, examples=6, steps=25)


@pytest.mark.long
def test_any_order_keeps_the_promise_for_ten_thousand_steps(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    run(cast, monkeypatch, examples=200, steps=50)


def test_a_layer_that_forgets_is_found_out(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tooth: answers that are not kept."""
    monkeypatch.setattr(once, "keep_answer", lambda *, asked: None)
    with pytest.raises((AssertionError, KeyError)):
        run(cast, monkeypatch, examples=20, steps=25)
