"""The verbs around a replay: asked for, taken by a worker, told how far it is, finished or failed."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from reviewqueue.accounts.models import User
from reviewqueue.audit.actions import Actor, record
from reviewqueue.common.background import ring
from reviewqueue.common.errors import Invalid

from ..models import Replay, RoutingPolicy

MOST_DAYS = 90
LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 3


def ask_replay(
    *, draft: RoutingPolicy, days: int, time_zone: str, by: User | None, actor: Actor, now: datetime
) -> Replay:
    """Ask for a draft to be tried on the last ``days``; workers count. What was asked before is replaced.

    Raises Invalid.
    """
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(f"Between 1 and {MOST_DAYS} days.")
    with transaction.atomic():
        Replay.objects.filter(draft=draft).delete()
        replay = Replay.objects.create(
            workspace_id=draft.workspace_id,
            draft=draft,
            days=days,
            time_zone=time_zone,
            asked_at=now,
            asked_by=by,
            due_at=now,
        )
        record(workspace_id=draft.workspace_id, verb="replay", subject=("policy", draft.pk), by=actor, at=now)
        ring("replay", replay.pk)
    return replay


def take_replay(*, now: datetime) -> Replay | None:
    """Take a replay to count; the attempt and the lease are committed before the work begins."""
    with transaction.atomic():
        due = Replay.objects.filter(finished_at=None, failed_at=None, due_at__lte=now).order_by("due_at")
        replay = due.select_for_update(skip_locked=True).first()
        if replay is None:
            return None
        if replay.attempts >= MAX_ATTEMPTS:
            replay.failed_at = now
        else:
            replay.attempts, replay.started_at, replay.due_at = replay.attempts + 1, now, now + LEASE
        replay.save(update_fields=["attempts", "started_at", "due_at", "failed_at"])
    return replay


def say_progress(*, replay: Replay, share: float, now: datetime) -> None:
    """Tell how far a replay is; the worker goes on having it."""
    Replay.objects.filter(pk=replay.pk, finished_at=None).update(progress=share, due_at=now + LEASE)


def finish_replay(*, replay: Replay, result: dict[str, Any], now: datetime) -> None:
    """Keep what a replay found with its draft; a draft that is gone, or asked anew, keeps nothing."""
    Replay.objects.filter(pk=replay.pk, finished_at=None).update(progress=1.0, finished_at=now, result=result)
