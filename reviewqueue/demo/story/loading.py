"""Telling the story: messages arrive, workers triage, people review, outcomes are published, each at its time."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import orjson
from django.db import connection
from django.db.models import Max

from reviewqueue import pipeline
from reviewqueue.accounts.models import Membership, Workspace
from reviewqueue.audit.actions import SYSTEM, record
from reviewqueue.audit.models import Event
from reviewqueue.common.strictjson import read
from reviewqueue.demo.items import CHAT_SOURCE, to_item
from reviewqueue.intake.models import Item, Source
from reviewqueue.intake.rules import submission
from reviewqueue.queues.models import Queue
from reviewqueue.triage.actions import take_pending

from .arrivals import CALM_DAYS, PASSED, Arrival, arrivals, ticks
from .goodwill import tell_of_goodwill
from .promised import promise_and_plan
from .reviewers import Worker
from .teams import form_teams
from .unclear import tell_of_unclear
from .week import happen, happenings, is_deserted
from .workspace import PEOPLE, SLUG, make_workspace

LOADED = "story_loaded"
CALM_SHIFT = ("reviewer", "reviewer2", "lead")
STRIKE_SHIFT = ("reviewer", "reviewer2", "reviewer3", "reviewer4", "reviewer5")


def story_is_loaded() -> bool:
    """Return whether the whole story has been told."""
    return Event.objects.filter(verb=LOADED).exists()


def load_story(*, password: str, now: datetime, report: Callable[[str], None]) -> Workspace:
    """Tell the story up to ``now``; when it was broken off, go on where it stopped."""
    workspace = Workspace.objects.filter(slug=SLUG).first() or make_workspace(password=password, now=now)
    base = workspace.created_at
    whole = arrivals(base=base)
    told = Item.objects.filter(workspace=workspace).aggregate(last=Max("received_at"))["last"]
    steps = [(end, step) for end, step in ticks(whole) if told is None or end > told]
    by_id = {one.external_id: one for one in whole}
    _tell(workspace, steps, by_id, base, report)
    tell_of_unclear(workspace, now=now)
    tell_of_goodwill(workspace, told=by_id, now=now)
    form_teams(workspace, now=now)
    promise_and_plan(workspace, now=now)
    record(workspace_id=workspace.pk, verb=LOADED, subject=("workspace", workspace.pk), by=SYSTEM, at=now)
    _analyze()
    return workspace


def _analyze() -> None:
    """Let the planner know what was loaded at once."""
    with connection.cursor() as cursor:
        for table in connection.introspection.django_table_names(only_existing=True):
            cursor.execute(f"ANALYZE {connection.ops.quote_name(table)}")


def _tell(
    workspace: Workspace,
    steps: Sequence[tuple[datetime, list[Arrival]]],
    by_id: dict[str, Arrival],
    base: datetime,
    report: Callable[[str], None],
) -> None:
    workers = _workers(workspace, base)
    source = Source.objects.get(workspace=workspace, slug=CHAT_SOURCE)
    reviewed, day, since, waiting = 0, None, steps[0][0] if steps else base, happenings(base)
    for end, step in [*steps, (base, [])]:
        if day != (day := _day(end, base)):
            report(f"  day {day + 1} of {CALM_DAYS + 1}: {reviewed} items reviewed so far")
        happen(workspace, waiting, end)
        shift = [] if is_deserted(end, base) else _on_shift(workers, day)
        reviewed += sum(worker.work(since=since, until=end, arrivals=by_id) for worker in shift)
        _receive(workspace, source, step, end)
        _publish(workspace, end)
        pipeline.expire_due(now=end)
        since = end
    report(f"  {len(by_id)} items, {reviewed} reviewed")


def _day(moment: datetime, base: datetime) -> int:
    start = base - PASSED - timedelta(days=CALM_DAYS)
    return (moment - start) // timedelta(days=1)


def _receive(workspace: Workspace, source: Source, step: Sequence[Arrival], now: datetime) -> None:
    secret = bytes(workspace.secret)
    given = [submission(read(_body(one)), secret=secret, now=now) for one in step]
    sources = {CHAT_SOURCE: source}
    pipeline.submit_items(workspace=workspace, submissions=given, sources=sources, by=SYSTEM, now=now)
    while taken := take_pending(now=now):
        pipeline.triage_items(taken=taken, now=now)


def _body(one: Arrival) -> str:
    item = to_item(one.customer, one.answer, external_id=one.external_id, occurred_at=one.at)
    return orjson.dumps(item).decode()


def _publish(workspace: Workspace, now: datetime) -> None:
    while pipeline.publish(workspace_id=workspace.pk, now=now):
        pass


def _workers(workspace: Workspace, base: datetime) -> dict[str, Worker]:
    start = base - PASSED - timedelta(days=CALM_DAYS)
    members = Membership.objects.filter(workspace=workspace, role__in=["reviewer", "lead"]).select_related("user")
    queues = {queue.slug: queue for queue in Queue.objects.filter(workspace=workspace)}
    by_email = {one.user.email: one for one in members}
    people = [person for person in PEOPLE if person.email in by_email]
    return {
        person.address: Worker(by_email[person.email], [queues[slug] for slug in person.queues], seed, start, base)
        for seed, person in enumerate(people, start=1)
    }


def _on_shift(workers: dict[str, Worker], day: int) -> list[Worker]:
    names = STRIKE_SHIFT if day >= CALM_DAYS else (*CALM_SHIFT, "reviewer5")
    return [workers[name] for name in names]
