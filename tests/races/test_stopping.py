"""Stop works (I-46): people claim and items come from many connections while another process stops them, and soon
nothing of what is stopped is claimed or passed any more."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection, connections

from reviewqueue import pipeline
from reviewqueue.accounts.models import Membership
from reviewqueue.assignment.actions import lanes_of
from reviewqueue.assignment.actions import stopping as turns_stopping
from reviewqueue.assignment.actions.claiming import CLAIM
from reviewqueue.assignment.models import Assignment, Slot
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common.clock import now
from reviewqueue.intake.actions import declare_source
from reviewqueue.intake.models import Source
from reviewqueue.pipeline import gating, taking, triaging
from reviewqueue.queues.models import Stop
from reviewqueue.queues.rules import Running, Stopped
from reviewqueue.review.models import Outcome
from reviewqueue.review.rules import Judgement
from reviewqueue.triage.models import TriageDecision
from tests.cast import NOW, Cast, item
from tests.programs import program
from tests.races.crowd import reviewers
from tests.races.shape import analyse, fill
from tests.races.test_plans import indexes, plan_of, read_whole
from tests.steps import claim, held_item, hold, on_duty, submit, triage

CLAIMANTS = 8
#: What is asked of the product is five seconds; its memory is two.
LIMIT = timedelta(seconds=3)
APPROVE = Judgement(decision="approve", severity="none")


class Work:
    """People who claim and judge, and sources whose items come and are triaged, until it is over."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.sources = [cast.source, _source(cast, "mail-bot")]
        self.people = reviewers(cast, CLAIMANTS)
        self.over = threading.Event()
        self.names = count()

    @contextmanager
    def going_on(self) -> Iterator[None]:
        on_duty(self.people[0], now=now())
        with ThreadPoolExecutor(CLAIMANTS + 1) as pool:
            running = [pool.submit(self._until_over, self._review, one) for one in self.people]
            running.append(pool.submit(self._until_over, self._come, None))
            try:
                yield
            finally:
                self.over.set()
            for one in running:
                one.result()

    def _until_over(self, step, of) -> None:
        try:
            while not self.over.is_set():
                step(of)
        finally:
            connections.close_all()

    def _review(self, member: Membership) -> None:
        try:
            turn = pipeline.claim_next(membership=member, queues=[self.cast.support, self.cast.careful])
        except Stopped:
            turn = None
        if turn is None:
            time.sleep(0.02)
            return
        given = {"assignment": turn.assignment, "fence": turn.fence, "by": member.user}
        pipeline.submit_review(**given, judgement=APPROVE)

    def _come(self, _of: None) -> None:
        for source in self.sources:
            of = replace(self.cast, source=source)
            names = [f"{source.slug}-{next(self.names)}" for _ in range(4)]
            sent = [
                item(name, source=source.slug, confidence=c)
                for name, c in zip(names, (0.3, 0.99, 0.3, 0.99), strict=True)
            ]
            submit(of, *sent, now=now())
            hold(of, held_item(f"{names[0]}-held", source=source.slug, on_timeout="pass", confidence=0.99), now=now())
        triage(now())
        pipeline.time_out_due(now=now())


def _source(cast: Cast, slug: str) -> Source:
    return declare_source(workspace=cast.workspace, slug=slug, name=slug, by=SYSTEM, now=NOW)


def stopped_by_another_process(*what: str) -> Stop:
    """Stop something as an operator does."""
    with program("manage.py", "stop", "--workspace", "acme", "--why", "exercise", *what) as command:
        assert "stopped" in command.communicate(timeout=60)[0]
    return Stop.objects.get()


def done_after(stop: Stop, *, source: str) -> tuple[int, int, int]:
    """Return how many claims, passes, and own answers given to those that wait there were of a source in the end."""
    since = stop.begun_at + LIMIT
    mine = {"item__source__slug": source}
    return (
        Assignment.objects.filter(opened_at__gt=since, **mine).count(),
        TriageDecision.objects.filter(decided_at__gt=since, result="pass", **mine).count(),
        Outcome.objects.filter(
            settled_at__gt=since, basis__in=["timeout", "rule"], disposition="final", **mine
        ).count(),
    )


def work_and_stop(cast: Cast, *what: str) -> Stop:
    work = Work(cast)
    with work.going_on():
        time.sleep(0.5)
        stop = stopped_by_another_process(*what)
        time.sleep(max(0.0, (stop.begun_at + LIMIT - now()).total_seconds()) + 1.0)
    return stop


@pytest.mark.long
def test_of_a_stopped_source_nothing_is_claimed_or_passed_and_of_others_all(cast: Cast) -> None:
    stop = work_and_stop(cast, "--source", "support-chatbot")
    assert done_after(stop, source="support-chatbot") == (0, 0, 0)
    claimed, passed, _answered = done_after(stop, source="mail-bot")
    assert min(claimed, passed) > 0, "the others went on, so the story has tried something"


@pytest.mark.long
@pytest.mark.parametrize("what", [(), ("--queue", "support")])
def test_of_a_stopped_queue_or_workspace_nothing_is_claimed_or_passed(cast: Cast, what: tuple[str, ...]) -> None:
    stop = work_and_stop(cast, *what)
    assert done_after(stop, source="support-chatbot") == (0, 0, 0)
    assert done_after(stop, source="mail-bot") == (0, 0, 0)


@pytest.mark.long
def test_without_reading_what_is_stopped_all_goes_on(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tooth: the story above in processes that read no stops."""
    for where in (taking, triaging, gating, turns_stopping):
        monkeypatch.setattr(where, "stops_of", lambda *_of, **_more: Running())
    monkeypatch.setattr(gating, "running_stops", list)
    stop = work_and_stop(cast)
    claimed, passed, _answered = done_after(stop, source="support-chatbot")
    assert min(claimed, passed) > 0


# --- a stop of a source and the line ------------------------------------------------------------------------------


def test_a_claim_reads_the_same_however_much_is_held_back(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the line comes from a stopped source: it has left by a column, so no claim walks past it."""
    other = _source(cast, "mail-bot")
    lane = Slot.objects.filter(pk=first_slot(cast)).values_list("lane_id", flat=True).get()
    fill(cast, [lane], 4_000, prefix="stopped-", rank=1)
    fill(cast, [lane], 4_000, prefix="others-", rank=1_000_000)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE intake_item SET source_id = %s WHERE external_id LIKE 'others-%%'", [other.pk])
    analyse()
    before = claim_plan(cast)
    made = pipeline.stop(workspace=cast.workspace, source=cast.source, why=Stop.Why.EXERCISE, by=SYSTEM, now=now())
    assert Slot.objects.filter(stop=made).count() == 4_000
    analyse()
    after = claim_plan(cast)
    assert indexes(after) == indexes(before)
    assert read_whole(after) == read_whole(before)
    monkeypatch.setattr(taking.turns, "clear_heads", _never)
    assert claim(cast, cast.reviewer2, now=None).assignment.item.source == other
    pipeline.end_stop(stop=made, by=SYSTEM, now=now())
    assert not Slot.objects.filter(stop=made).exists()


def first_slot(cast: Cast):
    submit(cast, item("first"))
    triage()
    turn = claim(cast, cast.reviewer, now=None)
    return turn.assignment.slot_id


def claim_plan(cast: Cast) -> list[dict]:
    lanes = lanes_of(membership=cast.lead, queues=[cast.support])
    return plan_of(CLAIM, {"lanes": lanes, "me": cast.lead.user_id, "lease": "300 seconds", "head": 4, "now": None})


def _never(**_of) -> None:
    raise AssertionError("the claim has met what is stopped")
