"""Every address of the product with the things that can stand in it, found in the URLconf itself."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from reviewqueue.accounts.actions import add_absence, close_day, create_key, create_team, hand_over, join_team
from reviewqueue.accounts.models import ClosedDay
from reviewqueue.assignment.standing import Asked
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.datasets.actions import build, define, request_release, take_due
from reviewqueue.delivery.actions import add_webhook
from reviewqueue.delivery.models import Delivery
from reviewqueue.intake.actions import declare_source
from reviewqueue.intake.models import Source
from reviewqueue.queues.actions import add_reason, create_queue, join_queue, set_promise
from reviewqueue.queues.models import Queue, Stop
from reviewqueue.review.models import Escalation, FollowUp
from reviewqueue.triage.actions.overload import Planned
from reviewqueue.triage.actions.policies import draft_policy
from reviewqueue.triage.models import Signal
from reviewqueue.triage.queries import current_policy
from tests import steps
from tests.cast import NOW, Cast, item

_PARAMETER = re.compile(r"<(?:[a-z]+:)?([a-z_]+)>")

#: What is no row of anybody's: style sheets, the API's own 404, words that name a lever or a file.
CONSTANTS = {
    ("assets/app-", "digest"): "0",
    (".", "kind"): "css",
    ("board/levers/", "kind"): "rule",
    ("/releases/", "version"): "1",
    ("policies/versions/", "version"): "1",
    ("/files/", "name"): "data.jsonl",
    ("/detectors/", "name"): "abuse",
    ("/", "name"): "data.jsonl",
}


@dataclass(frozen=True)
class Route:
    """One address: its pattern, and its parameters with the literal text before each."""

    pattern: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def is_api(self) -> bool:
        return self.pattern.startswith("api/")

    @property
    def names_a_thing(self) -> bool:
        return any(one not in CONSTANTS for one in self.parameters)

    def address(self, things: dict[tuple[str, str], str]) -> str:
        """Return the path with a thing in the place of each parameter."""
        known, path = {**CONSTANTS, **things}, self.pattern
        for key in self.parameters:
            path = _PARAMETER.sub(lambda _found, key=key: known[key], path, count=1)
        return "/" + path


def routes() -> list[Route]:
    """Return every address that the product answers."""
    return [_route(pattern) for pattern in _patterns(get_resolver(), "")]


def _patterns(resolver: URLResolver, before: str) -> Iterator[str]:
    for one in resolver.url_patterns:
        pattern = before + str(one.pattern)
        if isinstance(one, URLPattern):
            yield pattern.replace("^api/", "api/nothing")
        else:
            yield from _patterns(one, pattern)


def _route(pattern: str) -> Route:
    parts = _PARAMETER.split(pattern)
    literals, names = parts[0::2], parts[1::2]
    return Route(pattern, tuple(zip(literals, names, strict=False)))


class Things:
    """One row of everything in a workspace, all made by the product's own verbs."""

    def __init__(self, cast: Cast, prefix: str) -> None:
        self.cast, self.prefix = cast, prefix
        self.queue = create_queue(
            workspace_id=cast.workspace.pk, slug=f"{prefix}-queue", name=f"{prefix} queue", by=SYSTEM, now=NOW
        )
        join_queue(queue=self.queue, user=cast.reviewer.user, by=SYSTEM, now=NOW)
        self.reason = add_reason(
            workspace_id=cast.workspace.pk, slug="", label=f"{prefix} reason", in_languages={}, by=SYSTEM, now=NOW
        )
        self.source = declare_source(
            workspace=cast.workspace,
            slug=f"{prefix}-source",
            name=f"{prefix} source",
            labels=[prefix],
            by=SYSTEM,
            now=NOW,
        )
        self.webhook = add_webhook(
            workspace_id=cast.workspace.pk, url=f"http://{prefix}.invalid/hook", by=None, actor=SYSTEM, now=NOW
        )
        self._walk()
        self._data()
        self._edge_cases()
        self._changes()
        self._team()
        self.stop = steps.pipeline.stop(
            workspace=cast.workspace, source=self.source, why=Stop.Why.EXERCISE, note=prefix, by=SYSTEM, now=NOW
        )
        self._promises()
        self.delivery = Delivery.objects.filter(webhook=self.webhook).latest("pk")
        self.key, self.secret = create_key(
            workspace=cast.workspace, name=f"{prefix} key", scopes=["items:read"], by=SYSTEM, now=NOW
        )

    def _walk(self) -> None:
        cast, said = self.cast, {"content": f"{self.prefix} said this"}
        bodies = [item(f"{self.prefix}-{number}", output=said) for number in range(4)]
        self.item = steps.submit(cast, *bodies)[0]
        steps.triage()
        steps.settle(cast, cast.reviewer, steps.edit(f"{self.prefix} corrected this", follow_up=True))
        steps.publish(cast)
        asked = steps.claim(cast, cast.reviewer)
        self.escalation: Escalation = steps.pipeline.escalate(
            assignment=asked.assignment, fence=asked.fence, by=cast.reviewer.user, question=self.prefix, now=NOW
        )
        self.outcome = steps.settle(cast, cast.reviewer, steps.edit())
        self.assignment = steps.claim(cast, cast.reviewer).assignment
        self.follow_up = FollowUp.objects.get(workspace=cast.workspace)
        self.report = steps.pipeline.signal(
            item=self.follow_up.item,
            kind=Signal.Kind.REPORT,
            note=self.prefix,
            reported_by=cast.reviewer.user,
            by=SYSTEM,
            now=NOW,
        ).signal

        active = current_policy(cast.workspace.pk)
        assert active is not None
        self.rule = draft_policy(based_on=active, by=None, actor=SYSTEM, now=NOW).rules.first()

    def _data(self) -> None:
        self.dataset = define(
            workspace_id=self.cast.workspace.pk,
            slug=f"{self.prefix}-data",
            name=f"{self.prefix} data",
            format="sft",
            query={},
            by=None,
            actor=SYSTEM,
            now=NOW,
        )
        request_release(dataset=self.dataset, by=None, actor=SYSTEM, now=NOW)
        release = take_due(now=NOW)
        assert release is not None
        build(release=release, now=NOW)

    def _edge_cases(self) -> None:
        lead = self.cast.viewer("lead")
        self.case = steps.pipeline.open_case(
            title=f"{self.prefix} case", escalations=[self.escalation], by=lead, now=NOW
        )
        steps.pipeline.comment(case=self.case, text=f"{self.prefix} remark", by=lead, now=NOW)
        self.fix = steps.pipeline.note_knowledge(
            item=self.follow_up.item, problem="missing", title=f"{self.prefix} article", by=lead, now=NOW
        )
        self.ownership = steps.pipeline.set_owner(
            source=self.source,
            topic=f"{self.prefix}-topic",
            reason="",
            owner_id=self.cast.lead.user_id,
            deputy_id=None,
            by=lead,
            now=NOW,
        )

    def _team(self) -> None:
        lead, reviewer = self.cast.viewer("lead"), self.cast.reviewer
        self.team = create_team(name=f"{self.prefix} team", by=lead, now=NOW)
        join_team(team=self.team, user_id=reviewer.user_id, by=lead, now=NOW)
        close_day(team=self.team, day=NOW.date() + timedelta(days=400), name=self.prefix, by=lead, now=NOW)
        self.closed_day = ClosedDay.objects.get(team=self.team)
        away = NOW + timedelta(days=400)
        self.absence = add_absence(
            membership=reviewer, from_at=away, to_at=away + timedelta(days=1), by=lead, now=NOW
        )
        self.hand_over = hand_over(
            from_team=self.team, to_team=self.team, text=f"{self.prefix} note", by=lead, now=NOW
        )

    def _changes(self) -> None:
        asked = Asked("raise", minutes=60)
        self.change = steps.pipeline.begin_bulk(
            asked=asked, item_ids=[self.escalation.item_id], reason=self.prefix, by=self.cast.viewer("lead"), now=NOW
        )

    def _promises(self) -> None:
        self.promise = set_promise(
            queue=self.queue, urgency="normal", minutes=90, team=None, by=None, actor=SYSTEM, now=NOW
        )
        planned = Planned(members=[self.cast.lead.user_id], emails=[f"{self.prefix}@example.invalid"])
        steps.pipeline.save_plan(planned=planned, by=self.cast.viewer("lead"), now=NOW)
        steps.pipeline.begin_plan(note=self.prefix, by=self.cast.viewer("lead"), now=NOW)

    def by_place(self) -> dict[tuple[str, str], str]:
        """Return what names these things, by the literal text before the parameter and its name."""
        return {place: str(name(self)) for place, name in PLACES.items()}


#: What stands in an address, by the literal text before the parameter and its name.
PLACES: dict[tuple[str, str], Callable[[Things], object]] = {
    ("api/v1/items/", "item_id"): lambda things: things.item.id,
    ("api/v1/queues/", "slug"): lambda things: things.queue.slug,
    ("api/v1/assignments/", "assignment_id"): lambda things: things.assignment.pk,
    ("api/v1/datasets/", "slug"): lambda things: things.dataset.slug,
    ("api/v1/sources/", "slug"): lambda things: things.source.slug,
    ("edge-cases/", "pk"): lambda things: things.case.pk,
    ("knowledge/", "pk"): lambda things: things.fix.pk,
    ("ownership/", "pk"): lambda things: things.ownership.pk,
    ("promises/", "pk"): lambda things: things.promise.pk,
    ("escalations/", "pk"): lambda things: things.escalation.pk,
    ("work/", "pk"): lambda things: things.assignment.pk,
    ("queues/", "slug"): lambda things: things.queue.slug,
    ("teams/", "pk"): lambda things: things.team.pk,
    ("/people/", "user_pk"): lambda things: things.cast.reviewer.user_id,
    ("/closed/", "day_pk"): lambda things: things.closed_day.pk,
    ("/absences/", "absence_pk"): lambda things: things.absence.pk,
    ("hand-overs/", "pk"): lambda things: things.hand_over.pk,
    ("undo/", "pk"): lambda things: things.outcome.pk,
    ("follow-ups/", "pk"): lambda things: things.follow_up.pk,
    ("api/v1/follow-ups/", "follow_up_id"): lambda things: things.follow_up.pk,
    ("report/", "pk"): lambda things: things.report.pk,
    ("board/queues/", "slug"): lambda things: things.queue.slug,
    ("policies/draft/rules/", "pk"): lambda things: things.rule.pk,
    ("items/", "pk"): lambda things: things.item.id,
    ("datasets/", "slug"): lambda things: things.dataset.slug,
    ("settings/members/", "pk"): lambda things: things.cast.auditor.pk,
    ("settings/sources/", "slug"): lambda things: things.source.slug,
    ("settings/reasons/", "pk"): lambda things: things.reason.pk,
    ("settings/queues/", "slug"): lambda things: things.queue.slug,
    ("changes/", "pk"): lambda things: things.change.pk,
    ("settings/keys/", "pk"): lambda things: things.key.pk,
    ("stops/", "pk"): lambda things: things.stop.pk,
    ("api/v1/stops/", "stop_id"): lambda things: things.stop.pk,
    ("settings/webhooks/", "pk"): lambda things: things.webhook.pk,
    ("/deliveries/", "delivery_pk"): lambda things: things.delivery.pk,
    ("api/v1/webhooks/", "webhook_id"): lambda things: things.webhook.pk,
    ("settings/limits/keys/", "pk"): lambda things: things.key.pk,
    ("settings/limits/sources/", "slug"): lambda things: things.source.slug,
}


def strangers(cast: Cast) -> Cast:
    """Return the other workspace in the form of a cast: its one member plays every part."""
    other: Any = cast.stranger.workspace
    queues = {queue.slug: queue for queue in Queue.objects.filter(workspace=other)}
    alone = dict.fromkeys(("lead", "reviewer", "reviewer2", "ml", "auditor", "admin"), cast.stranger)
    source = Source.objects.get(workspace=other)
    return replace(
        cast, workspace=other, support=queues["support"], careful=queues["careful"], source=source, **alone
    )
