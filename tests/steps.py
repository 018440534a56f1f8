"""Steps of the walk, for tests that begin later on it: each calls the product's own verb."""

import json
from datetime import datetime, timedelta
from typing import Any

from reviewqueue import pipeline
from reviewqueue.accounts.models import Membership
from reviewqueue.assignment.actions import go_on_duty
from reviewqueue.audit.actions import SYSTEM
from reviewqueue.common import clock
from reviewqueue.common.strictjson import read
from reviewqueue.intake.actions import Received
from reviewqueue.intake.queries import current_declarations
from reviewqueue.intake.rules import check_declared, submission
from reviewqueue.review.models import Outcome, Publication
from reviewqueue.review.rules import Judgement
from reviewqueue.triage.actions import take_pending
from tests.cast import NOW, Cast, item


def submit(cast: Cast, *items: dict[str, Any], now: datetime = NOW) -> list[Received]:
    """Submit items as the source does."""
    secret = bytes(cast.workspace.secret)
    given = [submission(read(json.dumps(one)), secret=secret, now=now) for one in items]
    declared = current_declarations([cast.source.pk]).get(cast.source.pk)
    given = [check_declared(one, declared) for one in given]
    sources = {cast.source.slug: cast.source}
    return pipeline.submit_items(workspace=cast.workspace, submissions=given, sources=sources, by=SYSTEM, now=now)


def triage(now: datetime = NOW) -> int:
    """Triage all that waits."""
    decided = 0
    while taken := take_pending(now=now):
        decided += pipeline.triage_items(taken=taken, now=now)
    return decided


def queued(cast: Cast, count: int = 1, *, now: datetime = NOW, **changes: Any) -> list[Received]:
    """Submit and triage items that wait for a person."""
    received = submit(cast, *[item(f"conv-{number}", **changes) for number in range(count)], now=now)
    triage(now)
    return received


def claim(cast: Cast, who: Membership, *, now: datetime = NOW, queue: str = "support"):
    """Claim the next item of a queue."""
    return pipeline.claim_next(membership=who, queues=[getattr(cast, queue)], now=now)


def edit(text: str = "It will arrive on Monday.", severity: str = "major", **more: Any) -> Judgement:
    """Return an edit."""
    return Judgement(decision="edit", severity=severity, correction={"content": text}, **more)


def settle(cast: Cast, who: Membership, judgement: Judgement, *, now: datetime = NOW) -> Outcome:
    """Claim the next item and submit a judgement of it."""
    turn = claim(cast, who, now=now)
    assert turn is not None
    submitted = pipeline.submit_review(
        assignment=turn.assignment, fence=turn.fence, by=who.user, judgement=judgement, now=now
    )
    assert submitted.outcome is not None
    return submitted.outcome


def publish(cast: Cast, *, now: datetime | None = None) -> list[Publication]:
    """Publish what could be undone until now: what was reviewed by NOW, then what a server wrote by its own clock."""
    if now is None:
        return [*publish(cast, now=NOW), *publish(cast, now=clock.now())]
    return pipeline.publish(workspace_id=cast.workspace.pk, now=now + timedelta(seconds=11))


FALLBACK = {"content": "A colleague will answer shortly."}


def held_item(
    external_id: str = "held-1", *, on_timeout: str = "fallback", seconds: int = 120, **changes: Any
) -> dict[str, Any]:
    """Return an item whose AI system waits for people."""
    gate = {"deadline_seconds": seconds, "on_timeout": on_timeout, "fallback": FALLBACK}
    return item(external_id, **{"gate": gate, **changes})


def on_duty(*people: Membership, now: datetime = NOW) -> None:
    """Let people be here for held answers."""
    for one in people:
        go_on_duty(membership=one, now=now)


def hold(cast: Cast, *items: dict[str, Any], now: datetime = NOW) -> list[Received]:
    """Submit items whose AI system waits."""
    secret = bytes(cast.workspace.secret)
    given = [submission(read(json.dumps(one)), secret=secret, now=now) for one in items]
    sources = {cast.source.slug: cast.source}
    return pipeline.submit_gated(workspace=cast.workspace, submissions=given, sources=sources, by=SYSTEM, now=now)
