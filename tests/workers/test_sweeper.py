"""The sweeper: nothing waits behind what takes long."""

import threading

import pytest
from celery import shared_task

from workers.management.commands import run_due
from workers.schedule import SCHEDULE, Every


def test_publishing_and_expiry_go_on_while_triage_is_busy(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    again, stopped, seen = threading.Event(), threading.Event(), []

    @shared_task(name="story.often")
    def often() -> None:
        seen.append("often")
        if len(seen) == 3:
            again.set()

    @shared_task(name="story.busy")
    def busy() -> None:
        assert again.wait(timeout=30), "what runs beside waited for what is busy"
        stopped.set()

    monkeypatch.setattr(run_due, "SCHEDULE", (Every(1, "story.busy"), Every(0.1, "story.often", beside=True)))
    run_due._sweep(stopped)
    assert again.is_set()


def test_only_triage_and_what_is_short_share_the_main_thread() -> None:
    assert {every.task for every in SCHEDULE if not every.beside} == {"triage", "look_late", "forget"}
