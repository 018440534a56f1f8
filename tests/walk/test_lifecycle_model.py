"""Whatever is done in whatever order, items stand where they may, and nothing is lost (I-16, I-13, I-10)."""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from reviewqueue.assignment import actions as turns
from reviewqueue.assignment.models import Slot
from reviewqueue.intake import actions as intake
from reviewqueue.pipeline import taking, triaging
from reviewqueue.queues.rules import Running
from tests.cast import Cast
from tests.detectors.steps import activate, kind, rule, switch
from tests.walk import lifecycle
from tests.walk.legal import LEGAL, arrows, illegal

STEPS = int(50_000 * float(os.environ.get("SCALE", "1")))


@pytest.fixture
def cast(cast: Cast) -> Cast:
    """The cast, whose policy takes what is unsure, risky, or found to be rude."""
    activate(
        cast,
        rule("Rude", [kind("abuse", "insult")], cast.careful, urgency="high"),
        rule("High risk", [{"field": "risk_level", "op": "is", "value": "high"}], cast.careful),
        rule("Unsure", [{"field": "confidence", "op": "below", "value": 0.6}], cast.support),
    )
    switch(cast, "abuse")
    return cast


def live(cast: Cast, *, examples: int, steps: int, always_the_same: bool = True) -> int:
    """Live that many lives of so many steps; return how many steps were taken."""
    phases = [Phase.generate, Phase.shrink] if os.environ.get("SHRINK") else [Phase.generate]
    limits = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=always_the_same,
        database=None,
        report_multiple_bugs=False,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    life = lifecycle.machine(cast)
    before = steps_taken()
    run_state_machine_as_test(life, settings=limits)
    return steps_taken() - before


def steps_taken() -> int:
    return lifecycle.done.total() + lifecycle.refused.total()


def test_items_move_along_the_arrows_of_the_picture_alone(cast: Cast) -> None:
    assert live(cast, examples=5, steps=50) > 100


@pytest.mark.long
def test_items_move_along_the_arrows_for_fifty_thousand_steps(cast: Cast) -> None:
    taken = 0
    while taken < max(STEPS, 1):
        taken += live(cast, examples=10, steps=100, always_the_same=False)
    print(f"done {dict(lifecycle.done)}, refused {dict(lifecycle.refused)}")
    assert taken < 10_000 or set(LEGAL) - set(lifecycle.done) <= {"triage_by_person", "settle_ruled", "take_back"}
    print(f"{taken} steps; 0 faults: the rate is under {3 / taken:.1e}")


# --- teeth: each takes one protection away, and the machine finds out ---------------------------------------------


def test_a_turn_that_is_kept_from_nobody_is_found_out(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim that forgets to say that the item is in somebody's hands."""
    monkeypatch.setattr(intake, "move_state", _but(intake.move_state, "in_review"))
    with pytest.raises(AssertionError):
        live(cast, examples=20, steps=50)


def _but(move_state, never: str):
    return lambda *, item_ids, to, since, of=(): (
        0 if to == never else move_state(item_ids=item_ids, to=to, since=since, of=of)
    )


@pytest.mark.long
def test_a_stop_that_nobody_reads_is_found_out(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for where in (taking, triaging, turns.stopping):
        monkeypatch.setattr(where, "stops_of", lambda *_of, **_more: Running())
    with pytest.raises(AssertionError):
        live(cast, examples=150, steps=50)


@pytest.mark.long
def test_a_heartbeat_that_asks_for_no_fence_is_found_out(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that renews whatever turn runs at the slot (I-10)."""

    def renew(*, assignment, lease, now, **_of):
        Slot.objects.filter(pk=assignment.slot_id, holder__isnull=False).update(expires_at=now + lease)
        return now + lease

    monkeypatch.setattr(turns, "heartbeat", renew)
    with pytest.raises(AssertionError):
        live(cast, examples=20, steps=50)


def test_the_model_is_the_picture_in_the_documentation() -> None:
    assert ("received", "passed") in LEGAL["triage_items"]
    assert ("", "queued") in LEGAL["submit_gated"]
    assert ("settled", "in_review") in LEGAL["undo"]
    before, after = {"a": "passed", "b": "queued"}, {"a": "withdrawn", "b": "withdrawn"}
    assert illegal("withdraw", before, after) == {"a": ("passed", "withdrawn")}
    assert arrows("    a --> b: go, run (fast), fly") == {
        "go": {("a", "b")},
        "run": {("a", "b")},
        "fly": {("a", "b")},
    }
