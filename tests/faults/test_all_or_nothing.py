"""Every step is done whole or not at all (I-17): a process ends at each commit boundary in turn."""

import ast
import email
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.core import mail
from django.db import connection

from reviewqueue.assignment.models import BulkAction, BulkStep, Hold
from reviewqueue.audit.models import Event
from reviewqueue.datasets.actions import LEASE, folder_of, take_due
from reviewqueue.datasets.models import Release
from reviewqueue.edgecases.models import DueMail
from reviewqueue.review.models import Outcome
from reviewqueue.triage.models import QueueEntry
from tests.cast import NOW, Cast
from tests.faults.counting import CONSERVATION, broken
from tests.faults.steps import DONE, PARTLY, STEPS
from tests.programs import ROOT, environment


def in_the_source() -> set[str]:
    """Return the name of every failpoint that the product passes."""
    files = [path for folder in ("reviewqueue", "workers") for path in (ROOT / folder).rglob("*.py")]
    calls = [node for path in files for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return {call.args[0].value for call in calls if getattr(call.func, "id", "") == "failpoint"}  # type: ignore[attr-defined]


def test_every_failpoint_of_the_source_is_tried() -> None:
    assert in_the_source() == set(STEPS) | set(DONE) | set(PARTLY)


def digest() -> dict[str, str]:
    """Return what stands in each table of the product."""
    tables = sorted(
        model._meta.db_table for model in apps.get_models() if model.__module__.startswith("reviewqueue.")
    )
    with connection.cursor() as cursor:
        return {table: _digest(cursor, table) for table in tables}


def _digest(cursor, table: str) -> str:
    cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t")
    return cursor.fetchone()[0]


def conservation() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(CONSERVATION)
        return broken(cursor.fetchall())


def perform(name: str, failpoint: str, **more: str) -> int:
    """Perform a step in another process that is ended at its failpoint; return how it ended."""
    command = [sys.executable, "-m", "tests.faults.steps", name]
    armed = environment(REVIEWQUEUE_FAILPOINTS=failpoint, **more)
    return subprocess.run(command, cwd=ROOT, env=armed, timeout=60, check=False).returncode


@pytest.mark.parametrize("name", sorted(STEPS))
def test_a_process_that_ends_there_leaves_nothing_half_done(cast: Cast, name: str, settings, tmp_path: Path) -> None:
    settings.STORAGE_DIR = tmp_path
    prepare, step = STEPS[name]
    prepare(cast)
    before = digest()
    assert perform(name, f"{name}=kill") == -signal.SIGKILL, "the failpoint was never passed"
    assert digest() == before
    step()
    assert digest() != before
    assert conservation() == {}


@pytest.mark.parametrize("name", sorted(DONE))
def test_a_process_that_ends_after_the_commit_has_done_it_once(cast: Cast, name: str) -> None:
    prepare, step = DONE[name]
    prepare(cast)
    before = digest()
    assert perform(name, f"{name}=kill") == -signal.SIGKILL, "the failpoint was never passed"
    done = digest()
    assert done != before
    step()
    assert digest() == done


@pytest.mark.parametrize("name", sorted(PARTLY))
def test_a_process_that_ends_between_two_commits_leaves_the_rest_to_the_next(
    cast: Cast, name: str, tmp_path: Path
) -> None:
    prepare, step = PARTLY[name]
    prepare(cast)
    before = digest()
    assert perform(name, f"{name}=kill", EMAIL_URL=f"file:{tmp_path}") == -signal.SIGKILL, "never passed"
    partly = digest()
    assert partly != before
    assert conservation() == {}
    step()
    whole = digest()
    assert whole != partly
    assert conservation() == {}
    step()
    assert digest() == whole


def test_a_ruling_whose_worker_ends_settles_each_item_once(cast: Cast) -> None:
    prepare, step = PARTLY["settle_ruled.one"]
    prepare(cast)
    assert perform("settle_ruled.one", "settle_ruled.one=kill") == -signal.SIGKILL
    (first,) = Outcome.objects.all()
    step()
    assert Outcome.objects.filter(pk=first.pk).exists()
    assert Outcome.objects.values("item").distinct().count() == Outcome.objects.count() == 2


def test_an_email_whose_sender_ends_goes_out_again_as_the_same_message(cast: Cast, tmp_path: Path) -> None:
    """Better told twice than not at all; the same Message-ID says that it is one e-mail."""
    prepare, step = PARTLY["mail.sent"]
    prepare(cast)
    due = DueMail.objects.count()
    assert perform("mail.sent", "mail.sent=kill", EMAIL_URL=f"file:{tmp_path}") == -signal.SIGKILL
    (sent,) = [email.message_from_bytes(one.read_bytes()) for one in tmp_path.glob("*.log")]
    assert DueMail.objects.filter(sent_at=None).count() == due
    step()
    assert not DueMail.objects.filter(sent_at=None).exists()
    again = [one.extra_headers["Message-ID"] for one in mail.outbox]
    assert len(again) == len(set(again)) == due
    assert sent["Message-ID"] in again


def test_a_step_that_is_not_ended_is_done_whole(cast: Cast) -> None:
    """The tooth: the same child without a failpoint changes the database."""
    before = digest()
    assert perform("submit_items.stored", "") == 0
    assert digest() != before


def test_a_bulk_action_whose_worker_is_killed_goes_on_and_does_each_item_once(cast: Cast) -> None:
    prepare, step = PARTLY["do_bulk.one"]
    prepare(cast)
    for _life in range(2):
        assert perform("do_bulk.one", "do_bulk.one=kill") == -signal.SIGKILL
    assert BulkStep.objects.exclude(done_at=None).count() == 2
    step()
    assert BulkStep.objects.filter(done_at=None).count() == 0
    held = Hold.objects.filter(ended_at=None)
    assert held.count() == held.values("item").distinct().count() == QueueEntry.objects.filter(ended_at=None).count()
    assert Event.objects.filter(verb="hold").count() == held.count()
    assert BulkAction.objects.get().finished_at


def test_a_release_killed_between_file_and_row_has_the_same_bytes_later(cast: Cast, settings, tmp_path: Path) -> None:
    settings.STORAGE_DIR = tmp_path
    prepare, step = STEPS["build.written"]
    prepare(cast)
    assert perform("build.written", "build.written=kill") == -signal.SIGKILL
    release = Release.objects.get()
    first = (folder_of(release) / "data.jsonl").read_bytes()
    assert release.state == "building"
    step()
    assert (folder_of(release) / "data.jsonl").read_bytes() == first
    assert Release.objects.get().state == "ready"


def test_a_release_that_ends_every_process_fails_and_is_not_tried_for_ever(
    cast: Cast, settings, tmp_path: Path
) -> None:
    settings.STORAGE_DIR = tmp_path
    prepare, _step = STEPS["build.written"]
    prepare(cast)
    moment = NOW
    for _build in range(2):
        moment += LEASE
        assert take_due(now=moment) is not None
    assert take_due(now=moment + LEASE) is None
    assert Release.objects.get().state == "failed"
