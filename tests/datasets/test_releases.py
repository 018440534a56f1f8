"""ML engineers get releases they can trust: exact, reproducible, and whole or not there."""

import hashlib
import json
from pathlib import Path

import pytest
from pytest_django import Settings

from reviewqueue.audit.actions import SYSTEM
from reviewqueue.audit.models import Event
from reviewqueue.common.errors import Invalid
from reviewqueue.datasets import actions
from reviewqueue.datasets.actions import (
    LEASE,
    LeaseLost,
    NothingPublished,
    build,
    define,
    folder_of,
    request_release,
    take_due,
)
from reviewqueue.datasets.models import Dataset, Release
from reviewqueue.datasets.queries import live_counts, sample
from reviewqueue.review.rules import Judgement
from tests.cast import NOW, Cast, item
from tests.steps import edit, publish, queued, settle, submit, triage


@pytest.fixture(autouse=True)
def storage(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGE_DIR = tmp_path


def dataset(cast: Cast, format: str = "sft", **query: list[str]) -> Dataset:
    return define(
        workspace_id=cast.workspace.pk,
        slug=format,
        name=format,
        format=format,
        query=query,
        by=None,
        actor=SYSTEM,
        now=NOW,
    )


def released(one: Dataset) -> tuple[Release, list[dict]]:
    request_release(dataset=one, by=None, actor=SYSTEM, now=NOW)
    due = take_due(now=NOW)
    assert due is not None
    build(release=due, now=NOW)
    due.refresh_from_db()
    lines = (folder_of(due) / "data.jsonl").read_text().splitlines()
    return due, [json.loads(line) for line in lines]


def judged(cast: Cast, *judgements: Judgement) -> None:
    queued(cast, len(judgements))
    for judgement in judgements:
        settle(cast, cast.reviewer, judgement)
    publish(cast)


def test_a_release_holds_what_people_judged_and_says_what_it_is(cast: Cast) -> None:
    judged(cast, edit(), Judgement(decision="approve"), Judgement(decision="reject", severity="major"))
    release, lines = released(dataset(cast))
    assert [line["messages"][-1]["content"] for line in lines] == [
        "It will arrive on Monday.",
        "It will arrive on Friday.",
    ]
    data = (folder_of(release) / "data.jsonl").read_bytes()
    manifest = json.loads((folder_of(release) / "manifest.json").read_text())
    assert manifest["sha256"] == hashlib.sha256(data).hexdigest() == release.sha256
    assert (manifest["rows"], manifest["through_position"]) == (2, 3)
    assert manifest["counts"]["decision"] == {"approve": 1, "edit": 1}


def test_the_same_position_gives_the_same_bytes_while_outcomes_land(cast: Cast) -> None:
    judged(cast, edit(), edit())
    one = dataset(cast)
    first, _lines = released(one)
    second = request_release(dataset=one, by=None, actor=SYSTEM, now=NOW)
    submit(cast, item("lands-after-the-position-was-taken"))
    triage()
    settle(cast, cast.reviewer, edit())
    assert len(publish(cast)) == 1
    taken = take_due(now=NOW)
    assert taken is not None
    build(release=taken, now=NOW)
    assert (folder_of(first) / "data.jsonl").read_bytes() == (folder_of(second) / "data.jsonl").read_bytes()


def test_preferences_hold_only_real_faults(cast: Cast) -> None:
    judged(cast, edit(severity="none"), edit("It comes on Monday.", severity="minor"), Judgement(decision="approve"))
    _release, lines = released(dataset(cast, "preference"))
    (line,) = lines
    assert line["chosen"][0]["content"] == "It comes on Monday."
    assert line["rejected"][0]["content"] == "It will arrive on Friday."


def test_what_must_not_be_trained_on_stays_out(cast: Cast) -> None:
    judged(cast, edit(train=False))
    _release, lines = released(dataset(cast))
    assert lines == []


def test_a_definition_shows_what_a_release_would_hold(cast: Cast) -> None:
    judged(cast, edit(), Judgement(decision="approve"))
    one = dataset(cast)
    assert live_counts(dataset=one) == {"edit": 1, "approve": 1}
    assert len(sample(dataset=one)) == 2


def test_a_definition_counts_the_newest_rows_and_no_further(cast: Cast) -> None:
    judged(cast, edit(), edit(), Judgement(decision="approve"))
    assert live_counts(dataset=dataset(cast), at_most=2) == {"edit": 1, "approve": 1}


def test_a_filter_keeps_other_sources_out(cast: Cast) -> None:
    judged(cast, edit())
    _release, lines = released(dataset(cast, sources=["another-bot"]))
    assert lines == []


def test_a_wrong_definition_is_refused_with_its_place(cast: Cast) -> None:
    with pytest.raises(Invalid) as fault:
        dataset(cast, colour=["red"])
    assert fault.value.places[0].pointer == "#/query"


def test_nothing_published_is_nothing_to_release(cast: Cast) -> None:
    with pytest.raises(NothingPublished):
        request_release(dataset=dataset(cast), by=None, actor=SYSTEM, now=NOW)


def test_a_fault_leaves_no_half_file_and_three_of_them_fail_the_release(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(cast, edit())
    request_release(dataset=dataset(cast), by=None, actor=SYSTEM, now=NOW)

    def full(*_arguments: object) -> bytes:
        raise OSError("no space left")

    monkeypatch.setattr(actions, "lines", full)
    for _attempt in range(3):
        Release.objects.update(due_at=NOW)
        due = take_due(now=NOW)
        assert due is not None
        with pytest.raises(OSError, match="no space"):
            build(release=due, now=NOW)
    due.refresh_from_db()
    assert (due.state, due.last_error) == ("failed", "OSError")
    assert list(folder_of(due).iterdir()) == []


def taken(one: Dataset) -> Release:
    request_release(dataset=one, by=None, actor=SYSTEM, now=NOW)
    due = take_due(now=NOW)
    assert due is not None
    return due


def taken_over(late: Release) -> Release:
    """Let the lease of a builder run out, and another take its release."""
    Release.objects.update(due_at=NOW)
    present = take_due(now=NOW + LEASE)
    assert present is not None
    assert present.pk == late.pk
    return present


def files(release: Release) -> list[str]:
    return sorted(path.name for path in folder_of(release).iterdir())


def test_a_builder_that_lost_its_lease_changes_nothing(cast: Cast) -> None:
    judged(cast, edit())
    late = taken(dataset(cast))
    present = taken_over(late)
    with pytest.raises(LeaseLost):
        build(release=late, now=NOW)
    present.refresh_from_db()
    assert (present.state, present.last_error, present.lease_until) == ("building", "", NOW + LEASE + LEASE)
    build(release=present, now=NOW)
    assert files(present) == ["data.jsonl", "manifest.json"]


def test_a_builder_that_comes_late_leaves_the_finished_files_alone(cast: Cast) -> None:
    judged(cast, edit())
    late = taken(dataset(cast))
    present = taken_over(late)
    build(release=present, now=NOW)
    before = (folder_of(present) / "manifest.json").read_bytes()
    with pytest.raises(LeaseLost):
        build(release=late, now=NOW + LEASE)
    assert (folder_of(present) / "manifest.json").read_bytes() == before
    assert files(present) == ["data.jsonl", "manifest.json"]
    assert Event.objects.filter(verb="build").count() == 1


def test_a_release_that_has_failed_is_not_made_ready_by_a_late_builder(cast: Cast) -> None:
    judged(cast, edit())
    late = taken(dataset(cast))
    Release.objects.update(failed_at=NOW)
    with pytest.raises(LeaseLost):
        build(release=late, now=NOW)
    late.refresh_from_db()
    assert late.state == "failed"


def test_what_a_killed_builder_left_is_removed_by_the_next(cast: Cast) -> None:
    judged(cast, edit())
    killed = taken(dataset(cast))
    left_behind(killed)
    build(release=taken_over(killed), now=NOW)
    assert files(killed) == ["data.jsonl", "manifest.json"]


def test_what_killed_builders_left_is_removed_when_the_release_fails(cast: Cast) -> None:
    judged(cast, edit())
    killed = taken(dataset(cast))
    left_behind(killed)
    Release.objects.update(due_at=NOW, attempts=3)
    assert take_due(now=NOW) is None
    killed.refresh_from_db()
    assert (killed.state, killed.last_error, files(killed)) == ("failed", "ProcessEnded", [])


def left_behind(release: Release) -> None:
    """Leave the drafts of a builder that was killed."""
    folder_of(release).mkdir(parents=True)
    for name in ("data.jsonl", "manifest.json"):
        (folder_of(release) / f".{name}.{release.attempts}").write_bytes(b"{")
