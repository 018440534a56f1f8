"""Tried before it is in force: a worker counts what a draft would do with the last days."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from reviewqueue.metrics.queries.handling import handling_seconds
from reviewqueue.metrics.replay import Asked, counted, errors_met, sampled
from reviewqueue.metrics.replay.plan import Plan
from reviewqueue.triage.actions import trying
from reviewqueue.triage.models import Replay, RoutingPolicy
from reviewqueue.triage.queries import current_policy

log = logging.getLogger(__name__)


def replay_next(*, clock: Callable[[], datetime]) -> Replay | None:
    """Count the replay that has waited longest; None when none waits. A fault leaves it due again, at most thrice."""
    replay = trying.take_replay(now=clock())
    if replay is None or replay.failed_at:
        return replay
    try:
        result = replay_of(replay, clock=clock)
    except Exception:
        log.exception("a replay failed", extra={"replay": str(replay.pk), "attempt": replay.attempts})
        return replay
    trying.finish_replay(replay=replay, result=result, now=clock())
    return replay


def replay_of(replay: Replay, *, clock: Callable[[], datetime]) -> dict[str, Any]:
    """Return what a replay finds: the draft against the policy in force, over the days asked for."""
    draft = RoutingPolicy.objects.get(pk=replay.draft_id)
    active = current_policy(replay.workspace_id)
    assert active is not None, "a draft is based on a policy that was in force"
    until = replay.asked_at
    asked = Asked(replay.workspace_id, until - timedelta(days=replay.days), until, replay.time_zone)

    def say(share: float) -> None:
        trying.say_progress(replay=replay, share=share, now=clock())

    handling = handling_seconds(workspace_id=replay.workspace_id, since=asked.since)
    if Plan.of(active).asks_text or Plan.of(draft).asks_text:
        found, total = sampled(asked, active=active, draft=draft, said=say)
        told = found.told(handling=handling, scale=total / found.items if found.items else 1.0)
        told["sample"] = {"n": found.items, "of": total, "changed": found.changed}
    else:
        found = counted(asked, active=active, draft=draft, said=say)
        told = found.told(handling=handling)
    return {**told, "errors": errors_met(asked, found), "against": active.version}
