"""The triage task: what fails waits apart, and nothing else waits for it."""

from datetime import datetime, timedelta

import pytest
from django.db.models import Value
from django.db.models.functions import Concat

from reviewqueue import pipeline
from reviewqueue.common.deadline import Limit, TooSlow
from reviewqueue.intake.models import Source
from reviewqueue.pipeline import triaging
from reviewqueue.queues.models import Queue
from reviewqueue.triage.actions import MAX_ATTEMPTS, Taken, finish, take_pending, take_tried
from reviewqueue.triage.actions import items as triage_items
from reviewqueue.triage.models import Pending, TriageDecision
from tests.cast import NOW, Cast, item
from tests.policies import without_policy
from tests.steps import submit
from workers.tasks import triage as task


@pytest.fixture(autouse=True)
def _at_the_stories_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "now", lambda: NOW)


def elsewhere(cast: Cast) -> Cast:
    """Return the cast as it is for the stranger's workspace."""
    workspace = cast.stranger.workspace
    return Cast(**{**vars(cast), "workspace": workspace, "source": Source.objects.get(workspace=workspace)})


def tried(count: int, *names: str) -> None:
    """Let items have been tried so often."""
    Pending.objects.filter(item__external_id__in=names).update(attempts=count)


def waiting() -> set[str]:
    return set(Pending.objects.values_list("item__external_id", flat=True))


def test_each_round_retries_one_item_however_much_is_new(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "RUN_SECONDS", 0)
    submit(cast, *[item(name) for name in ("again-1", "again-2", "new-1", "new-2")])
    tried(1, "again-1", "again-2")
    assert task.triage.run() == 3
    assert len(waiting()) == 1
    assert waiting() < {"again-1", "again-2"}


def test_what_was_tried_comes_by_itself(cast: Cast) -> None:
    submit(cast, *[item(name) for name in ("again-1", "again-2", "new-1")])
    tried(1, "again-1", "again-2")
    assert [one.attempts for one in take_pending(now=NOW)] == [1]
    assert [one.attempts for one in take_tried(now=NOW)] == [2]


def test_a_batch_is_of_one_workspace(cast: Cast) -> None:
    for one in (cast, elsewhere(cast)):
        submit(one, item("conv-1"), item("conv-2"))
    batches = [take_pending(now=NOW) for _number in range(3)]
    workspaces = dict(Pending.objects.values_list("item_id", "workspace_id"))
    assert [len(batch) for batch in batches] == [2, 2, 0]
    assert [len({workspaces[one.item_id] for one in batch}) for batch in batches] == [1, 1, 0]


def test_a_workspace_without_a_policy_fails_alone(cast: Cast) -> None:
    submit(elsewhere(cast), item("theirs-1"), item("theirs-2"))
    submit(cast, item("ours-1"), item("ours-2"))
    without_policy(elsewhere(cast).workspace)
    assert task.triage.run() == 2
    assert waiting() == {"theirs-1", "theirs-2"}
    assert set(Pending.objects.values_list("last_error", "attempts")) == {("Conflict", 1)}


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many items were decided at once, in the order of trying."""
    tried_so: list[int] = []
    faultless = pipeline.triage_items

    def counted(*, taken: list[Taken], now: datetime) -> int:
        tried_so.append(len(taken))
        return faultless(taken=taken, now=now)

    monkeypatch.setattr(task.pipeline, "triage_items", counted)
    return tried_so


def spoiled(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    """Let one item fail whatever decides it."""

    def fail(name: str, key: str = "") -> None:
        if key == "poison":
            raise fault

    monkeypatch.setattr(triaging, "failpoint", fail)


def test_a_batch_with_a_fault_is_decided_in_halves_so_that_the_rest_stays_quick(
    cast: Cast, batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoiled(monkeypatch, RuntimeError())
    submit(cast, *[item(f"conv-{number}") for number in range(15)], item("poison"))
    assert task.triage.run() == 15
    assert waiting() == {"poison"}
    assert sorted(batches, reverse=True) == [16, 8, 8, 4, 4, 2, 2, 1, 1]


def test_a_batch_that_hangs_is_decided_one_by_one_for_its_halves_would_hang_as_long(
    cast: Cast, batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoiled(monkeypatch, TooSlow(Limit()))
    submit(cast, *[item(f"conv-{number}") for number in range(3)], item("poison"))
    assert task.triage.run() == 3
    assert waiting() == {"poison"}
    assert batches == [4, 1, 1, 1, 1]


def test_an_item_that_no_person_can_be_given_does_not_end_the_run(cast: Cast) -> None:
    theirs = elsewhere(cast)
    submit(theirs, item("theirs"))
    submit(cast, item("ours"))
    without_policy(theirs.workspace)
    Queue.objects.filter(workspace=theirs.workspace).update(
        workspace=cast.workspace, slug=Concat("slug", Value("-moved"))
    )
    tried(MAX_ATTEMPTS, "theirs", "ours")
    Pending.objects.filter(item__external_id="theirs").update(due_at=NOW.replace(hour=8))
    assert task.triage.run() == 1
    row = Pending.objects.get()
    assert (row.item.external_id, row.last_error, row.lease_until) == ("theirs", "NotReady", None)
    assert row.due_at > NOW


def test_what_another_worker_has_done_meanwhile_is_no_fault(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    submit(cast, item("conv-1"))
    (taken,) = take_pending(now=NOW)
    finish(taken=[taken])
    assert task._give_to_person(Taken(taken.item_id, MAX_ATTEMPTS + 1, taken.lease_until)) == 0
    assert caplog.records == []


def test_a_run_ends_between_rounds_and_leaves_the_rest_to_the_next(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task, "RUN_SECONDS", 0)
    for one in (cast, elsewhere(cast)):
        submit(one, item("conv-1"))
    assert [task.triage.run() for _run in range(3)] == [1, 1, 0]


# --- poison (I-18) ------------------------------------------------------------------------------------------------


def rounds(cast: Cast, monkeypatch: pytest.MonkeyPatch, count: int) -> list[set[str]]:
    """Triage ten items of which one fails whatever is done; return what waits after each round."""

    def fail(_name: str, key: str = "") -> None:
        if key == "poison":
            raise RuntimeError("poison")

    monkeypatch.setattr(triaging, "failpoint", fail)
    monkeypatch.setattr(task, "_decide_alone", task._give_to_person)  # a child process would not be poisoned
    submit(cast, *[item(name) for name in ("poison", *(f"fine-{number}" for number in range(9)))])
    seen = []
    for number in range(count):
        monkeypatch.setattr(task, "now", lambda number=number: NOW + timedelta(minutes=5 * number))
        task.triage.run()
        seen.append(waiting())
    return seen


def test_after_three_tries_a_poison_item_waits_for_a_person_and_the_others_never_waited(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rounds(cast, monkeypatch, 3) == [{"poison"}, {"poison"}, set()]
    assert TriageDecision.objects.get(item__external_id="poison").reasons == [{"code": "triage_failed"}]


def test_without_counting_the_attempt_before_the_work_it_is_tried_for_ever(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tooth."""
    uncounted = triage_items._TAKE.replace("attempts = attempts + 1", "attempts = attempts")
    assert uncounted != triage_items._TAKE
    monkeypatch.setattr(triage_items, "_TAKE", uncounted)
    monkeypatch.setattr(task, "RUN_SECONDS", 0)
    assert rounds(cast, monkeypatch, 8)[-1] == {"poison"}
