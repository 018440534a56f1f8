"""One step of the walk for each failpoint: what must be there before it, and the step itself.

``python -m tests.faults.steps NAME`` performs a step in a process of its own, which a failpoint may end.
"""

import os
import sys
from collections.abc import Callable
from datetime import timedelta

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewqueue.settings")
    django.setup()

from types import SimpleNamespace

from django.test import Client

from reviewqueue import pipeline
from reviewqueue.accounts.access import viewer_of_member
from reviewqueue.accounts.actions import digest_of
from reviewqueue.accounts.models import ApiKey, Membership, Workspace
from reviewqueue.assignment.models import Assignment
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.datasets import actions as datasets
from reviewqueue.datasets.models import Release
from reviewqueue.intake.models import Source
from reviewqueue.queues.models import Queue
from reviewqueue.review.models import FollowUp, Outcome
from reviewqueue.triage.actions import Taken, take_pending
from reviewqueue.triage.models import Pending, Signal
from tests import steps
from tests.cast import NOW, Cast, item
from tests.faults import deal_steps as dealing
from tests.faults import detector_steps as detectors
from tests.faults import edge_steps as edge
from tests.faults import promise_steps as promise
from tests.faults import shift_steps as shifts
from tests.faults import stopping

SOON = NOW + timedelta(seconds=5)
LATER = NOW + timedelta(seconds=11)


# --- what must be there before -------------------------------------------------------------------------------


def nothing(cast: Cast) -> None:
    """Nothing is needed."""


def taken(cast: Cast) -> None:
    """Two items whose wait a worker has taken."""
    steps.submit(cast, item("conv-0"), item("conv-1"))
    take_pending(now=NOW)


def waiting(cast: Cast) -> None:
    """Two items wait for a person."""
    steps.queued(cast, 2)


def held(cast: Cast) -> None:
    """A reviewer holds one of them."""
    waiting(cast)
    steps.claim(cast, cast.reviewer)


def somebody_there(cast: Cast) -> None:
    """A reviewer is here for held answers."""
    steps.on_duty(cast.reviewer)


def waited_for(cast: Cast) -> None:
    """An AI system waits for people."""
    somebody_there(cast)
    steps.hold(cast, steps.held_item("conv-7"))


def settled(cast: Cast) -> None:
    """One of them is settled and can still be undone."""
    waiting(cast)
    steps.settle(cast, cast.reviewer, steps.edit())


def building(cast: Cast) -> None:
    """A release of a published outcome has been taken by a worker."""
    settled(cast)
    steps.publish(cast)
    dataset = datasets.define(
        workspace_id=cast.workspace.pk, slug="all", name="All", format="sft", query={}, by=None, actor=SYSTEM, now=NOW
    )
    datasets.request_release(dataset=dataset, by=None, actor=SYSTEM, now=NOW)
    datasets.take_due(now=NOW)


def with_key(cast: Cast) -> None:
    """A program's key whose secret every process knows."""
    ApiKey.objects.filter(name="bot", workspace=cast.workspace).update(digest=digest_of("rq_known"))


# --- the steps -----------------------------------------------------------------------------------------------


def submit() -> None:
    workspace = Workspace.objects.get(slug="acme")
    source = Source.objects.get(workspace=workspace)
    steps.submit(SimpleNamespace(workspace=workspace, source=source), item("conv-8"), item("conv-9"))  # type: ignore[arg-type]


def submit_held() -> None:
    workspace = Workspace.objects.get(slug="acme")
    there = SimpleNamespace(workspace=workspace, source=Source.objects.get(workspace=workspace))
    steps.hold(there, steps.held_item("conv-8"), steps.held_item("conv-9", confidence=0.99))  # type: ignore[arg-type]


def time_out() -> None:
    pipeline.time_out_due(now=NOW + timedelta(seconds=121))


def triage() -> None:
    rows = Pending.objects.all()
    pipeline.triage_items(taken=[Taken(one.item_id, one.attempts, one.lease_until) for one in rows], now=NOW)


def claim() -> None:
    member = Membership.objects.select_related("user").get(user__email="reviewer@acme.localhost")
    assert pipeline.claim_next(membership=member, queues=list(Queue.objects.filter(slug="support")), now=NOW)


def turn() -> Assignment:
    return Assignment.objects.select_related("user", "entry__queue").get(ended_at=None)


def give_back() -> None:
    pipeline.give_back(assignment=turn(), fence=1, by=turn().user, reason="unsure", now=SOON)


def review() -> None:
    pipeline.submit_review(assignment=turn(), fence=1, by=turn().user, judgement=steps.edit(), now=SOON)


def escalate() -> None:
    pipeline.escalate(assignment=turn(), fence=1, by=turn().user, question="Whose?", now=SOON)


def undo() -> None:
    outcome = Outcome.objects.get()
    assert outcome.review is not None
    pipeline.undo(outcome=outcome, by=outcome.review.user, now=SOON)


def publish() -> None:
    pipeline.publish(workspace_id=Workspace.objects.get(slug="acme").pk, now=LATER)


def withdraw() -> None:
    pipeline.withdraw(item=turn().item, by=SYSTEM, now=SOON)


def published(cast: Cast) -> None:
    """One of them is settled and visible outside."""
    settled(cast)
    steps.publish(cast)


def signal() -> None:
    pipeline.signal(item=Outcome.objects.get().item, kind=Signal.Kind.COMPLAINT, note="Wrong.", by=SYSTEM, now=LATER)


def appeal() -> None:
    pipeline.appeal(item=Outcome.objects.get().item, reason="I contest it.", by=SYSTEM, now=LATER)


def to_follow_up(cast: Cast) -> None:
    """A wrong answer that somebody got waits to be made good."""
    waiting(cast)
    steps.settle(cast, cast.reviewer, steps.edit(follow_up=True))
    steps.publish(cast)


def take_follow_up() -> None:
    member = Membership.objects.select_related("user").get(user__email="lead@acme.localhost")
    viewer = viewer_of_member(member)
    pipeline.take_follow_up(follow_up=FollowUp.objects.get(), to=member.user, by=viewer, now=LATER)


def finish_follow_up() -> None:
    pipeline.finish_follow_up(follow_up=FollowUp.objects.get(), by=SYSTEM, note="Called.", now=LATER)


def build() -> None:
    datasets.build(release=Release.objects.select_related("dataset").get(), now=LATER)


def ask_once() -> None:
    """Ask for a dataset under an Idempotency-Key: nothing else would keep it from being asked for twice."""
    client = Client(SERVER_NAME="localhost")
    headers = {"authorization": "Bearer rq_known", "idempotency-key": "mine"}
    body = {"slug": "once", "format": "sft"}
    answer = client.post("/api/v1/datasets", body, content_type="application/json", headers=headers)
    assert answer.status_code == 201, answer.content


#: Each failpoint with what it needs and the step that passes it.
STEPS: dict[str, tuple[Callable[[Cast], None], Callable[[], None]]] = {
    "submit_items.stored": (nothing, submit),
    "submit_gated.stored": (somebody_there, submit_held),
    "submit_gated.decided": (somebody_there, submit_held),
    "time_out.closed": (waited_for, time_out),
    "time_out.written": (waited_for, time_out),
    "time_out.answered": (waited_for, time_out),
    "detector.look": (detectors.watched, triage),
    "triage.decide": (taken, triage),
    "triage_items.decided": (taken, triage),
    "claim_next.taken": (waiting, claim),
    "deal.taken": (dealing.somebody_here, dealing.deal),
    "take_back_absent.done": (dealing.dealt, dealing.take_back),
    "give_back.done": (held, give_back),
    "submit_review.reviewed": (held, review),
    "submit_review.settled": (held, review),
    "escalate.done": (held, escalate),
    "escalate_stranded.done": (edge.nobody_left, edge.escalate_stranded),
    "undo.done": (settled, undo),
    "publish.placed": (settled, publish),
    "withdraw.done": (held, withdraw),
    "signal.done": (published, signal),
    "appeal.done": (published, appeal),
    "take_follow_up.done": (to_follow_up, take_follow_up),
    "finish_follow_up.done": (to_follow_up, finish_follow_up),
    "build.page": (building, build),
    "build.written": (building, build),
    "once.kept": (with_key, ask_once),
    "stop.begun": (stopping.both_wait, stopping.stop),
    "end_stop.ended": (stopping.stopped, stopping.end_stop),
    "answer_stopped.answered": (stopping.waited_for, stopping.carry_out),
    "shift.done": (waiting, shifts.raise_one),
    "move_entry.done": (held, shifts.move_one),
    "reassign.done": (held, shifts.give_one),
    "do_bulk.noted": (shifts.asked_for_one, shifts.do_one),
    "do_bulk.page": (shifts.asked_for, shifts.do_page),
    "open_case.done": (edge.questions, edge.open_case),
    "rule.written": (edge.case_open, edge.rule),
    "draft_rule.done": (detectors.ruled, detectors.draft_rule),
    "settle_one.settled": (edge.ruled, edge.settle_ruled),
    "take_back.done": (edge.settled_by_ruling, edge.take_back),
    "climb.told": (edge.unanswered, edge.climb),
    "misses.found": (promise.overdue, promise.find_misses),
    "overload.begun": (promise.planned, promise.begin),
    "overload.ended": (promise.at_work, promise.end),
}
#: Failpoints after a commit: the step is done, though nobody was told; done again it changes nothing.
DONE: dict[str, tuple[Callable[[Cast], None], Callable[[], None]]] = {
    "once.committed": (with_key, ask_once),
}
#: Failpoints between two commits of a step: what is committed stays, and the step done again does the rest.
PARTLY: dict[str, tuple[Callable[[Cast], None], Callable[[], None]]] = {
    "settle_ruled.one": (edge.ruled, edge.settle_ruled),
    "do_bulk.one": (shifts.holds_asked_for, shifts.do_all),
    "look_late.detected": (detectors.passed_unseen, detectors.look),
    "look_late.raised": (detectors.passed_unseen, detectors.look),
    "mail.sent": (edge.to_mail, edge.send_mails),
    "call.sent": (promise.at_work, promise.call),
    "stop.answered": (stopping.waited_for, stopping.carry_out),
    "stop.held_back": (stopping.to_hold_back, stopping.carry_out),
    "end_stop.let_go": (stopping.to_let_go, stopping.carry_out),
}

if __name__ == "__main__":
    (STEPS | DONE | PARTLY)[sys.argv[1]][1]()
