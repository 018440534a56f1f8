"""The quality page: figures of the queue, said to be nothing more, and the same as CSV."""

import csv
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from reviewqueue import pipeline
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now
from reviewqueue.intake.models import Item
from reviewqueue.review.rules import Judgement
from reviewqueue.triage.models import Signal
from tests.cast import Cast, item
from tests.steps import claim, edit, publish, queued, settle, submit, triage

Browser = Callable[[str], Client]


def a_day(cast: Cast) -> None:
    """Three judged (one approved, two corrected), one waiting, one passed."""
    at = now() - timedelta(minutes=5)
    queued(cast, 4, now=at)
    for judgement in (Judgement(decision="approve"), edit(), edit("On Tuesday.", severity="minor")):
        settle(cast, cast.reviewer, judgement, now=at)
    submit(cast, item("sure", confidence=0.99), now=at)
    triage(at)
    publish(cast, now=at)


def test_the_figures_are_those_of_the_queue_and_the_page_says_so(cast: Cast, browser: Browser) -> None:
    a_day(cast)
    words = browser("ml").get("/quality/?days=2").content.decode()
    assert "People judged 3 of 5 items and found a fault in 2 of them." in words
    assert "not the AI&#x27;s error rate" in words or "not the AI's error rate" in words
    assert "hidden" in words
    assert '<svg class="chart for-wide"' in words


def test_the_same_figures_come_as_csv(cast: Cast, browser: Browser) -> None:
    a_day(cast)
    answer = browser("lead").get("/quality.csv?days=2").content.decode()
    (row,) = csv.DictReader(answer.splitlines())
    told = {name: row[name] for name in ("received", "passed", "waiting", "judged", "approve", "edit", "reject")}
    assert told == {
        "received": "5",
        "passed": "1",
        "waiting": "1",
        "judged": "3",
        "approve": "1",
        "edit": "2",
        "reject": "0",
    }
    assert (row["severity_minor"], row["severity_major"], row["model_version"]) == (
        "1",
        "1",
        "support-bot 2026-11-01",
    )


def test_a_version_that_looks_like_a_formula_is_text_in_the_csv(cast: Cast, browser: Browser) -> None:
    submit(cast, item(model={"name": "=1+1", "version": "x"}), now=now() - timedelta(minutes=1))
    assert "'=1+1 x" in browser("lead").get("/quality.csv").content.decode()


@pytest.mark.parametrize("query", ["", "?days=0", "?days=zzz", "?source=%00", "?source=nowhere", "?days=366"])
def test_an_empty_period_says_so(cast: Cast, browser: Browser, query: str) -> None:
    words = browser("auditor").get(f"/quality/{query}").content.decode()
    assert "Nothing was received in this period." in words


def test_quality_is_not_for_reviewers_and_knows_nothing_of_others(cast: Cast, browser: Browser) -> None:
    a_day(cast)
    assert browser("reviewer").get("/quality/").status_code == 403
    assert "Nothing was received" in browser("stranger").get("/quality/").content.decode()


def test_an_answer_that_had_passed_and_was_called_wrong_is_counted_apart(cast: Cast, browser: Browser) -> None:
    """What a signal brings to people was drawn by nobody: among what triage sent, it would make the AI look worse."""
    a_day(cast)
    at = now()
    passed = Item.objects.get(external_id="sure")
    pipeline.signal(item=passed, kind=Signal.Kind.COMPLAINT, by=SYSTEM, now=at)
    turn = claim(cast, cast.reviewer2, now=at)
    assert turn is not None
    assert turn.assignment.item_id == passed.pk
    pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=cast.reviewer2.user, judgement=edit(), now=at
    )
    publish(cast, now=at)
    words = browser("ml").get("/quality/?days=2").content.decode()
    assert "People judged 3 of 5 items and found a fault in 2 of them." in words
    assert "One answer that had passed was called wrong afterwards" in words
